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
from porttui.ui.widgets.columns import Cell, Column, Row, Tone
from porttui.ui.widgets.following import View, follow, locate
from porttui.ui.widgets.row_lines import (
    COMPONENTS,
    CURSOR,
    HEADER,
    ROW,
    LineStyles,
    RowLines,
    Sorting,
)

HEADER_LINES = 1
"""Lines above the first row; they do not scroll."""

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


class KeyedTable(ScrollView, Generic[R], can_focus=True, inherit_bindings=False):
    """Rows under a fixed header, with a cursor that stays on its row whatever happens around it.

    The rows are kept as they are given and must not change afterwards. They are drawn line by
    line when they come into view, so that replacing them costs the same at any number. Keys
    must be unique. The table does not sort: its owner does, when a header was clicked.
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

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS

    BINDINGS: ClassVar[list[BindingType]] = table_bindings()

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
        self._columns = tuple(columns)
        self._row_tone = tone
        self._row_mark = mark
        self._sorting = Sorting()
        self._lines: RowLines[R] | None = None
        """Of the width that was painted last."""
        self._line_styles = LineStyles(self)
        self._page = 0
        self._empty = empty
        self._rows: Sequence[R] = ()
        self._cursor = -1
        self._by_click = False
        super().__init__(id=id, classes=classes)

    @property
    def page(self) -> int:
        """Rows in view, as of the last resize: a hidden view scrolls as if it were to be seen."""
        return self._page

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
        before, painted = self.selected, self._in_view()
        cursor = follow(self._rows, rows, self._cursor)
        view = View(self.scroll_offset.y, self._page)
        top = view.top_after(self._rows, self._cursor, rows, cursor)
        self._rows, self._cursor = rows, cursor
        self._resize_content(len(rows))
        self._scroll_lines(max(0, min(top, len(rows) - self._page)))
        self._refresh_what_differs(painted)
        after = self.selected
        if before is None or after is None or before.key != after.key:
            self._by_click = False
        if before is not after and before != after:
            self.post_message(self.Highlighted(self, after))

    def _resize_content(self, rows: int) -> None:
        """Have the screen arranged anew only where the bar comes or goes.

        Arranging takes two further frames; the length alone needs none.
        """
        size = Size(0, HEADER_LINES + rows)
        has_bar = rows > self._page > 0
        if has_bar != self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        self.set_reactive(KeyedTable.virtual_size, size)
        if has_bar:
            self.vertical_scrollbar.window_virtual_size = size.height

    def _in_view(self) -> Sequence[tuple[R, bool]]:
        """Each row in view, and whether the cursor is on it."""
        top = self.scroll_offset.y
        rows = self._rows[top : top + self._page]
        return [(row, index == self._cursor) for index, row in enumerate(rows, top)]

    def _refresh_what_differs(self, painted: Sequence[tuple[R, bool]]) -> None:
        """Paint the lines that show something else than before: a second changes few of them."""
        if not (painted and self._rows):
            self.refresh()
            return
        top = self.scroll_offset.y
        for at, (before, after) in enumerate(zip_longest(painted, self._in_view())):
            if before != after:
                self.refresh_line(HEADER_LINES + top + at)

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
        if sorting != self._sorting:
            self._sorting = sorting
            self.refresh()

    def action_step(self, lines: int) -> None:
        """Move the cursor by a number of lines."""
        self._move_to(self._cursor + lines)

    def action_page(self, pages: float) -> None:
        """Move the cursor by pages of the view, less the one line that stays for orientation."""
        lines = max(1, int(abs(pages) * (self._page - 1)))
        self._move_to(self._cursor + (lines if pages > 0 else -lines))

    def action_edge(self, edge: Literal["top", "bottom"]) -> None:
        """Move the cursor to the first or to the last row."""
        self._move_to(0 if edge == "top" else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Tell the owner that the row under the cursor was chosen."""
        row = self.selected
        if row is not None:
            self.post_message(self.Chosen(self, row))

    def render_line(self, y: int) -> Strip:
        width, height = self.scrollable_content_region.size
        lines, styles = self._lines, self._line_styles
        if lines is None or lines.width != width:
            lines = RowLines(self._columns, width, tone=self._row_tone, mark=self._row_mark)
            self._lines = lines
        if y < HEADER_LINES:
            return lines.header(self._sorting, styles[HEADER, Tone.PLAIN])
        if not self._rows:
            room = height - HEADER_LINES
            return lines.notice(self._empty, y - HEADER_LINES, room, styles[ROW, Tone.MUTED])
        index = self.scroll_offset.y + y - HEADER_LINES
        if index >= len(self._rows):
            return lines.text("", styles[ROW, Tone.PLAIN])
        return lines.row(self._rows[index], styles, CURSOR if index == self._cursor else ROW)

    def notify_style_update(self) -> None:
        self._line_styles.clear()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Keep the cursor in view if it was; the first size of all brings it into view."""
        before, self._page = self._page, self.scrollable_content_region.height - HEADER_LINES
        if before <= 0 or 0 <= self._cursor - self.scroll_offset.y < before:
            self._scroll_to_cursor()

    def on_scroll_up(self, event: ScrollUp) -> None:
        """Go back as many rows as are in view: Textual would count the header among them."""
        self._scroll_page(event, -self._page)

    def on_scroll_down(self, event: ScrollDown) -> None:
        """Go on as many rows as are in view."""
        self._scroll_page(event, self._page)

    def _scroll_page(self, event: Message, lines: int) -> None:
        event.prevent_default().stop()
        self.scroll_relative(y=lines, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Sort by the header, go to a row, or choose the row that was gone to by a click."""
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
            self.refresh_line(HEADER_LINES + before)
            self.refresh_line(HEADER_LINES + self._cursor)
            self.post_message(self.Highlighted(self, self.selected))

    def _scroll_to_cursor(self) -> None:
        """Scroll as little as brings the cursor into view."""
        top = self.scroll_offset.y
        if self._page > 0 and self._cursor >= 0:
            self._scroll_lines(min(max(top, self._cursor - self._page + 1), self._cursor))

    def _scroll_lines(self, top: int) -> None:
        """Put the row of this index on the first line."""
        if self._page > 0 and top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)
