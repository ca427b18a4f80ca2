"""A table that draws only the lines in view and follows its rows by key, not by number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import ClassVar, Generic, Literal, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from porttui.ui.widgets.barred_view import HEADER, BarredView
from porttui.ui.widgets.columns import Cell, Column, Row, Tone
from porttui.ui.widgets.following import View, follow, locate
from porttui.ui.widgets.row_strips import Part, Sorting
from porttui.ui.widgets.table_lines import TableLines

R = TypeVar("R", bound=Row[Hashable])
M = TypeVar("M", bound=Row[Hashable])


class _TableMessage(Message, Generic[M]):
    def __init__(self, table: KeyedTable[M]) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> KeyedTable[M]:
        """The table, for selectors of `on`."""
        return self.table


class KeyedTable(BarredView, Generic[R], can_focus=True, inherit_bindings=False):
    """Rows under a fixed header, with a cursor that stays on its row whatever happens around it.

    The rows are kept as they are given and must not change afterwards. They are drawn line by
    line when they come into view, so that replacing them costs the same at any number. Keys
    must be unique. The table does not sort: its owner does, when a header was clicked.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    KeyedTable {
        background: $surface;
        color: $foreground;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "step(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "page(-1.0)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown", "page(1.0)", "Page down", show=False, id="table.page-down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="table.half-page-up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="table.half-page-down"),
        Binding("home,g", "edge('top')", "First row", show=False, id="table.top"),
        Binding("end,G", "edge('bottom')", "Last row", show=False, id="table.bottom"),
        Binding("enter", "choose", "Details", key_display="Enter", id="table.choose"),
    ]

    class Highlighted(_TableMessage[M]):
        """The cursor is on another row than before, or its row has got another value."""

        def __init__(self, table: KeyedTable[M], row: M | None) -> None:
            super().__init__(table)
            self.row = row

    class Chosen(_TableMessage[M]):
        """Enter was pressed on a row, or a row that had been clicked was clicked again."""

        def __init__(self, table: KeyedTable[M], row: M) -> None:
            super().__init__(table)
            self.row = row

    class HeaderClicked(_TableMessage[M]):
        """The label of a column was clicked."""

        def __init__(self, table: KeyedTable[M], column: Column[M]) -> None:
            super().__init__(table)
            self.column = column

    def __init__(
        self,
        columns: Sequence[Column[R]],
        *,
        empty: str = "",
        tone: Callable[[R], Tone] | None = None,
        mark: Callable[[R], Cell] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a table without rows.

        Args:
            columns: Every column it could show, from left to right.
            empty: What to say while there are no rows.
            tone: The tone of a whole row; a cell with a tone of its own keeps that.
            mark: The glyph, one cell wide, in the gutter before a row.
            id: Id of the widget.
            classes: CSS classes of the widget.
        """
        self._lines = TableLines(self, columns, tone=tone, mark=mark)
        self._empty = empty
        self._rows: Sequence[R] = ()
        self._cursor = -1
        self._by_click = False
        self._is_replaced = False
        super().__init__(id=id, classes=classes)

    @property
    def rows(self) -> Sequence[R]:
        """The rows as they were last shown."""
        return self._rows

    @property
    def row_count(self) -> int:
        """How many rows there are, in view or not."""
        return len(self._rows)

    @property
    def cursor_index(self) -> int:
        """The cursor's place among the rows, -1 without any row."""
        return self._cursor

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._cursor >= 0 else None

    @property
    def selected_key(self) -> Hashable | None:
        """The key of the row under the cursor."""
        row = self.selected
        return None if row is None else row.key

    @property
    def empty(self) -> str:
        """What the table says while there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        if text != self._empty:
            self._empty = text
            self.refresh()

    def show(self, rows: Sequence[R]) -> None:
        """Replace all rows; the cursor and the view follow the rows they were on."""
        before = self.selected
        cursor = follow(self._rows, rows, self._cursor)
        view = View(self.scroll_offset.y, self.page)
        top = view.top_after(self._rows, self._cursor, rows, cursor)
        self._rows, self._cursor = rows, cursor
        self.virtual_size = Size(1, HEADER + len(rows))
        self.view_from(top)
        self._is_replaced = True
        self.check_idle()
        after = self.selected
        if before is None or after is None or before.key != after.key:
            self._by_click = False
        if before is not after and before != after:
            self.post_message(self.Highlighted(self, after))

    def select_key(self, key: Hashable) -> bool:
        """Put the cursor on the row with this key; False if there is none."""
        index = locate(self._rows, key, self._cursor)
        if index is None:
            return False
        self._move_to(index)
        return True

    def sorted_by(self, column_id: str | None, descending: bool) -> None:
        """Draw the arrow at this column's label; the rows are left as they are."""
        sorting = Sorting(column_id, descending)
        if sorting != self._lines.sorting:
            self._lines.sorting = sorting
            self.refresh()

    def action_step(self, lines: int) -> None:
        """Move the cursor by a number of lines."""
        self._move_to(self._cursor + lines)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages of the view, less the one line that stays for orientation."""
        lines = max(1, int(abs(pages) * (self.page - 1)))
        self._move_to(self._cursor + (lines if pages > 0 else -lines))

    def action_edge(self, edge: Literal["top", "bottom"]) -> None:
        """Move the cursor to the first or to the last row."""
        self._move_to(0 if edge == "top" else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Tell the owner that the row under the cursor was chosen."""
        row = self.selected
        if row is not None:
            self.post_message(self.Chosen(self, row))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Without a frame past Textual's cache of framed lines: what was drawn is kept here."""
        if any(self.styles.gutter):
            return super().render_lines(crop)
        lines = self._painted(crop.line_range)
        for each in self.get_line_filters():
            _, background = self.background_colors
            lines = [line.apply_filter(each, background) for line in lines]
        blank = self.rich_style
        return [line.crop_extend(crop.x, crop.right, blank) for line in lines]

    def render_line(self, y: int) -> Strip:
        return self._painted([y])[0]

    def _painted(self, places: Sequence[int]) -> list[Strip]:
        """The lines as they are painted now."""
        return self.with_bar(places, self._lines.paint(places, self._lines_at(places)))

    def on_idle(self) -> None:
        """Before it is painted what has been replaced is compared, however often it was.

        (Textual calls every class's own handler, so there is no super() here.)
        """
        if self._is_replaced:
            self._is_replaced = False
            self._refresh_what_differs()

    def _refresh_what_differs(self) -> None:
        """Paint the lines that look otherwise than before: a second changes few of them."""
        if not self._lines.are_painted or not self.is_attached:
            self.refresh()  # not begun, or ended: there are no styles to paint with
            return
        self.refresh_bar()
        top = self.scroll_offset.y
        for y in self._lines.differing(self._lines_at):
            self.refresh_line(top + y)  # counted from the first row there is

    def _lines_at(self, places: Iterable[int]) -> Iterator[Strip]:
        """How the lines look now; what is the same for all of them is asked for once."""
        room, first = self.room, self.scroll_offset.y - HEADER
        lines, rows = self._lines, self._rows
        lines.fit(room.width)
        for y in places:
            index = first + y
            if y < HEADER:
                yield lines.header()
            elif not rows:
                yield lines.notice(self._empty, y - HEADER, room.height - HEADER)
            elif index >= len(rows):
                yield lines.blank()
            elif index == self._cursor:
                part = Part.CURSOR if self.has_focus else Part.CURSOR_BLURRED
                yield lines.row(y, rows[index], part)
            else:
                yield lines.row(y, rows[index], Part.ROW)

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Only the cursor looks otherwise, and that is no rule: nothing is styled anew."""
        self.refresh()

    def notify_style_update(self) -> None:
        self._lines.forget_styles()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Keep the cursor in view if it was; the first size of all brings it into view."""
        before = self.page
        self.resize_page()
        if before <= 0 or 0 <= self._cursor - self.scroll_offset.y < before:
            self._scroll_to_cursor()

    def on_click(self, event: events.Click) -> None:
        """Sort by the header, go to a row, or choose the row that was gone to by a click."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1:
            return
        event.stop()
        if self.is_on_bar(offset):
            return
        if offset.y < HEADER:
            column = self._lines.column_at(offset.x)
            if column is not None:
                self.post_message(self.HeaderClicked(self, column))
            return
        index = self.scroll_offset.y + offset.y - HEADER
        if index == self._cursor and self._by_click:
            self.action_choose()
        elif index < len(self._rows):
            self._move_to(index)
            self._by_click = True

    def _move_to(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest one there is, and bring it into view."""
        before = self._cursor
        self._cursor = max(0, min(index, len(self._rows) - 1)) if self._rows else -1
        self._by_click = False
        self._scroll_to_cursor()
        if self._cursor != before:
            self.refresh_line(HEADER + before)
            self.refresh_line(HEADER + self._cursor)
            self.post_message(self.Highlighted(self, self.selected))

    def _scroll_to_cursor(self) -> None:
        """Scroll as little as brings the cursor into view."""
        top = self.scroll_offset.y
        if self.page > 0 and self._cursor >= 0:
            self.scroll_lines(min(max(top, self._cursor - self.page + 1), self._cursor))
