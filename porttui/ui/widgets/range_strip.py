"""The whole port space as a strip: IANA's ranges, and under them the kernel's ephemeral range."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from porttui.model.port_range import IANA_RANGES, PortRange, RangeName

SPACE = 65536


class RangeStrip(Widget):
    """Three lines: the port numbers, IANA's ranges, the ephemeral range."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "range-strip--scale",
        "range-strip--well-known",
        "range-strip--registered",
        "range-strip--dynamic",
        "range-strip--ephemeral",
    }

    DEFAULT_CSS = """
    RangeStrip {
        height: 3;
        & > .range-strip--scale { color: $text-muted; }
        & > .range-strip--well-known { background: $secondary; color: $text; }
        & > .range-strip--registered { background: $boost; color: $foreground; }
        & > .range-strip--dynamic { background: $panel; color: $foreground; }
        & > .range-strip--ephemeral { background: $accent-muted; color: $text-accent; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._ephemeral: PortRange | None = None

    def show(self, ephemeral: PortRange | None) -> None:
        """Draw this range under the textbook's."""
        if ephemeral != self._ephemeral:
            self._ephemeral = ephemeral
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the three lines."""
        width = self.size.width
        line = (self._scale, self._iana, self._kernel)[y] if y < 3 else self._blank
        return Strip(line(width), width)

    def _scale(self, width: int) -> list[Segment]:
        """The first port of each range over its cell, or as near to it as there is room."""
        line = ""
        last = str(SPACE - 1)
        for each in IANA_RANGES:
            label = str(each.first)
            start = max(_column(each.first, width), len(line) + 1 if line else 0)
            if start + len(label) < width - len(last):
                line = line.ljust(start) + label
        return [self._segment(line.ljust(width - len(last)) + last, "range-strip--scale")]

    def _iana(self, width: int) -> list[Segment]:
        segments = []
        for each in IANA_RANGES:
            cells = _column(each.last + 1, width) - _column(each.first, width)
            label = each.name.value if len(each.name.value) + 2 <= cells else ""
            segments.append(self._segment(label.center(cells), f"range-strip--{each.name.value}"))
        return segments

    def _kernel(self, width: int) -> list[Segment]:
        if self._ephemeral is None:
            return self._blank(width)
        start = _column(self._ephemeral.first, width)
        cells = max(1, _column(self._ephemeral.last + 1, width) - start)
        label = f" {RangeName.EPHEMERAL.value} {self._ephemeral} "
        bar = label.center(cells) if len(label) <= cells else " " * cells
        return [
            self._segment(" " * start),
            self._segment(bar, "range-strip--ephemeral"),
            self._segment(" " * (width - start - cells)),
        ]

    def _blank(self, width: int) -> list[Segment]:
        return [self._segment(" " * width)]

    def _segment(self, text: str, component: str = "") -> Segment:
        style = self.get_component_rich_style(component) if component else self.rich_style
        return Segment(text, style)


def _column(port: int, width: int) -> int:
    """The cell of a port; each range has at least a cell of its own."""
    return min(width, -(-port * width // SPACE))
