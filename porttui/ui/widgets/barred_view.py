"""A view of many lines under a header, and the bar beside them: where it is, and what moves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events
from textual.geometry import Offset, Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from porttui.ui.widgets.scroll_column import WIDTH, Extent, ScrollColumn

HEADER = 1
"""Lines above the first row; they do not scroll."""


class BarredView(ScrollView, inherit_css=False):
    """Scrolls by whole lines, by the wheel and by its bar, whatever the cursor does.

    Of Textual's style sheets for what scrolls it needs no more than this.
    """

    DEFAULT_CSS = """
    BarredView {
        width: 1fr;
        height: 1fr;
        overflow: hidden;
        scrollbar-color: $scrollbar;
        scrollbar-color-active: $scrollbar-active;
    }
    """

    # A Textual scroll view arranges the whole screen anew when its length changes, and again when
    # its bar comes or goes. Here the bar is a column of the lines, blank while all are in view.
    virtual_size: Reactive[Size] = Reactive(Size(1, HEADER))

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """`id`, `classes`: as any widget's."""
        self._bar = ScrollColumn(self)
        self._page = 0
        super().__init__(id=id, classes=classes)

    @property
    def page(self) -> int:
        """Rows in view, as of the last resize: a hidden view scrolls as if it were to be seen."""
        return self._page

    @property
    def room(self) -> Size:
        """For lines, without the bar."""
        width, height = self.size
        return Size(width - WIDTH, height)

    @property
    def allow_vertical_scroll(self) -> bool:
        """For the wheel, though there is no bar of Textual's."""
        return not self.is_disabled

    def resize_page(self) -> None:
        """To be called when the size is another."""
        self._page = self.size.height - HEADER

    def view_from(self, top: int) -> None:
        """Scroll to a row, as far as there are rows behind it."""
        self.scroll_lines(max(0, min(top, self.virtual_size.height - HEADER - self._page)))

    def scroll_lines(self, top: int) -> None:
        """Put the row of this index on the first line."""
        if self._page > 0 and top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)

    def with_bar(self, places: Sequence[int], lines: Iterable[Strip]) -> list[Strip]:
        """Lines that are about to be painted, each with its cell of the bar."""
        self._bar.show(self._extent)
        cell = self._bar.cell
        return [Strip.join((line, cell(y))) for y, line in zip(places, lines, strict=True)]

    def refresh_bar(self) -> None:
        """Paint it if it looks otherwise by now."""
        if self._bar.show(self._extent):
            width, height = self.size
            self.refresh(Region(width - WIDTH, 0, WIDTH, height))

    def is_on_bar(self, offset: Offset) -> bool:
        """Whether a place of the view is."""
        return offset.x >= self.size.width - WIDTH

    @property
    def _extent(self) -> Extent:
        return Extent(self.size.height, self.virtual_size.height, self.scroll_offset.y)

    def notify_style_update(self) -> None:
        self._bar.forget()
        super().notify_style_update()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the bar, or go a page on where it is pressed beside the thumb."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1 or not self.is_on_bar(offset):
            return
        pages = self._bar.press(offset.y, event.screen_y)
        if self._bar.is_held:
            self.capture_mouse()
            self.refresh()
        self.view_from(self.scroll_offset.y + pages * self._page)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """What is held goes where the mouse goes."""
        if self._bar.is_held:
            event.stop()
            self.view_from(self._bar.drag(event.screen_y))

    def on_mouse_up(self) -> None:
        """Let go; where that happens nothing was clicked."""
        if self._bar.is_held:
            self.release_mouse()
            self.suppress_click()

    def on_mouse_release(self) -> None:
        """By whatever it was let go of."""
        if self._bar.is_held:
            self._bar.release()
            self.refresh()
