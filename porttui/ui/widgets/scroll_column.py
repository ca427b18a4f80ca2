"""The bar at the right edge of a table: a cell of each line, and what the mouse does there.

Textual's own is a widget beside each table: to be made, styled and arranged before the first
frame, and to be asked for its lines with every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

WIDTH = 1
_PARTS = 8
"""Of a cell, as the block elements divide it."""
_BLOCKS = " ▁▂▃▄▅▆▇"
"""From below, by eighths."""


class Extent(NamedTuple):
    """What there is, and what is in view of it, in lines."""

    view: int
    total: int
    top: int

    @property
    def thumb(self) -> range:
        """Where the thumb is, in eighths of a line of the bar; nothing where all is in view."""
        if not 0 < self.view < self.total:
            return range(0)
        room = self.view * _PARTS
        size = max(_PARTS, -(-room * self.view // self.total))
        start = (room - size) * self.top // (self.total - self.view)
        return range(start, start + size)


class ScrollColumn:
    """The bar of one table."""

    def __init__(self, table: Widget) -> None:
        """`table`: the widget whose styles it has."""
        self._table = table
        self._extent = Extent(0, 0, 0)
        self._strips: Sequence[Strip] = ()
        self._grip: tuple[int, int] | None = None
        """Where it was taken hold of: the line of the screen, and the view's first line then."""

    @property
    def is_held(self) -> bool:
        """Whether the mouse has hold of it."""
        return self._grip is not None

    def show(self, extent: Extent) -> bool:
        """Show this from now on; whether it looks otherwise than before."""
        differs = extent.view != self._extent.view or extent.thumb != self._extent.thumb
        self._extent = extent
        if differs:
            self.forget()
        return differs

    def forget(self) -> None:
        """Its colours are others."""
        self._strips = ()

    def cell(self, line: int) -> Strip:
        """Its part of a line; blank behind the last one, as of a table that is being removed."""
        if not self._strips:
            self._strips = self._drawn()
        return self._strips[line] if line < len(self._strips) else Strip.blank(WIDTH)

    def press(self, line: int, screen_line: int) -> int:
        """Take hold of it at the thumb; else how many pages to go, one or minus one."""
        thumb = self._extent.thumb
        if not thumb:
            return 0
        if (line + 1) * _PARTS <= thumb.start:
            return -1
        if line * _PARTS >= thumb.stop:
            return 1
        self._grip = (screen_line, self._extent.top)
        self.forget()
        return 0

    def drag(self, screen_line: int) -> int:
        """Where the view begins when the mouse has come to this line."""
        if self._grip is None:
            return self._extent.top
        line, top = self._grip
        # The thumb keeps its place under the mouse, at either end, too.
        way = self._extent.view * _PARTS - len(self._extent.thumb)
        beyond = self._extent.total - self._extent.view
        return top + round((screen_line - line) * _PARTS * beyond / way) if way else top

    def release(self) -> None:
        """Let go of it."""
        self._grip = None
        self.forget()

    def _drawn(self) -> list[Strip]:
        styles, thumb = self._table.styles, self._extent.thumb
        color = styles.scrollbar_color if self._grip is None else styles.scrollbar_color_active
        _, background = self._table.background_colors
        style = Style.from_color((background + color).rich_color, background.rich_color)
        drawn = []
        for line in range(self._extent.view):
            cell = range(line * _PARTS, (line + 1) * _PARTS)
            if thumb.stop <= cell.start or cell.stop <= thumb.start:
                part = Segment(" ", style)
            elif cell.start < thumb.start:
                part = Segment(_BLOCKS[cell.stop - thumb.start], style)
            else:
                # From above: what is left of it from below, with the colours changed over.
                left = max(0, cell.stop - thumb.stop)
                part = Segment(_BLOCKS[left], style + Style(reverse=True))
            drawn.append(Strip([part], WIDTH))
        return drawn
