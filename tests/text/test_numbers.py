"""Ages in whole units."""

from __future__ import annotations

import pytest

from porttui.analysis.holders import whole_units
from porttui.text.numbers import age


@pytest.mark.parametrize(
    ("seconds", "whole"),
    [(-3.0, 0), (0.4, 0), (1.9, 1), (59.9, 59), (60, 60), (119, 60), (3600, 3600), (7199, 3600),
     (86399, 82800), (86400 * 2.5, 172800)],
)  # fmt: skip
def test_rounded_down_to_the_largest_unit_that_fits(seconds: float, whole: int) -> None:
    assert whole_units(seconds) == whole
    assert age(whole) == age(max(0.0, seconds))
