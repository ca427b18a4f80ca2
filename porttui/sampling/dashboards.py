"""Sources of dashboards: this process, or the sampling child."""

from __future__ import annotations

from porttui.analysis.dashboard import (
    Dashboard,
    DashboardHistory,
    next_dashboard,
    with_listening_rows,
)
from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.host.request import SocketRequest
from porttui.record import Protocol
from porttui.sampling.sampler import Sampler


class DashboardSource(Protocol):
    """Gives dashboards, one at a time."""

    def next(self, request: SocketRequest = SocketRequest.ALL) -> Dashboard:
        """Sample the machine; with SocketRequest.LISTENING, only its listeners.

        Raises:
            SampleError: nothing could be read.
            SamplerDefectError: porttui itself is at fault.
        """

    @property
    def cpu_s(self) -> float:
        """Processor time of all dashboards so far, in whatever process; seconds."""

    def is_ready(self) -> bool:
        """Whether a dashboard is complete, so that `next` will not wait for it."""

    def close(self) -> None:
        """Let go of what makes dashboards; `next` is not called again."""


class LocalDashboards:
    """Dashboards sampled in this process."""

    def __init__(self, sampler: Sampler, clock: Clock = SYSTEM_CLOCK) -> None:
        self._sampler = sampler
        self._clock = clock
        self._dashboard: Dashboard | None = None
        self._history: DashboardHistory | None = None
        self._cpu_s = 0.0

    @property
    def cpu_s(self) -> float:
        return self._cpu_s

    def next(self, request: SocketRequest = SocketRequest.ALL) -> Dashboard:
        now, cpu_started_s = self._clock.monotonic(), self._clock.thread_time()
        if (
            request is SocketRequest.LISTENING
            and self._dashboard is not None
            and self._history is not None
        ):
            snapshot = self._sampler.sample(SocketRequest.LISTENING_REFRESH)
            dashboard, history = with_listening_rows(self._dashboard, self._history, snapshot, now)
        else:
            dashboard, history = self._next_complete(now)
        self._dashboard, self._history = dashboard, history
        self._cpu_s += self._clock.thread_time() - cpu_started_s
        return dashboard

    def _next_complete(self, now: float) -> tuple[Dashboard, DashboardHistory]:
        snapshot = self._sampler.sample()
        return next_dashboard(self._history, snapshot, now, self._sampler.limits(snapshot.sockets))

    def is_ready(self) -> bool:
        return False

    def close(self) -> None:
        pass
