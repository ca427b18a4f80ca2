"""The kernel is the judge: connect and bind until it refuses, and count."""

from __future__ import annotations

import sys
from errno import EADDRINUSE, EADDRNOTAVAIL
from pathlib import Path

import pytest

from porttui.model.forecast import Headroom
from tests.forecast.filling import fill_destination
from tests.forecast.kernel_judge import FIRST_SEED_WITH_DEVICES, Trial, judge
from tests.host.namespaces import Network, require_root
from tests.host.process_context import ProcessContext

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's rules")

_BATCH = 40


@pytest.mark.parametrize(
    "first",
    [
        *range(0, 320, _BATCH),
        *range(FIRST_SEED_WITH_DEVICES, FIRST_SEED_WITH_DEVICES + 320, _BATCH),
    ],
)
def test_mixes(first: int) -> None:
    require_root()
    trials = ProcessContext().call(judge, range(first, first + _BATCH))
    assert len(trials) == _BATCH
    misses = [miss for trial in trials for miss in _misses(trial)]
    assert not misses, "\n".join(misses)


@pytest.mark.parametrize("span", ["40000 40099", "32768 60999"])
def test_a_destination_that_fills_and_empties(network: Network, span: str) -> None:
    """In a small range, and in that of Linux' default with its 28,232 ports."""
    network.context.call(_set_range, span)
    result = network.context.call(fill_destination)
    first, last = map(int, span.split())
    capacity = last - first + 1
    everything, nothing = Headroom(capacity, capacity, capacity), Headroom(0, 0, 0)
    assert [each.headroom for each in result.before.destinations] == [everything] * 2
    assert result.connected == capacity
    crowded, other = result.full.destinations
    assert (crowded.in_use, crowded.headroom) == (capacity, nothing)
    assert (other.in_use, other.headroom) == (0, Headroom(0, capacity, capacity))
    assert [each.headroom.expected for each in result.full.binds] == [0, 0, capacity]
    assert result.refused == (EADDRNOTAVAIL, None, EADDRINUSE)
    assert [each.headroom for each in result.after.destinations] == [everything] * 2


def _set_range(span: str) -> None:
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"{span}\n")


def _misses(trial: Trial) -> list[str]:
    if trial.defect:
        return [f"seed {trial.seed}: {trial.defect}"]
    misses = []
    for question, headroom, came in trial.answers:
        # A client with the ends of one that is bound to a device resets the other's connection:
        # a port may come free while they are counted.
        came_free = 2 if trial.seed >= FIRST_SEED_WITH_DEVICES and "connect" in question else 0
        is_right = headroom.at_least <= came <= headroom.at_most + came_free
        if not trial.is_spoilt:
            is_right &= headroom.expected - trial.is_odd <= came <= headroom.expected + came_free
        if not is_right:
            mix = ", ".join(trial.explains)
            misses.append(f"seed {trial.seed}: {question}: {headroom}, came {came}: {mix}")
    return misses
