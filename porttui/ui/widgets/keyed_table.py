"""A table that draws only the lines in view and follows its rows by key, not by number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import zip_longest
from typing import ClassVar, Generic, Literal, TypeVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollDown, ScrollUp
from textual.strip import Strip

from porttui.ui.keymap import table_bindings
from porttui.ui.widgets.columns import (
    CURSOR,
    HEADER,
    ROW,
    TABLE_CLASSES,
    Cell,
    Column,
    LineStyles,
    Row,
    Sorting,
    TableLines,
    Tone,
)
from porttui.ui.widgets.following import Viewport, find_row, follow

HEADER_LINES = 1
"""Lines above the first row; they do not scroll."""

R = TypeVar("R", bound=Row[Hashable])
M = TypeVar("M", bound=Row[Hashable])


class _TableMessage(Message, Generic[M]):
    def __init__(self, table: KeyedTable[M]) -> None:
        super().__init__()
        self.table = table


class KeyedTable(ScrollView, Generic[R], can_focus=True, inherit_bindings=False):
    """Rows under a fixed header, with a cursor that stays on its row whatever happens around it.

    The rows are kept as they are given and must not change afterwards. They are drawn line by
    line when they become visible, so that the cost of replacing them does not grow with their
    number. Keys must be unique. The table does not sort: its owner does, after HeaderClicked.
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    KeyedTable {
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-background: $surface;
        background: $surface;
        color: $foreground;
    }
    KeyedTable > .table--header { background: $panel; color: $text-muted; text-style: bold; }
    KeyedTable > .table--cursor { background: $primary 18%; }
    KeyedTable:focus > .table--cursor { background: $primary 30%; text-style: bold; }
    KeyedTable > .table--muted { color: $text-muted; }
    KeyedTable > .table--ok { color: $text-success; }
    KeyedTable > .table--warning { color: $text-warning; }
    KeyedTable > .table--error { color: $text-error; }
    KeyedTable > .table--accent { color: $text-accent; }
    KeyedTable > .table--new { color: $text-success; text-style: bold; }
    KeyedTable > .table--gone { color: $text-muted; text-style: italic; }
    KeyedTable > .table--changed { color: $text-warning; }
    /* No shades of a background: NO_COLOR, and themes of the terminal's own colours. */
    KeyedTable:nocolor, KeyedTable:ansi {
        & > .table--header { text-style: bold underline; }
        & > .table--cursor { background: $surface; text-style: underline; }
        &:focus > .table--cursor { background: $surface; text-style: reverse; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TABLE_CLASSES

    BINDINGS: ClassVar[list[BindingType]] = table_bindings()

    class Highlighted(_TableMessage[M]):
        """The cursor moved to another row, or the value of its row changed."""

        def __init__(self, table: KeyedTable[M], row: M | None) -> None:
            super().__init__(table)
            self.row = row

    class Chosen(_TableMessage[M]):
        """Enter was pressed on a row, or the clicked row was clicked again."""

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
        empty_text: str = "",
        tone: Callable[[R], Tone] | None = None,
        glyph: Callable[[R], Cell] | None = None,
        id: str | None = None,
    ) -> None:
        """Make a table without rows.

        Args:
            columns: Every column it could show, from left to right.
            empty_text: What to say while there are no rows.
            tone: The tone of a whole row; a cell with a tone of its own keeps that.
            glyph: The glyph, one cell wide, in the gutter before a row.
            id: Id of the widget.
        """
        self._columns = tuple(columns)
        self._row_tone = tone
        self._row_glyph = glyph
        self._sorting = Sorting()
        self._lines: TableLines[R] | None = None
        """For the last rendered width."""
        self._line_styles = LineStyles(self)
        self._page_size = 0
        """The number of visible rows as of the last resize; also kept while the table is hidden."""
        self._empty_text = empty_text
        self._rows: Sequence[R] = ()
        self._cursor = -1
        self._selected_by_click = False
        super().__init__(id=id)

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
        """The index of the row under the cursor; -1 without rows."""
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
    def empty_text(self) -> str:
        """The text shown while there are no rows."""
        return self._empty_text

    @empty_text.setter
    def empty_text(self, text: str) -> None:
        if text != self._empty_text:
            self._empty_text = text
            self.refresh()

    def show(self, rows: Sequence[R]) -> None:
        """Replace all rows; the cursor and the view follow the rows they were on."""
        before, painted_rows = self.selected, self._visible_rows()
        cursor = follow(self._rows, rows, self._cursor)
        view = Viewport(self.scroll_offset.y, self._page_size)
        top = view.top_after(self._rows, self._cursor, rows, cursor)
        self._rows, self._cursor = rows, cursor
        self._resize_content(len(rows))
        self._scroll_to_row(max(0, min(top, len(rows) - self._page_size)))
        self._refresh_changed_lines(painted_rows)
        after = self.selected
        if before is None or after is None or before.key != after.key:
            self._selected_by_click = False
        if before is not after and before != after:
            self.post_message(self.Highlighted(self, after))

    def _resize_content(self, rows: int) -> None:
        """Request a layout only where the scroll bar appears or disappears.

        A layout takes two further frames.
        """
        size = Size(0, HEADER_LINES + rows)
        has_bar = rows > self._page_size > 0
        if has_bar != self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        self.set_reactive(KeyedTable.virtual_size, size)
        if has_bar:
            self.vertical_scrollbar.window_virtual_size = size.height

    def _visible_rows(self) -> Sequence[tuple[R, bool]]:
        """Each row in view, and whether the cursor is on it."""
        top = self.scroll_offset.y
        rows = self._rows[top : top + self._page_size]
        return [(row, index == self._cursor) for index, row in enumerate(rows, top)]

    def _refresh_changed_lines(self, painted_rows: Sequence[tuple[R, bool]]) -> None:
        """Refresh only the lines that differ: a sample changes few of them."""
        if not (painted_rows and self._rows):
            self.refresh()
            return
        top = self.scroll_offset.y
        for line, (before, after) in enumerate(zip_longest(painted_rows, self._visible_rows())):
            if before != after:
                self.refresh_line(HEADER_LINES + top + line)

    def select_key(self, key: Hashable) -> bool:
        """Put the cursor on the row with this key; False if there is none."""
        index = find_row(self._rows, key, self._cursor)
        if index is None:
            return False
        self._move_cursor(index)
        return True

    def show_sorting(self, column_id: str | None, descending: bool) -> None:
        """Show the sort arrow in a column's header; the rows stay as they are."""
        sorting = Sorting(column_id, descending)
        if sorting != self._sorting:
            self._sorting = sorting
            self.refresh()

    def action_step(self, lines: int) -> None:
        """Move the cursor by a number of lines."""
        self._move_cursor(self._cursor + lines)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages; one line stays visible for orientation."""
        lines = max(1, int(abs(pages) * (self._page_size - 1)))
        self._move_cursor(self._cursor + (lines if pages > 0 else -lines))

    def action_edge(self, edge: Literal["top", "bottom"]) -> None:
        """Move the cursor to the first or to the last row."""
        self._move_cursor(0 if edge == "top" else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Tell the owner that the row under the cursor was chosen."""
        row = self.selected
        if row is not None:
            self.post_message(self.Chosen(self, row))

    def render_line(self, y: int) -> Strip:
        width, height = self.scrollable_content_region.size
        lines, styles = self._lines, self._line_styles
        if lines is None or lines.width != width:
            lines = TableLines(self._columns, width, tone=self._row_tone, glyph=self._row_glyph)
            self._lines = lines
        if y < HEADER_LINES:
            return lines.header(self._sorting, styles[HEADER, Tone.PLAIN])
        if not self._rows:
            room = height - HEADER_LINES
            return lines.notice(self._empty_text, y - HEADER_LINES, room, styles[ROW, Tone.MUTED])
        index = self.scroll_offset.y + y - HEADER_LINES
        if index >= len(self._rows):
            return lines.text("", styles[ROW, Tone.PLAIN])
        return lines.row(self._rows[index], styles, CURSOR if index == self._cursor else ROW)

    def notify_style_update(self) -> None:
        self._line_styles.clear()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Keep the cursor in view if it was; the first size of all brings it into view."""
        before, self._page_size = (
            self._page_size,
            self.scrollable_content_region.height - HEADER_LINES,
        )
        if before <= 0 or 0 <= self._cursor - self.scroll_offset.y < before:
            self._scroll_to_cursor()

    def on_scroll_up(self, event: ScrollUp) -> None:
        """Scroll up by a page of rows: Textual would count the header line, too."""
        self._scroll_page(event, -self._page_size)

    def on_scroll_down(self, event: ScrollDown) -> None:
        """Scroll down by a page of rows."""
        self._scroll_page(event, self._page_size)

    def _scroll_page(self, event: Message, lines: int) -> None:
        event.prevent_default().stop()
        self.scroll_relative(y=lines, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Report a header click, select a row, or choose the row selected by the last click."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1:
            return
        event.stop()
        if offset.y < HEADER_LINES:
            column = self._lines.column_at(offset.x) if self._lines else None
            if column is not None:
                self.post_message(self.HeaderClicked(self, column))
            return
        index = self.scroll_offset.y + offset.y - HEADER_LINES
        if index == self._cursor and self._selected_by_click:
            self.action_choose()
        elif index < len(self._rows):
            self._move_cursor(index)
            self._selected_by_click = True

    def _move_cursor(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest one there is, and bring it into view."""
        before = self._cursor
        self._cursor = max(0, min(index, len(self._rows) - 1)) if self._rows else -1
        self._selected_by_click = False
        self._scroll_to_cursor()
        if self._cursor != before:
            self.refresh_line(HEADER_LINES + before)
            self.refresh_line(HEADER_LINES + self._cursor)
            self.post_message(self.Highlighted(self, self.selected))

    def _scroll_to_cursor(self) -> None:
        """Scroll as little as brings the cursor into view."""
        top = self.scroll_offset.y
        if self._page_size > 0 and self._cursor >= 0:
            self._scroll_to_row(min(max(top, self._cursor - self._page_size + 1), self._cursor))

    def _scroll_to_row(self, top: int) -> None:
        """Put the row of this index on the first line."""
        if self._page_size > 0 and top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)
