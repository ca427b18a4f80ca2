"""Renders the lines of a table at one width. No text is read as markup."""

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
"""Cells before a row: one for the glyph, one blank."""

R = TypeVar("R")


HEADER = "table--header"
CURSOR = "table--cursor"
ROW = ""
"""Kinds of lines: a component class, or "" for a plain row."""

TABLE_CLASSES = {HEADER, CURSOR, *(f"table--{tone}" for tone in Tone if tone is not Tone.PLAIN)}


class LineStyles(dict[tuple[str, Tone], Style]):
    """The style of each tone on each kind of line, computed at the first use."""

    def __init__(self, table: Widget) -> None:
        """`table`: the widget whose component classes they come from."""
        super().__init__()
        self._table = table

    def __missing__(self, key: tuple[str, Tone]) -> Style:
        style = self[key] = self._mix(*key)
        return style

    def _mix(self, line: str, tone: Tone) -> Style:
        """Put the tone's colour on the line's background, with the text attributes of both."""
        component_style = self._table.get_component_rich_style
        plain = component_style(line) if line else self._table.rich_style
        if tone is Tone.PLAIN:
            return plain
        tone_style = component_style(f"table--{tone}")
        # Reversed, each tone would become a background of its own and break up the line.
        color = None if plain.reverse else tone_style.color
        return plain + Style(color=color, bold=tone_style.bold, italic=tone_style.italic)


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


class TableLines(Generic[R]):
    """Draws rows and headings into the columns that fit into one width."""

    def __init__(
        self,
        columns: Sequence[Column[R]],
        width: int,
        *,
        tone: Callable[[R], Tone] | None,
        glyph: Callable[[R], Cell] | None,
    ) -> None:
        self.width = width
        self._tone = tone
        self._glyph = glyph
        self._indent = 0 if glyph is None else GUTTER
        self._layout = lay_out(columns, width - self._indent, GAP)

    def header(self, sorting: Sorting, style: Style) -> Strip:
        """The line of labels."""
        headings = [sorting.heading(column, width) for column, width in self._layout]
        return self.text(" " * self._indent + (" " * GAP).join(headings), style)

    def row(self, row: R, styles: LineStyles, line: str) -> Strip:
        """The line of a row; a cell has its own tone or its row's."""
        return _join(self._parts(row, styles, line), self.width, styles[line, Tone.PLAIN])

    def text(self, text: str, style: Style) -> Strip:
        """A line of one text in one style."""
        return _join([(text, style)], self.width, style)

    def notice(self, text: str, line: int, height: int, style: Style) -> Strip:
        """One of `height` lines, with a text in their middle."""
        texts = wrap(text, self.width)
        index = line - max(0, (height - len(texts)) // 2)
        line_text = texts[index] if 0 <= index < len(texts) else ""
        return self.text(" " * ((self.width - cell_len(line_text)) // 2) + line_text, style)

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
        if self._glyph is not None:
            glyph = self._glyph(row)
            tone = row_tone if glyph.tone is Tone.PLAIN else glyph.tone
            yield fit_cell(glyph, 1), styles[line, tone]
            yield " " * (GUTTER - 1), plain
        gap = ""
        for column, width in self._layout:
            cell = column.cell(row)
            yield gap, plain
            tone = row_tone if cell.tone is Tone.PLAIN else cell.tone
            yield fit_cell(cell, width, column.align), styles[line, tone]
            gap = " " * GAP


def _join(parts: Iterable[tuple[str, Style]], width: int, plain: Style) -> Strip:
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
