"""Samples again and again on a thread of its own, one sample at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.host.request import SocketRequest
from porttui.sampling.errors import SampleError
from porttui.ui.messages import SampleFailed, SampleTaken, SamplingCrashed

if TYPE_CHECKING:
    from porttui.sampling.dashboards import DashboardSource

SHARE = 0.085
"""Of one core, at most, for sampling the machine and showing the samples: when that takes long
the next complete sample comes later. The rest of a tenth is left for the session's idling."""

QUICK_SOURCE = "sock_diag"
"""Lists listeners at next to no cost, so that they stay at the interval when the rest cannot."""


class SamplingLoop:
    """Posts a message for each sample, and rests in between."""

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
        self._took_s = 0.0
        """How long the last complete sample took."""
        self._whole_s = 0.0
        self._listening_s = 0.0
        """What a sample costs, and what it costs to show it; seconds of processor time."""
        self._shown_s = 0.0
        self._wake = threading.Condition()
        self._wanted = False
        self._asked = True
        self._paused = False
        self._stopped = False
        # A daemon: sampling a machine whose /proc hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)

    def start(self) -> None:
        """Begin, with a sample at once; here and now if it is there, for the first frame."""
        if self._dashboards.is_ready():
            start = self._clock.monotonic()
            self._first = (start, self._sample(SocketRequest.ALL, start, due=None))
        self._thread.start()

    def stop(self) -> None:
        """End after the sample that is going on."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def sample_now(self) -> None:
        """Do not wait for the interval to end, nor for the pause."""
        with self._wake:
            self._wanted = True
            self._wake.notify()

    def shown(self, cost_s: float) -> None:
        """What it took to show the last dashboard, in seconds of processor time."""
        self._shown_s = cost_s

    def pause(self, paused: bool) -> None:
        """Rest until further notice, or go on at once."""
        with self._wake:
            self._paused = paused
            self._wanted = not paused
            self._wake.notify()

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._round()
        except BaseException as error:  # noqa: BLE001  the application raises it again
            if not self._stopped:
                self._post(SamplingCrashed(error))

    def _round(self) -> None:
        """Sample the whole machine, then listeners alone until the next complete sample is due."""
        if self._first is not None:
            (start, source), self._first = self._first, None
        else:
            start = self._clock.monotonic()
            source = self._sample(SocketRequest.ALL, start, due=None)
        due = start + self._period_s()
        while source == QUICK_SOURCE and due - self._clock.monotonic() > self._interval_s:
            if self._rest(self._clock.monotonic() + self._interval_s):
                return
            source = self._sample(SocketRequest.LISTENING, start, due)
        self._rest(due)

    def _sample(self, request: SocketRequest, start: float, due: float | None) -> str:
        """Post a dashboard, or why there is none; the name of the source it came from."""
        before_s = self._dashboards.cpu_s
        try:
            dashboard = self._dashboards.next(request)
        except SampleError as error:
            self._post(SampleFailed(str(error)))
            return ""
        took_s = self._clock.monotonic() - start
        cost_s = self._dashboards.cpu_s - before_s + self._shown_s
        if request is SocketRequest.ALL:
            self._took_s, self._whole_s = took_s, cost_s
        else:
            self._listening_s = cost_s
        if self._paused and not self._asked:
            pass  # it was under way when the pause began: the screen is to stay as it is
        elif due is None:
            self._post(SampleTaken(dashboard, took_s, self._period_s()))
        else:
            self._post(SampleTaken(dashboard, None, due - start))
        return dashboard.snapshot.source

    def _period_s(self) -> float:
        """From one complete sample to the next; samples of listeners in between take their share.

        Where a sample waits for a busy machine more than it works, it rests as long as it waits.
        """
        left = max(SHARE - self._listening_s / self._interval_s, SHARE / 2)
        return max(self._interval_s, self._whole_s / left, 2 * self._took_s)

    def _rest(self, until: float) -> bool:
        """Wait; True when a whole sample is wanted at once, or none any more."""
        with self._wake:
            while not self._must_act():
                left_s = until - self._clock.monotonic()
                if self._paused:
                    self._clock.wait_for(self._wake, lambda: self._must_act() or not self._paused)
                elif left_s > 0:
                    self._clock.wait_for(
                        self._wake, lambda: self._must_act() or self._paused, left_s
                    )
                else:
                    break
            acts = self._must_act()
            self._asked, self._wanted = self._wanted, False
            return acts

    def _must_act(self) -> bool:
        return self._stopped or self._wanted
