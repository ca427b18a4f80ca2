"""Notes on the selected row of the ranges pane, with bars and sparklines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from porttui.analysis.usage import PressureRow, RangeUsage
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Level
from porttui.text.forecast import bounds_text, cause, cure, recovery, title, trend_text
from porttui.text.processes import brief, shares
from porttui.text.rows import extent, left_text, most_by_text, ports_used, server_text, states
from porttui.ui.widgets.columns import Tone, fit, wrap

LEVEL_TONES = {
    Level.OK: Tone.OK,
    Level.UNKNOWN: Tone.MUTED,
    Level.WARNING: Tone.WARNING,
    Level.CRITICAL: Tone.ERROR,
    Level.EXHAUSTED: Tone.ERROR,
}

_MAX_HOLDERS = 4
_TREND_CELLS = 12
_BAR_BLOCKS = " ▏▎▍▌▋▊▉"
_SPARK_BLOCKS = "▁▂▃▄▅▆▇█"

_BAR_CLASSES = {
    tone: f"range-notes--{tone}"
    for tone in (Tone.PLAIN, Tone.MUTED, Tone.OK, Tone.WARNING, Tone.ERROR)
}
"""Component classes."""


class _Line(NamedTuple):
    text: str
    tone: Tone = Tone.MUTED
    share: float | None = None
    """The share shown by a bar before the text."""


class RangeNotes(Widget):
    """Lines about the row under the cursor, as many as there is room for."""

    DEFAULT_CSS = """
    RangeNotes { height: auto; min-height: 5; max-height: 40%; color: $text-muted; }
    RangeNotes > .range-notes--plain { color: $primary; background: $boost; }
    RangeNotes > .range-notes--muted { color: $text-muted; background: $boost; }
    RangeNotes > .range-notes--ok { color: $success; background: $boost; }
    RangeNotes > .range-notes--warning { color: $warning; background: $boost; }
    RangeNotes > .range-notes--error { color: $error; background: $boost; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_BAR_CLASSES.values())

    def __init__(self) -> None:
        super().__init__()
        self._row: PressureRow | None = None

    def show(self, row: PressureRow | None) -> None:
        """Show notes on a row."""
        if row != self._row:
            before, self._row = len(self._wrapped_lines(self.size.width)), row
            self.refresh(layout=len(self._wrapped_lines(self.size.width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """The number of lines."""
        return len(self._wrapped_lines(width))

    def render_line(self, y: int) -> Strip:
        """One of the lines, exactly as wide as there is room."""
        width = self.size.width
        lines = self._fit_height(width)
        if y >= len(lines):
            return Strip([Segment(" " * width, self.rich_style)], width)
        return Strip(self._line_segments(lines[y], width), width)

    def _fit_height(self, width: int) -> list[_Line]:
        """The lines that fit; the last one is cut visibly."""
        lines = self._wrapped_lines(width)
        room = max(1, self.size.height)
        if len(lines) <= room:
            return lines
        rest = " ".join(line.text for line in lines[room - 1 :])
        return [*lines[: room - 1], lines[room - 1]._replace(text=rest)]

    def _wrapped_lines(self, width: int) -> list[_Line]:
        """All lines, the last one broken between words."""
        *lines, last = _lines(self._row) if self._row else (_Line(""),)
        return [*lines, *(_Line(text) for text in wrap(last.text, max(1, width)))]

    def _line_segments(self, line: _Line, width: int) -> list[Segment]:
        if line.share is None:
            return [Segment(fit(line.text, width), self.rich_style)]
        label = f" {line.text}"[-width:]
        drawn = bar(line.share, width - len(label))
        return [
            Segment(drawn, self.get_component_rich_style(_BAR_CLASSES[line.tone])),
            Segment(label, self.rich_style),
        ]


def _lines(row: PressureRow) -> Iterator[_Line]:
    if row.usage is not None:
        yield from _range_lines(row.usage)
    elif row.gauge is not None:
        yield from _gauge_lines(row.gauge, row)


def _range_lines(usage: RangeUsage) -> Iterator[_Line]:
    yield _Line(extent(usage))
    yield _Line(ports_used(usage), Tone.PLAIN, usage.share)
    yield _Line(states(usage))
    yield _Line(most_by_text(shares(usage.holders, _MAX_HOLDERS)) if usage.holders else "")


def _gauge_lines(gauge: Gauge, row: PressureRow) -> Iterator[_Line]:
    yield _Line(title(gauge))
    share = gauge.used / gauge.capacity if gauge.capacity else 1.0
    left = left_text(gauge.left, gauge.capacity, is_estimate=gauge.is_estimate)
    trend = sparkline(row.trend.lows, gauge.capacity, _TREND_CELLS) if row.trend else ""
    yield _Line(f"{trend} {left}".lstrip(), LEVEL_TONES[gauge.level], share)
    # The least important comes last: it is cut first.
    is_low = gauge.level not in (Level.OK, Level.UNKNOWN)
    rest = [cause(gauge), recovery(gauge), trend_text(row.trend), cure(gauge) if is_low else ""]
    rest += [_server_text(gauge), bounds_text(gauge)]
    yield _Line("; ".join(text for text in rest if text))


def _server_text(gauge: Gauge) -> str:
    listeners = gauge.destination.listeners if gauge.destination else ()
    return server_text(brief(listeners)) if listeners else ""


def bar(share: float, width: int) -> str:
    """A bar of `width` cells in steps of an eighth; more than zero is always visible."""
    eighths = min(width * 8, max(round(share * width * 8), 1 if share > 0 else 0))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_BAR_BLOCKS[rest] if rest else "")).ljust(width)


def sparkline(lows: Sequence[int | None], capacity: int, width: int) -> str:
    """Usage over time in `width` cells, newest last; blank where there was no sample.
    A cell that stands for several values shows the worst."""
    per_cell = max(1, -(-len(lows) // width))
    cells = []
    for end in range(len(lows), 0, -per_cell):
        known_lows = [low for low in lows[max(0, end - per_cell) : end] if low is not None]
        cells.append(_height(min(known_lows), capacity) if known_lows else " ")
    return "".join(reversed(cells)).rjust(width)


def _height(left: int, capacity: int) -> str:
    used = (capacity - left) * len(_SPARK_BLOCKS) // capacity
    return _SPARK_BLOCKS[min(used, len(_SPARK_BLOCKS) - 1)]
