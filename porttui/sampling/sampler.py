"""Takes a sample: the host's sockets, ranges and names as one Snapshot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from porttui.host.contract import Host
from porttui.host.request import HostError, SocketRequest
from porttui.model.address import PORTS, Protocol
from porttui.model.kernel import PortRange
from porttui.model.snapshot import Coverage, Problem, Snapshot
from porttui.model.socket_table import HIDDEN, SocketTable
from porttui.record import TYPE_CHECKING
from porttui.sampling.sources import SampleError

if TYPE_CHECKING:
    from porttui.model.kernel import Limits


class Sampler:
    """Samples one host, one sample at a time: a second caller waits for the first."""

    def __init__(self, host: Host, now: Callable[[], float] = time.time) -> None:
        self._host = host
        self._now = now
        self._lock = threading.Lock()

    @property
    def source(self) -> str:
        return self._host.sockets.name

    def sample(
        self, request: SocketRequest = SocketRequest.ALL, *, only_ephemeral: bool = False
    ) -> Snapshot:
        """Take a sample; partial failures are among the snapshot's problems.

        Args:
            request: Less than everything costs less.
            only_ephemeral: Sockets with a local port outside the ephemeral range may be missing,
                because no forecast needs them.

        Raises:
            SampleError: the sockets could not be read at all.
        """
        with self._lock:
            taken_at, start = self._now(), time.perf_counter()
            ephemeral, problems = self._ephemeral()
            ports = PORTS
            if only_ephemeral and ephemeral is not None:
                ports = range(ephemeral.first, ephemeral.last + 1)
            try:
                reading = self._host.sockets.read(request, ports)
            except HostError as error:
                raise SampleError(str(error)) from error
            return Snapshot(
                taken_at=taken_at,
                duration_ms=(time.perf_counter() - start) * 1000,
                source=self.source,
                sockets=reading.sockets,
                ephemeral=ephemeral,
                services=self._services(reading.sockets),
                coverage=Coverage(
                    self._host.is_elevated,
                    reading.sockets.ownerships.count(HIDDEN),
                    self._host.pids_match,
                ),
                problems=(*reading.problems, *problems, *self._pid_namespace_problems()),
                tcp_rules=self._host.tcp_rules() if not request.is_listening else None,
                lists_bound_inactive=self._host.lists_bound_inactive(),
            )

    def limits(self, sockets: SocketTable) -> Limits:
        """Limits, with the open files of the processes that hold most sockets."""
        # Imported late: most one-shot commands need no limits.
        from porttui.analysis.holders import top_socket_holders
        from porttui.model.kernel import ProcessFiles

        counts = [
            (process, self._host.open_files(process)) for process in top_socket_holders(sockets)
        ]
        process_files = [
            ProcessFiles(process, files) for process, files in counts if files is not None
        ]
        return self._host.limits()._replace(processes=tuple(process_files))

    def _ephemeral(self) -> tuple[PortRange | None, tuple[Problem, ...]]:
        try:
            return self._host.ephemeral_range(), ()
        except HostError as error:
            return None, (Problem("ephemeral range", str(error)),)

    def _pid_namespace_problems(self) -> tuple[Problem, ...]:
        if self._host.pids_match:
            return ()
        return (Problem("/proc", "shows another PID namespace: its pids are other processes here"),)

    def _services(self, sockets: SocketTable) -> dict[tuple[Protocol, int], str]:
        listening = {
            (Protocol.TCP if row < sockets.udp_start else Protocol.UDP, sockets.local_ports[row])
            for row in sockets.listening_rows()
        }
        names = ((key, self._host.service_name(*key)) for key in listening)
        return {key: name for key, name in names if name is not None}
