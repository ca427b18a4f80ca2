"""The lines of a table of one width, drawn without ever reading a text as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from porttui.ui.widgets.columns import Cell, Column, Tone, fit, fit_cell, lay_out
from porttui.ui.widgets.theme_styles import Look, ThemeStyles

GAP = 2
"""Blank cells between two columns."""

GUTTER = 2
"""Cells of the mark at the head of a row: one for the glyph, one blank."""

R = TypeVar("R")


class Part(Enum):
    """What a line of a table is."""

    HEADER = "header"
    ROW = "row"
    CURSOR = "cursor"
    """The row that keys act on."""
    CURSOR_BLURRED = "blurred"
    """The same while the keys are for something else."""


_LOOKS = {
    Part.HEADER: Look("text-muted", "panel", "bold"),
    Part.ROW: Look(),
    Part.CURSOR: Look(background="primary 30%", text_style="bold"),
    Part.CURSOR_BLURRED: Look(background="primary 18%"),
}
_LOOKS_WITHOUT_COLORS = {
    Part.HEADER: Look("text-muted", "panel", "bold underline"),
    Part.ROW: Look(),
    Part.CURSOR: Look(text_style="reverse"),
    Part.CURSOR_BLURRED: Look(text_style="underline"),
}
"""Where there are no shades of a background: NO_COLOR, and themes of the terminal's own colours."""


class Palette(dict[Tone, Style]):
    """The style of each tone on one kind of a table's lines, made when it is first drawn."""

    def __init__(self, table: Widget, part: Part, looks: ThemeStyles) -> None:
        """`looks`: the styles of the table, which its palettes share."""
        super().__init__()
        has_shades = not (table.app.no_color or table.app.native_ansi_color)
        self._line = (_LOOKS if has_shades else _LOOKS_WITHOUT_COLORS)[part]
        self._looks = looks

    def __missing__(self, tone: Tone) -> Style:
        style = self[tone] = self._mixed(tone, self._looks[self._line])
        return style

    def _mixed(self, tone: Tone, line: Style) -> Style:
        """Put the tone's colour on the line's background, with the text attributes of both."""
        if tone is Tone.PLAIN:
            return line
        attributes = _ATTRIBUTES.get(tone, Style())
        if line.reverse:
            # Reversed, each tone would become a background of its own and break up the line.
            return line + attributes
        color = self._looks[Look(TONE_VARIABLES[tone])].color
        return line + Style(color=color) + attributes


TONE_VARIABLES = {
    Tone.MUTED: "text-muted",
    Tone.OK: "text-success",
    Tone.WARNING: "text-warning",
    Tone.ERROR: "text-error",
    Tone.ACCENT: "text-accent",
    Tone.NEW: "text-success",
    Tone.GONE: "text-muted",
    Tone.CHANGED: "text-warning",
}
_ATTRIBUTES = {Tone.NEW: Style(bold=True), Tone.GONE: Style(italic=True)}


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


class RowStrips(Generic[R]):
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

    def row(self, row: R, palette: Palette) -> Strip:
        """The line of a row, each cell in the colour its own tone or its row's tone has."""
        return _joined(self._parts(row, palette), self.width, palette[Tone.PLAIN])

    def text(self, text: str, style: Style) -> Strip:
        """A line of one text in one style."""
        return _joined([(text, style)], self.width, style)

    def centred(self, text: str, style: Style) -> Strip:
        """A line with one text in its middle."""
        return self.text(" " * ((self.width - cell_len(text)) // 2) + text, style)

    def column_at(self, x: int) -> Column[R] | None:
        """The column at a cell of the line; the gap after a column belongs to it."""
        start = self._indent
        for column, width in self._layout:
            if start <= x < start + width + GAP:
                return column
            start += width + GAP
        return None

    def _parts(self, row: R, palette: Palette) -> Iterable[tuple[str, Style]]:
        plain = palette[Tone.PLAIN]
        row_tone = Tone.PLAIN if self._tone is None else self._tone(row)
        if self._mark is not None:
            mark = self._mark(row)
            yield fit_cell(mark, 1), palette[row_tone if mark.tone is Tone.PLAIN else mark.tone]
            yield " " * (GUTTER - 1), plain
        gap = ""
        for column, width in self._layout:
            cell = column.cell(row)
            yield gap, plain
            tone = row_tone if cell.tone is Tone.PLAIN else cell.tone
            yield fit_cell(cell, width, column.align), palette[tone]
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
