"""Draws shares as bars and trends as sparklines."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.forecast import Level
from porttui.ui.widgets.columns import Tone

_BAR_BLOCKS = " ▏▎▍▌▋▊▉"
_SPARK_BLOCKS = "▁▂▃▄▅▆▇█"

LEVEL_TONES = {
    Level.OK: Tone.OK,
    Level.UNKNOWN: Tone.MUTED,
    Level.WARNING: Tone.WARNING,
    Level.CRITICAL: Tone.ERROR,
    Level.EXHAUSTED: Tone.ERROR,
}


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
