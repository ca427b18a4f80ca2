"""How a level, a share and a trend are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.forecast import Level
from porttui.ui.widgets.columns import Tone

_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEIGHTS = "▁▂▃▄▅▆▇█"

LEVEL_TONES = {
    Level.OK: Tone.OK,
    Level.UNKNOWN: Tone.MUTED,
    Level.WARNING: Tone.WARNING,
    Level.CRITICAL: Tone.ERROR,
    Level.EXHAUSTED: Tone.ERROR,
}


def bar(share: float, width: int) -> str:
    """A bar of `width` cells, to an eighth of a cell; what is not nothing shows."""
    eighths = min(width * 8, max(round(share * width * 8), 1 if share > 0 else 0))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(width)


def sparkline(lows: Sequence[int | None], capacity: int, width: int) -> str:
    """What was used over time, in `width` cells, the newest last; blank where nobody looked."""
    shown = lows[-width:]
    top = len(_HEIGHTS) - 1
    cells = [
        " " if low is None else _HEIGHTS[min(top, (capacity - low) * len(_HEIGHTS) // capacity)]
        for low in shown
    ]
    return "".join(cells).rjust(width)
