"""Time limits for lookups that may never return."""

from __future__ import annotations

import time
from collections.abc import Callable

from porttui.record import TypeVar

T = TypeVar("T")

PERIOD_S = 15.0


class TimeBudget:
    """Seconds available per period, shared by all callers."""

    def __init__(self, seconds: float, period_s: float = PERIOD_S) -> None:
        self._seconds = seconds
        self._period_s = period_s
        self._remaining_s = seconds
        self._ends_at = float("-inf")

    @property
    def remaining_s(self) -> float:
        """Seconds left in this period."""
        if time.monotonic() >= self._ends_at:
            self._remaining_s, self._ends_at = self._seconds, time.monotonic() + self._period_s
        return max(0.0, self._remaining_s)

    def spend(self, seconds: float) -> None:
        """Subtract time used."""
        self._remaining_s -= seconds


class TimeLimitedCaller:
    """Calls functions that may not return, such as a name service's, in threads."""

    def __init__(self, budget: TimeBudget) -> None:
        self._budget = budget

    def call(self, function: Callable[[], T]) -> T | None:
        """Call `function`, which must not raise, in a thread.

        None on timeout or if no thread can start.
        """
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
