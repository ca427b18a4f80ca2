"""The protocol of everything that gives snapshots."""

from __future__ import annotations

from porttui.host.request import SocketRequest
from porttui.model.snapshot import Snapshot
from porttui.record import Protocol


class SnapshotSource(Protocol):
    """Gives snapshots, one at a time; safe for several threads."""

    def sample(self, request: SocketRequest = SocketRequest.ALL) -> Snapshot:
        """Take a new sample.

        Raises:
            SampleError: the sockets could not be read at all.
        """
