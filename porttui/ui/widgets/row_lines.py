"""Draws the lines of a table of one width, without reading any text as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from porttui.ui.widgets.columns import Cell, Column, Tone, fit, fit_cell, lay_out, wrap

GAP = 2
"""Blank cells between two columns."""

GUTTER = 2
"""Cells of the mark at the head of a row: one for the glyph, one blank."""

R = TypeVar("R")


HEADER = "table--header"
CURSOR = "table--cursor"
ROW = ""
"""What a line of a table is: a component class, or a plain row."""

COMPONENTS = {HEADER, CURSOR, *(f"table--{tone}" for tone in Tone if tone is not Tone.PLAIN)}


class LineStyles(dict[tuple[str, Tone], Style]):
    """The style of each tone on each kind of line, mixed when it is first drawn."""

    def __init__(self, table: Widget) -> None:
        """`table`: the widget whose component classes they come from."""
        super().__init__()
        self._table = table

    def __missing__(self, key: tuple[str, Tone]) -> Style:
        style = self[key] = self._mixed(*key)
        return style

    def _mixed(self, line: str, tone: Tone) -> Style:
        """Put the tone's colour on the line's background, with the text attributes of both."""
        find = self._table.get_component_rich_style
        plain = find(line) if line else self._table.rich_style
        if tone is Tone.PLAIN:
            return plain
        toned = find(f"table--{tone}")
        # Reversed, each tone would become a background of its own and break up the line.
        color = None if plain.reverse else toned.color
        return plain + Style(color=color, bold=toned.bold, italic=toned.italic)


class Sorting(NamedTuple):
    """The column whose header carries the arrow."""

    column_id: str | None = None
    descending: bool = False

    def heading(self, column: Column[R], width: int) -> str:
        """The column's label; on the sorted column the label gives way before the arrow does."""
        if column.id != self.column_id:
            return fit(column.label, width, column.align)
        arrow = "▼" if self.descending else "▲"
        if cell_len(column.label) + 2 <= width:
            return fit(f"{column.label} {arrow}", width, column.align)
        return fit(set_cell_size(column.label, width - 1) + arrow, width)


class RowLines(Generic[R]):
    """Draws rows and headings into the columns that fit into one width."""

    def __init__(
        self,
        columns: Sequence[Column[R]],
        width: int,
        *,
        tone: Callable[[R], Tone] | None,
        mark: Callable[[R], Cell] | None,
    ) -> None:
        self.width = width
        self._tone = tone
        self._mark = mark
        self._indent = 0 if mark is None else GUTTER
        self._layout = lay_out(columns, width - self._indent, GAP)

    def header(self, sorting: Sorting, style: Style) -> Strip:
        """The line of labels."""
        headings = [sorting.heading(column, width) for column, width in self._layout]
        return self.text(" " * self._indent + (" " * GAP).join(headings), style)

    def row(self, row: R, styles: LineStyles, line: str) -> Strip:
        """The line of a row, each cell in the colour its own tone or its row's tone has."""
        return _joined(self._parts(row, styles, line), self.width, styles[line, Tone.PLAIN])

    def text(self, text: str, style: Style) -> Strip:
        """A line of one text in one style."""
        return _joined([(text, style)], self.width, style)

    def notice(self, text: str, line: int, height: int, style: Style) -> Strip:
        """One of `height` lines in the middle of which a text stands instead of rows."""
        texts = wrap(text, self.width)
        at = line - max(0, (height - len(texts)) // 2)
        shown = texts[at] if 0 <= at < len(texts) else ""
        return self.text(" " * ((self.width - cell_len(shown)) // 2) + shown, style)

    def column_at(self, x: int) -> Column[R] | None:
        """The column at a cell of the line; the gap after a column belongs to it."""
        start = self._indent
        for column, width in self._layout:
            if start <= x < start + width + GAP:
                return column
            start += width + GAP
        return None

    def _parts(self, row: R, styles: LineStyles, line: str) -> Iterable[tuple[str, Style]]:
        plain = styles[line, Tone.PLAIN]
        row_tone = Tone.PLAIN if self._tone is None else self._tone(row)
        if self._mark is not None:
            mark = self._mark(row)
            tone = row_tone if mark.tone is Tone.PLAIN else mark.tone
            yield fit_cell(mark, 1), styles[line, tone]
            yield " " * (GUTTER - 1), plain
        gap = ""
        for column, width in self._layout:
            cell = column.cell(row)
            yield gap, plain
            tone = row_tone if cell.tone is Tone.PLAIN else cell.tone
            yield fit_cell(cell, width, column.align), styles[line, tone]
            gap = " " * GAP


def _joined(parts: Iterable[tuple[str, Style]], width: int, plain: Style) -> Strip:
    """Make one strip of exactly `width` cells, with as few segments as its styles allow."""
    segments: list[Segment] = []
    run, style = "", plain
    for text, text_style in parts:
        if text_style is not style and text:
            if run:
                segments.append(Segment(run, style))
            run, style = "", text_style
        run += text
    if run:
        segments.append(Segment(run, style))
    return Strip(segments).adjust_cell_length(width, plain)
