"""Who looks at the machine: a sampler here, or the process beside the session."""

from __future__ import annotations

from porttui.host.request import SocketRequest
from porttui.model.snapshot import Snapshot
from porttui.record import Protocol


class SnapshotSource(Protocol):
    """Gives snapshots, one at a time; several threads may ask."""

    def sample(self, request: SocketRequest = SocketRequest.ALL) -> Snapshot:
        """Look at the machine, not before it is asked for.

        Raises:
            SampleError: the sockets could not be read at all.
        """
