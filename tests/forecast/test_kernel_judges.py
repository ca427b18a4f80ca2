"""The kernel is the judge: connect and bind until it refuses, and count."""

from __future__ import annotations

import sys

import pytest

from tests.forecast.judging import Trial, judge
from tests.host.elsewhere import Elsewhere
from tests.host.namespaces import require_root

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's rules")

_BATCH = 40


@pytest.mark.parametrize("first", range(0, 320, _BATCH))
def test_mixes(first: int) -> None:
    require_root()
    trials = Elsewhere().call(judge, range(first, first + _BATCH))
    assert len(trials) == _BATCH
    misses = [miss for trial in trials for miss in _misses(trial)]
    assert not misses, "\n".join(misses)


def _misses(trial: Trial) -> list[str]:
    if trial.defect:
        return [f"seed {trial.seed}: {trial.defect}"]
    misses = []
    for question, headroom, came in trial.answers:
        is_right = headroom.at_least <= came <= headroom.at_most
        if not trial.is_spoilt:
            is_right &= headroom.expected - trial.is_odd <= came <= headroom.expected
        if not is_right:
            mix = ", ".join(trial.explains)
            misses.append(f"seed {trial.seed}: {question}: {headroom}, came {came}: {mix}")
    return misses
