"""The lines of a table: each is drawn once, though it is compared before it is painted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from textual.strip import Strip
from textual.widget import Widget

from porttui.ui.widgets.columns import Cell, Column, Tone, wrap
from porttui.ui.widgets.row_strips import Palette, Part, RowStrips, Sorting
from porttui.ui.widgets.theme_styles import ThemeStyles

R = TypeVar("R")


class _Drawn(NamedTuple):
    """Lines, and all that they were made of."""

    content: object
    palette: Palette
    strips: object
    lines: Sequence[Strip]


class TableLines(Generic[R]):
    """The lines of one table as they look now, and as they were painted last.

    Places are counted in lines from the top of the view.
    """

    def __init__(
        self,
        table: Widget,
        columns: Sequence[Column[R]],
        *,
        tone: Callable[[R], Tone] | None,
        mark: Callable[[R], Cell] | None,
    ) -> None:
        """`table`: the widget whose width and styles the lines have."""
        self.sorting = Sorting()
        self._table = table
        self._columns = tuple(columns)
        self._row_tone = tone
        self._mark = mark
        self._strips: RowStrips[R] | None = None
        self._looks = ThemeStyles(table)
        self._palettes: dict[Part, Palette] = {}
        self._drawn: dict[object, _Drawn] = {}
        self._painted: dict[int, Strip] = {}

    def fit(self, width: int) -> None:
        """The lines are so wide now: to be said before any is asked for."""
        if self._strips is None or self._strips.width != width:
            self._strips = RowStrips(self._columns, width, tone=self._row_tone, mark=self._mark)

    def forget_styles(self) -> None:
        """The table looks otherwise than before."""
        self._looks.clear()
        self._palettes.clear()

    def header(self) -> Strip:
        """The line of labels."""

        def draw(strips: RowStrips[R], palette: Palette) -> Sequence[Strip]:
            return [strips.header(self.sorting, palette[Tone.PLAIN])]

        return self._once("header", self.sorting, Part.HEADER, draw)[0]

    def row(self, place: int, row: R, part: Part) -> Strip:
        """A row's line."""
        return self._once(place, row, part, lambda strips, palette: [strips.row(row, palette)])[0]

    def blank(self) -> Strip:
        """A line without a row."""
        return self._once(
            "blank", "", Part.ROW, lambda strips, palette: [strips.text("", palette[Tone.PLAIN])]
        )[0]

    def notice(self, text: str, line: int, height: int) -> Strip:
        """One of `height` lines in the middle of which a text stands instead of rows."""

        def draw(strips: RowStrips[R], palette: Palette) -> Sequence[Strip]:
            texts = ["", *wrap(text, strips.width)]
            return [strips.centred(each, palette[Tone.MUTED]) for each in texts]

        blank, *lines = self._once("notice", text, Part.ROW, draw)
        at = line - max(0, (height - len(lines)) // 2)
        return lines[at] if 0 <= at < len(lines) else blank

    def _once(
        self,
        place: object,
        content: object,
        part: Part,
        draw: Callable[[RowStrips[R], Palette], Sequence[Strip]],
    ) -> Sequence[Strip]:
        """What was drawn for a place, drawn anew when it would look otherwise now."""
        strips, palette = self._strips, self._palette(part)
        assert strips is not None
        drawn = self._drawn.get(place)
        if (
            drawn is None
            or drawn.content != content
            or drawn.palette is not palette
            or drawn.strips is not strips
        ):
            drawn = _Drawn(content, palette, strips, draw(strips, palette))
            self._drawn[place] = drawn
        return drawn.lines

    def column_at(self, x: int) -> Column[R] | None:
        """The column at a cell of a line."""
        return self._strips.column_at(x) if self._strips else None

    def paint(self, places: Sequence[int], lines: Iterable[Strip]) -> list[Strip]:
        """Remember what is about to be painted there."""
        about_to_be = list(lines)
        self._painted.update(zip(places, about_to_be, strict=True))
        return about_to_be

    def differing(self, lines_at: Callable[[Iterable[int]], Iterable[Strip]]) -> Iterator[int]:
        """The painted places whose lines look otherwise now."""
        now = lines_at(self._painted)
        painted = self._painted.items()
        return (place for (place, line), it in zip(painted, now, strict=True) if line != it)

    @property
    def are_painted(self) -> bool:
        """Whether any line was painted so far."""
        return bool(self._painted)

    def _palette(self, part: Part) -> Palette:
        if part not in self._palettes:
            self._palettes[part] = Palette(self._table, part, self._looks)
        return self._palettes[part]
