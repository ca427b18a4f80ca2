"""The whole port space as a strip: IANA's ranges, under them the kernel's, and what is in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from porttui.model.kernel import IANA_RANGES, PortRange, RangeName, clip

SPACE = 65536

_HEIGHTS = " ▁▂▃▄▅▆▇█"
_PARTLY_RESERVED = "╱"

_SCALE, _EPHEMERAL, _DENSITY = (
    "range-strip--scale",
    "range-strip--ephemeral",
    "range-strip--density",
)
_IANA = {
    RangeName.WELL_KNOWN: "range-strip--well-known",
    RangeName.REGISTERED: "range-strip--registered",
    RangeName.DYNAMIC: "range-strip--dynamic",
}
"""Component classes."""


class RangeStrip(Widget):
    """Four lines: the port numbers, IANA's ranges, the ephemeral range, how dense the use is."""

    DEFAULT_CSS = """
    RangeStrip { height: 4; }
    RangeStrip > .range-strip--scale { color: $text-muted; }
    RangeStrip > .range-strip--well-known { color: $text; background: $secondary; }
    RangeStrip > .range-strip--registered { color: $foreground; background: $boost; }
    RangeStrip > .range-strip--dynamic { color: $foreground; background: $panel; }
    RangeStrip > .range-strip--ephemeral { color: $text-accent; background: $accent-muted; }
    /* Themes of the terminal's own colours have no shades of one: text on it is not seen. */
    RangeStrip:ansi > .range-strip--ephemeral { background: $background; text-style: reverse; }
    RangeStrip > .range-strip--density { color: $accent; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_SCALE, _EPHEMERAL, _DENSITY, *_IANA.values()}

    def __init__(self) -> None:
        super().__init__()
        self._ephemeral: PortRange | None = None
        self._density: Sequence[int] = ()

    def show(self, ephemeral: PortRange | None, density: Sequence[int]) -> None:
        """Draw this range under the textbook's; `density`: ports in use of equal parts of all."""
        if (ephemeral, density) != (self._ephemeral, self._density):
            self._ephemeral, self._density = ephemeral, density
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the lines."""
        width = self.size.width
        lines = (self._scale, self._iana, self._kernel, self._use)
        return Strip((lines[y] if y < len(lines) else self._blank)(width), width)

    def _scale(self, width: int) -> list[Segment]:
        """The first port of each range over its cell, or as near to it as there is room."""
        line = ""
        last = str(SPACE - 1)
        for each in IANA_RANGES:
            label = str(each.first)
            start = max(_column(each.first, width), len(line) + 1 if line else 0)
            if start + len(label) < width - len(last):
                line = line.ljust(start) + label
        return [self._segment(line.ljust(width - len(last)) + last, _SCALE)]

    def _iana(self, width: int) -> list[Segment]:
        segments = []
        for each in IANA_RANGES:
            cells = _column(each.last + 1, width) - _column(each.first, width)
            label = each.name.value if len(each.name.value) + 2 <= cells else ""
            segments.append(self._segment(label.center(cells), _IANA[each.name]))
        return segments

    def _kernel(self, width: int) -> list[Segment]:
        if self._ephemeral is None:
            return self._blank(width)
        start = _column(self._ephemeral.first, width)
        cells = max(1, _column(self._ephemeral.last + 1, width) - start)
        label = f" {RangeName.EPHEMERAL.value} {self._ephemeral} "
        bar = label.center(cells) if len(label) <= cells else " " * cells
        segments = [self._segment(" " * start)]
        for at, character in enumerate(bar, start):
            left, ports = _unreserved(self._ephemeral, at, width)
            if left:
                mark = _PARTLY_RESERVED if left < ports and character == " " else character
                segments.append(self._segment(mark, _EPHEMERAL))
            else:
                segments.append(self._segment(" "))
        segments.append(self._segment(" " * (width - start - cells)))
        return list(Segment.simplify(segments))

    def _use(self, width: int) -> list[Segment]:
        """A column for each cell: empty where nothing is in use, full where everything is."""
        if not self._density:
            return self._blank(width)
        ports = SPACE // len(self._density)
        line = ""
        for cell in range(width):
            first = min(cell * len(self._density) // width, len(self._density) - 1)
            end = max(first + 1, (cell + 1) * len(self._density) // width)
            used = sum(self._density[first:end])
            line += _HEIGHTS[-(-used * (len(_HEIGHTS) - 1) // (ports * (end - first)))]
        return [self._segment(line, _DENSITY)]

    def _blank(self, width: int) -> list[Segment]:
        return [self._segment(" " * width)]

    def _segment(self, text: str, style: str = "") -> Segment:
        return Segment(text, self.get_component_rich_style(style) if style else self.rich_style)


def _column(port: int, width: int) -> int:
    """The cell of a port; each range has at least a cell of its own."""
    return min(width, -(-port * width // SPACE))


def _unreserved(port_range: PortRange, cell: int, width: int) -> tuple[int, int]:
    """How many of the range's ports in a cell are not reserved, and how many there are."""
    first = max(port_range.first, cell * SPACE // width)
    last = min(port_range.last, (cell + 1) * SPACE // width - 1)
    if first > last:
        return 1, 1  # a cell that the range only touches
    part = PortRange(port_range.name, first, last, clip(port_range.reserved, first, last))
    return part.capacity, last - first + 1
