"""Dashboards that are sampled in the process of the test."""

from __future__ import annotations

from porttui.analysis.dashboard import Dashboard
from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.host.request import SocketRequest
from porttui.sampling.child import DashboardSampler
from porttui.sampling.sampler import Sampler


class LocalDashboards(DashboardSampler):
    """A source of dashboards for a session without a sampling child."""

    def __init__(self, sampler: Sampler, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(sampler, clock)
        self._cpu_s = 0.0

    @property
    def cpu_s(self) -> float:
        return self._cpu_s

    def next(self, request: SocketRequest = SocketRequest.ALL) -> Dashboard:
        started_s = self._clock.thread_time()
        dashboard = super().next(request)
        self._cpu_s += self._clock.thread_time() - started_s
        return dashboard

    def is_ready(self) -> bool:
        return False

    def close(self) -> None:
        pass
