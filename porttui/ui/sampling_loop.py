"""The sampling thread: requests dashboards and posts them as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.host.request import SocketRequest
from porttui.model.snapshot import SOCK_DIAG
from porttui.sampling.sources import SampleError
from porttui.ui.messages import SampleFailed, SampleTaken, SamplingCrashed

if TYPE_CHECKING:
    from porttui.sampling.sources import DashboardSource

CPU_SHARE = 0.085
"""The share of one core for sampling and showing samples: expensive samples are taken less often.
The bar is a tenth of a core; the difference is what the session takes when idle."""

LISTENER_SOURCE = SOCK_DIAG
"""The source that lists listeners cheaply, so that they are sampled at every interval."""


class SamplingLoop:
    """Posts a message for every sample."""

    def __init__(
        self,
        dashboards: DashboardSource,
        interval_s: float,
        post: Callable[[Message], object],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Sample nothing yet; `post` takes each message, from any thread."""
        self._dashboards = dashboards
        self._interval_s = interval_s
        self._post = post
        self._clock = clock
        self._first: tuple[float, str] | None = None
        self._full_sample_s = 0.0
        """The duration of the last full sample."""
        self._full_sample_cpu_s = 0.0
        self._listener_sample_cpu_s = 0.0
        """CPU seconds of a full sample, of a sample of listeners, and of showing one."""
        self._show_cpu_s = 0.0
        self._wake = threading.Condition()
        self._is_requested = False
        self._was_requested = True
        self._is_paused = False
        self._is_stopped = False
        # A daemon: a hanging /proc must not block the exit.
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)

    def start(self) -> None:
        """Start sampling. A dashboard that is ready is posted at once, for the first frame."""
        if self._dashboards.is_ready():
            self._first = (
                self._clock.monotonic(),
                self._sample(SocketRequest.ALL, self._clock.monotonic(), next_full_at=None),
            )
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current sample."""
        with self._wake:
            self._is_stopped = True
            self._wake.notify()

    def sample_now(self) -> None:
        """Take a full sample now, even while paused."""
        with self._wake:
            self._is_requested = True
            self._wake.notify()

    def record_show_cost(self, cpu_s: float) -> None:
        """Record the CPU seconds that showing the last dashboard took."""
        self._show_cpu_s = cpu_s

    def pause(self, paused: bool) -> None:
        """Pause or resume sampling."""
        with self._wake:
            self._is_paused = paused
            self._is_requested = not paused
            self._wake.notify()

    def _run(self) -> None:
        try:
            while not self._is_stopped:
                self._run_cycle()
        except BaseException as error:  # noqa: BLE001  the application raises it
            if not self._is_stopped:
                self._post(SamplingCrashed(error))

    def _run_cycle(self) -> None:
        """Take a full sample, then samples of listeners while the next full one must wait."""
        if self._first is not None:
            (start, source), self._first = self._first, None
        else:
            start = self._clock.monotonic()
            source = self._sample(SocketRequest.ALL, start, next_full_at=None)
        next_full_at = start + self._period_s()
        while (
            source == LISTENER_SOURCE and next_full_at - self._clock.monotonic() > self._interval_s
        ):
            if self._wait_until(self._clock.monotonic() + self._interval_s):
                return
            source = self._sample(SocketRequest.LISTENING, start, next_full_at)
        self._wait_until(next_full_at)

    def _sample(self, request: SocketRequest, start: float, next_full_at: float | None) -> str:
        """Post a dashboard or the error; return the name of the source."""
        before_s = self._dashboards.cpu_s
        try:
            dashboard = self._dashboards.next(request)
        except SampleError as error:
            self._post(SampleFailed(str(error)))
            return ""
        took_s = self._clock.monotonic() - start
        cpu_s = self._dashboards.cpu_s - before_s + self._show_cpu_s
        if request is SocketRequest.ALL:
            self._full_sample_s, self._full_sample_cpu_s = took_s, cpu_s
        else:
            self._listener_sample_cpu_s = cpu_s
        if self._is_paused and not self._was_requested:
            pass  # requested before the pause: the screen must not change
        elif next_full_at is None:
            self._post(SampleTaken(dashboard, took_s, self._period_s()))
        else:
            self._post(SampleTaken(dashboard, None, next_full_at - start))
        return dashboard.snapshot.source

    def _period_s(self) -> float:
        """Seconds from one full sample to the next, within the CPU share of all samples.

        Samples take at most half of the time, even where they mostly wait.
        """
        remaining_share = max(
            CPU_SHARE - self._listener_sample_cpu_s / self._interval_s, CPU_SHARE / 2
        )
        return max(
            self._interval_s, self._full_sample_cpu_s / remaining_share, 2 * self._full_sample_s
        )

    def _wait_until(self, deadline: float) -> bool:
        """Wait until a deadline; True if a full sample or the end was requested."""
        with self._wake:
            while not self._is_interrupted():
                remaining_s = deadline - self._clock.monotonic()
                if self._is_paused:
                    self._clock.wait_for(
                        self._wake, lambda: self._is_interrupted() or not self._is_paused
                    )
                elif remaining_s > 0:
                    self._clock.wait_for(
                        self._wake,
                        lambda: self._is_interrupted() or self._is_paused,
                        remaining_s,
                    )
                else:
                    break
            interrupted = self._is_interrupted()
            self._was_requested, self._is_requested = self._is_requested, False
            return interrupted

    def _is_interrupted(self) -> bool:
        return self._is_stopped or self._is_requested
