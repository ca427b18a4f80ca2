"""The sampling child: it makes dashboards and sends what has changed."""

from __future__ import annotations

import gc
import os
import pickle
import sys

from porttui.analysis.dashboard import (
    Dashboard,
    DashboardHistory,
    Generations,
    next_dashboard,
    with_listening_rows,
)
from porttui.host.child_process import serve_requests
from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.host.local import local_host
from porttui.host.request import SocketRequest, SourceName
from porttui.sampling.process import (
    DASHBOARD_REQUESTS,
    PICKLE_PROTOCOL,
    SNAPSHOT_REQUESTS,
    SamplingReply,
)
from porttui.sampling.sampler import Sampler
from porttui.sampling.sources import SampleError

_ANSWERS_PER_COLLECTION = 100
_DASHBOARDS = {code: request for request, code in DASHBOARD_REQUESTS.items()}
_SNAPSHOTS = {code: request for request, code in SNAPSHOT_REQUESTS.items()}


def main() -> None:
    """Answer until the parent is gone."""
    # A sample of tens of thousands of sockets is tuples without cycles. To search them for
    # cycles takes a tenth of the time of making them.
    gc.disable()
    sampler = Sampler(local_host(SourceName(sys.argv[1])))
    serve_requests(RequestHandler(sampler))


class DashboardSampler:
    """Makes each dashboard from a sample and the one before."""

    def __init__(self, sampler: Sampler, clock: Clock = SYSTEM_CLOCK) -> None:
        self._sampler = sampler
        self._clock = clock
        self._last: tuple[Dashboard, DashboardHistory] | None = None

    def next(self, request: SocketRequest = SocketRequest.ALL) -> Dashboard:
        """Sample everything; for LISTENING after the first time only the listeners."""
        now = self._clock.monotonic()
        if request is SocketRequest.LISTENING and self._last is not None:
            snapshot = self._sampler.sample(SocketRequest.LISTENING_REFRESH)
            self._last = with_listening_rows(*self._last, snapshot, now)
        else:
            snapshot = self._sampler.sample()
            history = self._last[1] if self._last else None
            limits = self._sampler.limits(snapshot.sockets)
            self._last = next_dashboard(history, snapshot, now, limits)
        return self._last[0]


class RequestHandler:
    """Dashboards as frames, each without what the parent has from the one before; and snapshots."""

    def __init__(self, sampler: Sampler) -> None:
        self._dashboards = DashboardSampler(sampler)
        self._sampler = sampler
        self._sent: Generations | None = None
        """What the parent has."""
        self._answer_count = 0

    def __call__(self, request: bytes) -> bytes:
        """Answer one of DASHBOARD_REQUESTS or SNAPSHOT_REQUESTS."""
        self._answer_count += 1
        if self._answer_count % _ANSWERS_PER_COLLECTION == 0:
            gc.collect()
        try:
            if request in _SNAPSHOTS:
                reply = SamplingReply(snapshot=self._sampler.sample(_SNAPSHOTS[request]))
            else:
                reply = self._changes_since_last(self._dashboards.next(_DASHBOARDS[request]))
        except SampleError as error:
            reply = SamplingReply(failure=str(error))
        except Exception:  # noqa: BLE001  it is raised again in the parent
            import traceback

            reply = SamplingReply(defect=traceback.format_exc())
        reply = reply._replace(cpu_s=sum(os.times()[:4]))
        return pickle.dumps(reply, protocol=PICKLE_PROTOCOL)

    def _changes_since_last(self, dashboard: Dashboard) -> SamplingReply:
        sent, self._sent = self._sent, dashboard.generations
        if sent is None:
            return SamplingReply(dashboard)
        return SamplingReply(changed=dashboard.changes_since(sent))
