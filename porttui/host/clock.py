"""The machine's clocks, as one value that a test can replace."""

from __future__ import annotations

import time
from collections.abc import Callable

from porttui.record import Protocol

TYPE_CHECKING = False  # type checkers go by the name
if TYPE_CHECKING:
    from threading import Condition


class Clock(Protocol):
    """What passes time by; all in seconds."""

    def monotonic(self) -> float:
        """A count that is never set back."""

    def time(self) -> float:
        """The time since the epoch."""

    def thread_time(self) -> float:
        """Processor time of the calling thread."""

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""

    def wait_for(
        self, condition: Condition, predicate: Callable[[], object], timeout_s: float | None = None
    ) -> None:
        """Block until the predicate holds or the time is over; the caller has the condition."""


class SystemClock:
    """The real one."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def thread_time(self) -> float:
        return time.thread_time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait_for(
        self, condition: Condition, predicate: Callable[[], object], timeout_s: float | None = None
    ) -> None:
        condition.wait_for(predicate, timeout_s)


SYSTEM_CLOCK: Clock = SystemClock()
