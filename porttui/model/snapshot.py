"""One sample of the machine."""

from __future__ import annotations

from collections.abc import Mapping

from porttui.model.address import Protocol
from porttui.model.kernel import PortRange, TcpRules
from porttui.model.socket_table import SocketTable
from porttui.record import NamedTuple


class Problem(NamedTuple):
    """Something a sample could not read, in words. The rest of the sample stands."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Coverage(NamedTuple):
    """How much of the machine this user may see."""

    elevated: bool
    """True for root on POSIX, an administrator on Windows."""
    hidden_holders: int
    """Sockets with a holder that this user may not see."""
    pids_match: bool = True
    """False where /proc shows another PID namespace: the pids mean other processes here."""


SOCK_DIAG = "sock_diag"
"""The source that reports devices, queues and control groups."""


class Snapshot(NamedTuple):
    """All sockets of this network namespace, as read between `taken_at` and `duration_ms` later."""

    taken_at: float
    """Seconds since the epoch."""
    duration_ms: float
    source: str
    """Where the sockets were read: SOCK_DIAG, "/proc/net" or "psutil"."""
    sockets: SocketTable
    ephemeral: PortRange | None
    """The range this kernel draws ephemeral ports from; None where it is unknown."""
    services: Mapping[tuple[Protocol, int], str]
    """Service names of the listening ports, from the machine's services database."""
    coverage: Coverage
    problems: tuple[Problem, ...] = ()
    tcp_rules: TcpRules | None = None
    """The rules of using a port again; None where unknown, or not requested."""
    lists_bound_inactive: bool = False
    """Whether TCP sockets that are bound and idle would be among the sockets."""
