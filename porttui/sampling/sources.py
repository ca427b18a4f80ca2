"""What gives samples to the session and the commands, and what it raises."""

from __future__ import annotations

from porttui.host.request import SocketRequest
from porttui.record import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from porttui.analysis.dashboard import Dashboard
    from porttui.model.snapshot import Snapshot


class SampleError(Exception):
    """Nothing could be read; the message says why. The previous sample is stale."""


class SamplerDefectError(Exception):
    """A defect of porttui in the sampling child; the message is its traceback."""


class SnapshotSource(Protocol):
    """Gives snapshots, one at a time; safe for several threads."""

    def sample(self, request: SocketRequest = SocketRequest.ALL) -> Snapshot:
        """Take a new sample.

        Raises:
            SampleError: the sockets could not be read at all.
        """


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
