"""Lookups that may never come back: so much time for all of them, and nobody waits longer."""

from __future__ import annotations

import time
from collections.abc import Callable

from porttui.record import Generic, TypeVar

T = TypeVar("T")

PERIOD_S = 15.0


class TimeBudget:
    """So many seconds in each period, for all who ask the same."""

    def __init__(self, seconds: float, period_s: float = PERIOD_S) -> None:
        self._seconds = seconds
        self._period_s = period_s
        self._remaining_s = seconds
        self._ends_at = float("-inf")

    @property
    def remaining_s(self) -> float:
        """How long somebody may still be waited for in this period."""
        if time.monotonic() >= self._ends_at:
            self._remaining_s, self._ends_at = self._seconds, time.monotonic() + self._period_s
        return max(0.0, self._remaining_s)

    def spend(self, seconds: float) -> None:
        """So long somebody was waited for."""
        self._remaining_s -= seconds


class TimeLimitedCaller(Generic[T]):
    """Asks somebody who may not answer, a name service for example, in a thread of its own."""

    def __init__(self, budget: TimeBudget) -> None:
        self._budget = budget

    def call(self, function: Callable[[], T]) -> T | None:
        """What `function` finds, which raises nothing; None where the budget is used up before
        that, or where no thread can be started that asks."""
        import threading  # seldom needed

        remaining_s = self._budget.remaining_s
        if not remaining_s:
            return None
        results: list[T] = []
        thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
        started_at = time.monotonic()
        try:
            thread.start()
        except RuntimeError:
            return None
        thread.join(remaining_s)
        self._budget.spend(time.monotonic() - started_at)
        return results[0] if results else None
