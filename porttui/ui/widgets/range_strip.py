"""A picture of the port space: IANA's ranges, the ephemeral range and the ports in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from porttui.model.kernel import IANA_RANGES, PortRange, RangeName, clip

PORT_COUNT = 65536

_DENSITY_BLOCKS = " ▁▂▃▄▅▆▇█"
_PARTLY_RESERVED = "╱"

_SCALE, _EPHEMERAL, _DENSITY = (
    "range-strip--scale",
    "range-strip--ephemeral",
    "range-strip--density",
)
_IANA_CLASSES = {
    RangeName.WELL_KNOWN: "range-strip--well-known",
    RangeName.REGISTERED: "range-strip--registered",
    RangeName.DYNAMIC: "range-strip--dynamic",
}
"""Component classes."""


class RangeStrip(Widget):
    """Four lines: port numbers, IANA's ranges, the ephemeral range, density of ports in use."""

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

    COMPONENT_CLASSES: ClassVar[set[str]] = {_SCALE, _EPHEMERAL, _DENSITY, *_IANA_CLASSES.values()}

    def __init__(self) -> None:
        super().__init__()
        self._ephemeral: PortRange | None = None
        self._density: Sequence[int] = ()

    def show(self, ephemeral: PortRange | None, density: Sequence[int]) -> None:
        """Show an ephemeral range, and the ports in use in equal parts of the port space."""
        if (ephemeral, density) != (self._ephemeral, self._density):
            self._ephemeral, self._density = ephemeral, density
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the lines."""
        width = self.size.width
        lines = (self._scale_line, self._iana_line, self._ephemeral_line, self._density_line)
        return Strip((lines[y] if y < len(lines) else self._blank_line)(width), width)

    def _scale_line(self, width: int) -> list[Segment]:
        """The first port of every range above its cell, or next to it."""
        line = ""
        last = str(PORT_COUNT - 1)
        for port_range in IANA_RANGES:
            label = str(port_range.first)
            start = max(_cell_of(port_range.first, width), len(line) + 1 if line else 0)
            if start + len(label) < width - len(last):
                line = line.ljust(start) + label
        return [self._segment(line.ljust(width - len(last)) + last, _SCALE)]

    def _iana_line(self, width: int) -> list[Segment]:
        segments = []
        for port_range in IANA_RANGES:
            cells = _cell_of(port_range.last + 1, width) - _cell_of(port_range.first, width)
            label = port_range.name.value if len(port_range.name.value) + 2 <= cells else ""
            segments.append(self._segment(label.center(cells), _IANA_CLASSES[port_range.name]))
        return segments

    def _ephemeral_line(self, width: int) -> list[Segment]:
        if self._ephemeral is None:
            return self._blank_line(width)
        start = _cell_of(self._ephemeral.first, width)
        cells = max(1, _cell_of(self._ephemeral.last + 1, width) - start)
        label = f" {RangeName.EPHEMERAL.value} {self._ephemeral} "
        bar = label.center(cells) if len(label) <= cells else " " * cells
        segments = [self._segment(" " * start)]
        for cell, character in enumerate(bar, start):
            unreserved, ports = _unreserved_ports(self._ephemeral, cell, width)
            if unreserved:
                shown_character = (
                    _PARTLY_RESERVED if unreserved < ports and character == " " else character
                )
                segments.append(self._segment(shown_character, _EPHEMERAL))
            else:
                segments.append(self._segment(" "))
        segments.append(self._segment(" " * (width - start - cells)))
        return list(Segment.simplify(segments))

    def _density_line(self, width: int) -> list[Segment]:
        """Blocks from empty (no port in use) to full (all in use)."""
        if not self._density:
            return self._blank_line(width)
        ports = PORT_COUNT // len(self._density)
        line = ""
        for cell in range(width):
            first = min(cell * len(self._density) // width, len(self._density) - 1)
            end = max(first + 1, (cell + 1) * len(self._density) // width)
            used = sum(self._density[first:end])
            line += _DENSITY_BLOCKS[
                -(-used * (len(_DENSITY_BLOCKS) - 1) // (ports * (end - first)))
            ]
        return [self._segment(line, _DENSITY)]

    def _blank_line(self, width: int) -> list[Segment]:
        return [self._segment(" " * width)]

    def _segment(self, text: str, style: str = "") -> Segment:
        return Segment(text, self.get_component_rich_style(style) if style else self.rich_style)


def _cell_of(port: int, width: int) -> int:
    """The cell of a port; no range is narrower than one cell."""
    return min(width, -(-port * width // PORT_COUNT))


def _unreserved_ports(port_range: PortRange, cell: int, width: int) -> tuple[int, int]:
    """How many of the range's ports in a cell are not reserved, and how many there are."""
    first = max(port_range.first, cell * PORT_COUNT // width)
    last = min(port_range.last, (cell + 1) * PORT_COUNT // width - 1)
    if first > last:
        return 1, 1  # a cell that the range only touches
    part = PortRange(port_range.name, first, last, clip(port_range.reserved, first, last))
    return part.capacity, last - first + 1
