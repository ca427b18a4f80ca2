"""Sockets as the kernel lists them."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import Address, Endpoint, Family, Protocol
from porttui.model.process import Process
from porttui.record import NamedTuple


class TcpState(StrEnum):
    """TCP states (RFC 9293, 3.3.2) in psutil's spelling."""

    ESTABLISHED = "ESTABLISHED"
    SYN_SENT = "SYN_SENT"
    SYN_RECV = "SYN_RECV"
    FIN_WAIT1 = "FIN_WAIT1"
    FIN_WAIT2 = "FIN_WAIT2"
    TIME_WAIT = "TIME_WAIT"
    CLOSE = "CLOSE"
    CLOSE_WAIT = "CLOSE_WAIT"
    LAST_ACK = "LAST_ACK"
    LISTEN = "LISTEN"
    CLOSING = "CLOSING"
    DELETE_TCB = "DELETE_TCB"


CLOSING_STATES = frozenset(
    {
        TcpState.FIN_WAIT1,
        TcpState.FIN_WAIT2,
        TcpState.CLOSE_WAIT,
        TcpState.CLOSING,
        TcpState.LAST_ACK,
    }
)
"""One side, or both, have finished sending (RFC 9293, 3.3.2); TIME_WAIT has ended."""


class Ownership(StrEnum):
    """Whether the processes that hold a socket are known. No process has two reasons."""

    KNOWN = "known"
    HIDDEN = "hidden"
    """A process holds it that this user may not see (or not even root can: another
    PID namespace, or the kernel itself holding an open socket)."""
    KERNEL = "kernel"
    """Without a process by nature: TIME_WAIT, orphans, connections not accepted yet."""
    GONE = "gone"
    """It was closed before its holder was read: a short connection."""
    NOT_LOOKED_UP = "unasked"
    """Holders were not read."""


OWNERSHIP_WORDS = {
    Ownership.HIDDEN: "hidden",
    Ownership.GONE: "gone",
    Ownership.KERNEL: "(kernel)",
    Ownership.NOT_LOOKED_UP: "",
}
"""What is shown in place of a holder's name."""


LOOPBACK_DEVICE = "lo"
"""Linux creates it in each network namespace."""


class Exposure(StrEnum):
    """From where a bound address can be reached."""

    LOOPBACK = "loopback"
    ONE_INTERFACE = "one_interface"
    ALL_INTERFACES = "all_interfaces"


EXPOSURE_WORDS = {
    Exposure.LOOPBACK: "loopback",
    Exposure.ONE_INTERFACE: "one interface",
    Exposure.ALL_INTERFACES: "all interfaces",
}


def exposure(address: Address) -> Exposure:
    """By the bound address and device. A firewall may narrow it: that is not seen here."""
    if address.zone:
        return Exposure.LOOPBACK if address.zone == LOOPBACK_DEVICE else Exposure.ONE_INTERFACE
    if address.is_wildcard:
        return Exposure.ALL_INTERFACES
    return Exposure.LOOPBACK if address.is_loopback else Exposure.ONE_INTERFACE


class Socket(NamedTuple):
    """One socket. `holders` are all processes with a file descriptor open on it."""

    protocol: Protocol
    state: TcpState | None
    """None for UDP, which has no states."""
    local: Endpoint
    remote: Endpoint | None
    ownership: Ownership = Ownership.KERNEL
    holders: tuple[Process, ...] = ()
    uid: int | None = None
    """Who made the socket, where the kernel reports it (never for TIME_WAIT)."""
    user: str | None = None
    inode: int = 0
    """The kernel's number of the open socket; 0 without one, and where the source reports none."""
    v6only: bool | None = None
    """IPV6_V6ONLY: whether an IPv6 listener leaves IPv4 to others; None where unknown."""
    expires_ms: int | None = None
    """How long TIME_WAIT still lasts; None for other states and where unknown."""
    recv_queue: int = 0
    """Bytes to be read; of a listener the connections that wait to be accepted."""
    send_queue: int = 0
    """Bytes not acknowledged; of a listener its backlog. 0 where queues are unknown."""
    cgroup_id: int = 0
    """The control group (cgroups(7), version 2) that it was opened in, by the inode of its
    directory; 0 where it is unknown, as for connections."""

    @property
    def family(self) -> Family:
        """The socket's address family."""
        return self.local.address.family

    @property
    def is_listening(self) -> bool:
        """A TCP listener, or a UDP socket bound and not connected: what `ss -l` lists."""
        if self.protocol is Protocol.UDP:
            return self.remote is None and self.local.port != 0
        return self.state is TcpState.LISTEN

    @property
    def is_on_loopback(self) -> bool:
        """A TCP socket, in any state, with both its addresses on loopback."""
        return (
            self.protocol is Protocol.TCP
            and self.remote is not None
            and self.local.address.is_loopback
            and self.remote.address.is_loopback
        )
