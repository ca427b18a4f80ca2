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
    """What was used over all the time, in `width` cells, the newest last; blank where nobody
    looked. A cell stands for several values where there are more, and shows the worst."""
    each = max(1, -(-len(lows) // width))
    cells = []
    for end in range(len(lows), 0, -each):
        seen = [low for low in lows[max(0, end - each) : end] if low is not None]
        cells.append(_height(min(seen), capacity) if seen else " ")
    return "".join(reversed(cells)).rjust(width)


def _height(left: int, capacity: int) -> str:
    used = (capacity - left) * len(_HEIGHTS) // capacity
    return _HEIGHTS[min(used, len(_HEIGHTS) - 1)]
