"""The sampling child: main and its request handler."""

from __future__ import annotations

import gc
import os
import pickle
import sys

from porttui.host.child_process import serve_requests
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.record import TYPE_CHECKING
from porttui.sampling.dashboards import LocalDashboards
from porttui.sampling.errors import SampleError
from porttui.sampling.process import (
    DASHBOARD_REQUESTS,
    PICKLE_PROTOCOL,
    SNAPSHOT_REQUESTS,
    SamplingReply,
)
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from porttui.analysis.dashboard import Dashboard, Generations
    from porttui.sampling.dashboards import DashboardSource
    from porttui.sampling.snapshots import SnapshotSource

_ANSWERS_PER_COLLECTION = 100
_DASHBOARDS = {code: request for request, code in DASHBOARD_REQUESTS.items()}
_SNAPSHOTS = {code: request for request, code in SNAPSHOT_REQUESTS.items()}


def main() -> None:
    """Answer until the parent is gone."""
    # A sample of tens of thousands of sockets is tuples without cycles. To search them for
    # cycles takes a tenth of the time of making them.
    gc.disable()
    sampler = Sampler(local_host(SourceName(sys.argv[1])))
    serve_requests(RequestHandler(LocalDashboards(sampler), sampler))


class RequestHandler:
    """Dashboards as frames, each without what the parent has from the one before; and snapshots."""

    def __init__(self, dashboards: DashboardSource, snapshots: SnapshotSource) -> None:
        self._dashboards = dashboards
        self._snapshots = snapshots
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
                reply = SamplingReply(snapshot=self._snapshots.sample(_SNAPSHOTS[request]))
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
