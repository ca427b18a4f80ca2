"""Cells and columns of a table, and the lines that they make. No text is read as markup."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

GAP = 2
"""Blank cells between two columns."""

GUTTER = 2
"""Cells before a row: one for the glyph, one blank."""

ELLIPSIS = "…"
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
"""Around foreign text that is written from right to left."""

MIN_WIDTH = 4
"""A growable column is not shrunk below this: the first letters still identify a name."""

Align = Literal["left", "right"]

K_co = TypeVar("K_co", bound=Hashable, covariant=True)
R = TypeVar("R")


class Tone(StrEnum):
    """The meaning of a colour; the theme chooses the colour."""

    PLAIN = "plain"
    MUTED = "muted"
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    ACCENT = "accent"
    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


class Cell(NamedTuple):
    """One row's text in one column."""

    text: str
    tone: Tone = Tone.PLAIN
    tail: str = ""
    """Follows the text and is never cut: a long name is cut before its pid."""
    draw: Callable[[int], str] | None = None
    """Makes the text for a width: a bar fills its column."""


class Row(Protocol[K_co]):
    """An immutable value whose key stays the same when its other facts change."""

    @property
    def key(self) -> K_co: ...


class Column(NamedTuple, Generic[R]):
    """A column: its label, cells, sort keys and width."""

    id: str
    label: str
    width: int
    """Its least width while all columns fit."""
    cell: Callable[[R], Cell]
    sort_keys: Callable[[Any], Iterable[Any]] | None = None
    """Gives the sort keys of all rows of a sample; None if the column is not sortable."""
    align: Align = "left"
    grow: int = 0
    """Share of the spare width, relative to the other columns' shares."""
    max_width: int | None = None
    """The greatest width; None for no limit."""
    drop_rank: int = 0
    """In a short line the column with the highest number is dropped first; 0 is never dropped."""


Layout = tuple[tuple[Column[R], int], ...]


def lay_out(columns: Sequence[Column[R]], available: int) -> Layout[R]:
    """Choose the columns that fit into a line and share the line among them.

    Columns are dropped by `drop_rank`. If those with 0 alone are too wide, growable ones shrink;
    the rest is clipped on the right.
    The widths and the gaps between them never add up to more than `available`.
    """
    chosen = _fitting_columns(columns, available)
    widths = [max(0, column.width) for column in chosen]
    spare = available - _total_width(widths)
    if spare >= 0:
        _grow(chosen, widths, spare)
        return tuple(zip(chosen, widths, strict=True))
    _shrink(chosen, widths, -spare)
    return _clip(chosen, widths, available)


def _total_width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _fitting_columns(columns: Sequence[Column[R]], available: int) -> list[Column[R]]:
    """Drop the highest ranks, rightmost first among equals, until the rest fits or is rank 0."""
    chosen = list(columns)
    while chosen and _total_width([column.width for column in chosen]) > available:
        last = max(range(len(chosen)), key=lambda index: (chosen[index].drop_rank, index))
        if chosen[last].drop_rank <= 0:
            break
        del chosen[last]
    return chosen


def _grow(columns: Sequence[Column[R]], widths: list[int], spare: int) -> None:
    """Hand out the spare cells by share, then what rounding left over, one cell at a time."""
    while spare > 0:
        growth_limits = {
            index: spare
            if column.max_width is None
            else min(spare, column.max_width - widths[index])
            for index, column in enumerate(columns)
            if column.grow > 0 and (column.max_width is None or column.max_width > widths[index])
        }
        if not growth_limits:
            return
        shares = sum(columns[index].grow for index in growth_limits)
        spare_before = spare
        for index, limit in growth_limits.items():
            extra = min(limit, max(1, spare_before * columns[index].grow // shares), spare)
            widths[index] += extra
            spare -= extra


def _shrink(columns: Sequence[Column[R]], widths: list[int], excess: int) -> None:
    """Shrink the widest growable columns, down to MIN_WIDTH cells each."""
    growable = [index for index, column in enumerate(columns) if column.grow > 0]
    while excess > 0 and growable:
        widest = max(growable, key=lambda index: widths[index])
        if widths[widest] <= MIN_WIDTH:
            return
        widths[widest] -= 1
        excess -= 1


def _clip(columns: Sequence[Column[R]], widths: Sequence[int], available: int) -> Layout[R]:
    """Keep what lies left of the line's end; the column on the end keeps its left part."""
    clipped: list[tuple[Column[R], int]] = []
    remaining = available
    for column, width in zip(columns, widths, strict=True):
        if remaining <= 0:
            break
        clipped.append((column, min(width, remaining)))
        remaining -= width + GAP
    return tuple(clipped)


def fit(text: str, width: int, align: Align = "left") -> str:
    """Pad or truncate text to exactly `width` cells of the terminal."""
    if width <= 0:
        return ""
    if not text.isascii():
        return _fit_cells(text, width, align)
    if len(text) > width:
        return text[: width - 1] + ELLIPSIS
    return text.rjust(width) if align == "right" else text.ljust(width)


def fit_cell(cell: Cell, width: int, align: Align = "left") -> str:
    """A cell's text and tail in exactly `width` cells of the terminal."""
    if cell.draw is not None:
        return fit(cell.draw(width), width, align)
    if not cell.tail:
        return fit(cell.text, width, align)
    text_width = width - cell_len(cell.tail)
    if text_width <= 0:
        return fit(cell.tail.lstrip(), width, align)
    if cell_len(cell.text) > text_width:
        return fit(cell.text, text_width) + cell.tail
    return fit(cell.text + cell.tail, width, align)


def _fit_cells(text: str, width: int, align: Align) -> str:
    """Like `fit`, for text whose characters may take two cells or none."""
    length = cell_len(text)
    if length > width:
        # Cropping in the middle of a wide character leaves a blank; an ellipsis replaces it.
        text = set_cell_size(text, width - 1).rstrip(" ") + ELLIPSIS
        if _ISOLATE in text:
            text += _END_OF_ISOLATE  # else it would turn round what stands behind it
        length = cell_len(text)
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding


def wrap(text: str, width: int) -> list[str]:
    """Wrap text to lines of at most `width` cells; a word that does not fit is cut."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer_line = f"{line} {word}" if line else word
            if line and cell_len(longer_line) > width:
                lines.append(line)
                longer_line = word
            line = longer_line
        lines.append(line)
    return [fit(line, width) if cell_len(line) > width else line for line in lines]


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
        self._layout = lay_out(columns, width - self._indent)

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
