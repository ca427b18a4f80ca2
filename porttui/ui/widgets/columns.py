"""What a table shows: cells, columns, and how many cells of the line each column gets."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
"""Around foreign text that is written from right to left."""

LEAST = 4
"""Cells below which a growable column is not shrunk: a name's first letters still tell it apart."""

Align = Literal["left", "right"]

K_co = TypeVar("K_co", bound=Hashable, covariant=True)
R = TypeVar("R")


class Tone(StrEnum):
    """What a colour means; the theme decides which colour that is."""

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
    """Stands behind the text and stays whole when that is cut: names give way before numbers."""
    drawn: Callable[[int], str] | None = None
    """Makes the text, of as many cells as there are: a bar fills its column."""


class Row(Protocol[K_co]):
    """An immutable value whose key stays the same when its other facts change."""

    @property
    def key(self) -> K_co: ...


class Column(NamedTuple, Generic[R]):
    """How one fact of a row is labelled, drawn, ordered and fitted."""

    id: str
    label: str
    width: int
    """Cells it takes at least, while everything fits."""
    cell: Callable[[R], Cell]
    order: Callable[[Any], Iterable[Any]] | None = None
    """Gives the sort keys of many rows at once; None when the column cannot be sorted by."""
    align: Align = "left"
    grow: int = 0
    """Share of the spare width, relative to the other columns' shares."""
    most: int | None = None
    """Width beyond which it does not grow."""
    rank: int = 0
    """When the line is too short the highest rank falls away first; 0 never does."""


Layout = tuple[tuple[Column[R], int], ...]


def lay_out(columns: Sequence[Column[R]], available: int, gap: int = 2) -> Layout[R]:
    """Choose the columns that fit into a line and share the line among them.

    Columns fall away by rank. If those of rank 0 alone are too wide, the growable ones shrink
    (long names give way before numbers do); what then still overflows is cut off on the right.
    The widths and the gaps between them never add up to more than `available`.
    """
    chosen = _that_fit(columns, available, gap)
    widths = [max(0, column.width) for column in chosen]
    spare = available - _taken(widths, gap)
    if spare >= 0:
        _grow(chosen, widths, spare)
        return tuple(zip(chosen, widths, strict=True))
    _shrink(chosen, widths, -spare)
    return _cut_off(chosen, widths, available, gap)


def _taken(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * max(0, len(widths) - 1)


def _that_fit(columns: Sequence[Column[R]], available: int, gap: int) -> list[Column[R]]:
    """Drop the highest ranks, rightmost first among equals, until the rest fits or is rank 0."""
    chosen = list(columns)
    while chosen and _taken([column.width for column in chosen], gap) > available:
        place = max(range(len(chosen)), key=lambda index: (chosen[index].rank, index))
        if chosen[place].rank <= 0:
            break
        del chosen[place]
    return chosen


def _grow(columns: Sequence[Column[R]], widths: list[int], spare: int) -> None:
    """Hand out the spare cells by share, then what rounding left over, one cell at a time."""
    while spare > 0:
        room = {
            index: spare if column.most is None else min(spare, column.most - widths[index])
            for index, column in enumerate(columns)
            if column.grow > 0 and (column.most is None or column.most > widths[index])
        }
        if not room:
            return
        shares = sum(columns[index].grow for index in room)
        pool = spare
        for index, limit in room.items():
            extra = min(limit, max(1, pool * columns[index].grow // shares), spare)
            widths[index] += extra
            spare -= extra


def _shrink(columns: Sequence[Column[R]], widths: list[int], excess: int) -> None:
    """Take the excess from the widest growable columns, down to LEAST cells each."""
    growable = [index for index, column in enumerate(columns) if column.grow > 0]
    while excess > 0 and growable:
        widest = max(growable, key=lambda index: widths[index])
        if widths[widest] <= LEAST:
            return
        widths[widest] -= 1
        excess -= 1


def _cut_off(
    columns: Sequence[Column[R]], widths: Sequence[int], available: int, gap: int
) -> Layout[R]:
    """Keep what lies left of the line's end; the column on the end keeps its left part."""
    kept: list[tuple[Column[R], int]] = []
    left = available
    for column, width in zip(columns, widths, strict=True):
        if left <= 0:
            break
        kept.append((column, min(width, left)))
        left -= width + gap
    return tuple(kept)


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
    if cell.drawn is not None:
        return fit(cell.drawn(width), width, align)
    if not cell.tail:
        return fit(cell.text, width, align)
    room = width - cell_len(cell.tail)
    if room <= 0:
        return fit(cell.tail.lstrip(), width, align)
    if cell_len(cell.text) > room:
        return fit(cell.text, room) + cell.tail
    return fit(cell.text + cell.tail, width, align)


def _fit_cells(text: str, width: int, align: Align) -> str:
    """Like `fit`, for text whose characters may take two cells or none."""
    length = cell_len(text)
    if length > width:
        # Cropping in the middle of a wide character leaves a blank; the ellipsis takes its place.
        text = set_cell_size(text, width - 1).rstrip(" ") + ELLIPSIS
        if _ISOLATE in text:
            text += _END_OF_ISOLATE  # else it would turn round what stands behind it
        length = cell_len(text)
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding


def wrap(text: str, width: int) -> list[str]:
    """Break text between words into lines of at most `width` cells; longer words are truncated."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if line and cell_len(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return [fit(line, width) if cell_len(line) > width else line for line in lines]
