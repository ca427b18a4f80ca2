"""How a trend is drawn."""

from __future__ import annotations

import pytest

from porttui.ui.widgets.range_notes import sparkline


@pytest.mark.parametrize(
    ("lows", "drawn"),
    [
        pytest.param((), "    ", id="nothing seen"),
        pytest.param((100,), "   ▁", id="all left"),
        pytest.param((0,), "   █", id="nothing left"),
        pytest.param((100, None, 50, 0), "▁ ▅█", id="a gap, half, nothing"),
        pytest.param((0, 100, 100, 100, 100, 100, 100, 100), "█▁▁▁", id="older than it is wide"),
        pytest.param((100,) * 7 + (0,), "▁▁▁█", id="the newest last"),
        pytest.param((None, None, 100, None, 50, 0), " ▁█", id="the most used of each part"),
    ],
)
def test_the_whole_time_is_drawn(lows: tuple[int | None, ...], drawn: str) -> None:
    assert sparkline(lows, 100, len(drawn)) == drawn
