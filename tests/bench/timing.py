"""Measures functions in turns (A B C A B C), so that a slow moment affects all of them."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Timing(NamedTuple):
    """Milliseconds."""

    median: float
    least: float
    most: float
    p95: float
    """Nineteen of twenty took no longer."""

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.least:.1f} to {self.most:.1f})"


def timing(times_ms: list[float]) -> Timing:
    """Median and spread."""
    p95 = sorted(times_ms)[math.ceil(0.95 * len(times_ms)) - 1]
    return Timing(statistics.median(times_ms), min(times_ms), max(times_ms), p95)


def measure_in_turns(
    functions: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, Timing]:
    """Call every function once a round."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: timing(values) for name, values in times.items()}
