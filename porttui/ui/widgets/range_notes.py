"""What there is to say of one range in a few lines: its ends, a bar, the states, the processes."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from porttui.analysis.usage import RangeUsage
from porttui.ui.widgets.columns import fit
from porttui.ui.widgets.share import share_tone
from porttui.ui.wording import count, percent

_EIGHTHS = " ▏▎▍▌▋▊▉"
_MOST = 4
_BAR_LINE = 1


class RangeNotes(Widget):
    """Four lines about the range under the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "range-notes--ok",
        "range-notes--warning",
        "range-notes--error",
        "range-notes--plain",
    }

    DEFAULT_CSS = """
    RangeNotes {
        height: 4;
        color: $text-muted;
        & > .range-notes--ok { color: $success; background: $boost; }
        & > .range-notes--warning { color: $warning; background: $boost; }
        & > .range-notes--error { color: $error; background: $boost; }
        & > .range-notes--plain { color: $primary; background: $boost; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._usage: RangeUsage | None = None

    def show(self, usage: RangeUsage | None) -> None:
        """Speak of this range."""
        if usage != self._usage:
            self._usage = usage
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One of the lines, exactly as wide as there is room."""
        width = self.size.width
        if self._usage is None:
            return Strip([Segment(" " * width, self.rich_style)], width)
        if y == _BAR_LINE:
            return Strip(self._bar_line(self._usage, width), width)
        lines = {0: _extent(self._usage), 2: _states(self._usage), 3: _holders(self._usage)}
        return Strip([Segment(fit(lines.get(y, ""), width), self.rich_style)], width)

    def _bar_line(self, usage: RangeUsage, width: int) -> list[Segment]:
        said = f" {count(usage.tcp)} of {count(usage.range.capacity)}, {percent(usage.share)}"
        style = self.get_component_rich_style(f"range-notes--{share_tone(usage)}")
        room = max(0, width - len(said))
        return [Segment(bar(usage.share, room), style), Segment(said[-width:], self.rich_style)]


def bar(share: float, width: int) -> str:
    """A bar of `width` cells, to an eighth of a cell; what is not nothing shows."""
    eighths = min(width * 8, max(round(share * width * 8), 1 if share > 0 else 0))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(width)


def _extent(usage: RangeUsage) -> str:
    if not usage.shared_with:
        return f"{usage.range}, by IANA (RFC 6335)"
    shared = ", ".join(f"{name} {count(ports)}" for name, ports in usage.shared_with)
    reserved = sum(last - first + 1 for first, last in usage.range.reserved)
    rest = f"; {count(reserved)} reserved" if reserved else ""
    return f"{usage.range} overlaps {shared}{rest}"


def _states(usage: RangeUsage) -> str:
    parts = [f"{state} {count(ports)}" for state, ports in usage.by_state]
    if usage.udp:
        parts.append(f"UDP {count(usage.udp)}")
    return "by state: " + (", ".join(parts) or "none in use")


def _holders(usage: RangeUsage) -> str:
    most = [f"{each.process.label}: {count(each.ports)}" for each in usage.holders[:_MOST]]
    return "most by " + ", ".join(most) if most else ""
