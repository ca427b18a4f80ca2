"""What there is to say of a row of the ranges pane, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from porttui.analysis.usage import PressureRow, RangeUsage
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Level
from porttui.text.forecast import bounds_text, cause, cure, recovery, title, trend_text
from porttui.text.numbers import count, percent
from porttui.text.processes import brief, shares
from porttui.ui.widgets.columns import Tone, fit, wrap
from porttui.ui.widgets.share import LEVEL_TONES, bar, sparkline

_MOST = 4
_TREND_CELLS = 12

_BARS = {
    tone: f"range-notes--{tone}"
    for tone in (Tone.PLAIN, Tone.MUTED, Tone.OK, Tone.WARNING, Tone.ERROR)
}
"""Component classes."""


class _Line(NamedTuple):
    text: str
    tone: Tone = Tone.MUTED
    share: float | None = None
    """Of a bar in what room is left before the text."""


class RangeNotes(Widget):
    """A few lines about the row under the cursor; more where there is much to say and room."""

    DEFAULT_CSS = """
    RangeNotes { height: auto; min-height: 5; max-height: 40%; color: $text-muted; }
    RangeNotes > .range-notes--plain { color: $primary; background: $boost; }
    RangeNotes > .range-notes--muted { color: $text-muted; background: $boost; }
    RangeNotes > .range-notes--ok { color: $success; background: $boost; }
    RangeNotes > .range-notes--warning { color: $warning; background: $boost; }
    RangeNotes > .range-notes--error { color: $error; background: $boost; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_BARS.values())

    def __init__(self) -> None:
        super().__init__()
        self._row: PressureRow | None = None

    def show(self, row: PressureRow | None) -> None:
        """Speak of this row."""
        if row != self._row:
            before, self._row = len(self._wrapped(self.size.width)), row
            self.refresh(layout=len(self._wrapped(self.size.width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as there is something to say."""
        return len(self._wrapped(width))

    def render_line(self, y: int) -> Strip:
        """One of the lines, exactly as wide as there is room."""
        width = self.size.width
        lines = self._folded(width)
        if y >= len(lines):
            return Strip([Segment(" " * width, self.rich_style)], width)
        return Strip(self._drawn(lines[y], width), width)

    def _folded(self, width: int) -> list[_Line]:
        """As many lines as there is room for; what there is none for shows that it is cut."""
        lines = self._wrapped(width)
        room = max(1, self.size.height)
        if len(lines) <= room:
            return lines
        rest = " ".join(each.text for each in lines[room - 1 :])
        return [*lines[: room - 1], lines[room - 1]._replace(text=rest)]

    def _wrapped(self, width: int) -> list[_Line]:
        """All lines, the last one broken between words."""
        *lines, last = _lines(self._row) if self._row else (_Line(""),)
        return [*lines, *(_Line(each) for each in wrap(last.text, max(1, width)))]

    def _drawn(self, line: _Line, width: int) -> list[Segment]:
        if line.share is None:
            return [Segment(fit(line.text, width), self.rich_style)]
        said = f" {line.text}"[-width:]
        drawn = bar(line.share, width - len(said))
        return [
            Segment(drawn, self.get_component_rich_style(_BARS[line.tone])),
            Segment(said, self.rich_style),
        ]


def _lines(row: PressureRow) -> Iterator[_Line]:
    if row.usage is not None:
        yield from _of_range(row.usage)
    elif row.gauge is not None:
        yield from _of_gauge(row.gauge, row)


def _of_range(usage: RangeUsage) -> Iterator[_Line]:
    yield _Line(_extent(usage))
    said = f"{count(usage.tcp)} of {count(usage.range.capacity)}, {percent(usage.share)}"
    yield _Line(said, Tone.PLAIN, usage.share)
    yield _Line(_states(usage))
    yield _Line(_holders(usage))


def _of_gauge(gauge: Gauge, row: PressureRow) -> Iterator[_Line]:
    yield _Line(title(gauge))
    share = gauge.used / gauge.capacity if gauge.capacity else 1.0
    said = f"{'about ' * gauge.is_estimate}{count(gauge.left)} of {count(gauge.capacity)} left"
    trend = sparkline(row.trend.lows, gauge.capacity, _TREND_CELLS) if row.trend else ""
    yield _Line(f"{trend} {said}".lstrip(), LEVEL_TONES[gauge.level], share)
    # What is cut where there is no room comes last.
    is_low = gauge.level not in (Level.OK, Level.UNKNOWN)
    rest = [cause(gauge), recovery(gauge), trend_text(row.trend), cure(gauge) if is_low else ""]
    rest += [_listeners(gauge), bounds_text(gauge)]
    yield _Line("; ".join(text for text in rest if text))


def _listeners(gauge: Gauge) -> str:
    found = gauge.destination
    return f"server: {brief(found.listeners)}" if found and found.listeners else ""


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
    return f"most by {shares(usage.holders, _MOST)}" if usage.holders else ""
