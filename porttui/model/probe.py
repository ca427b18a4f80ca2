"""Results of connect probes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from porttui.model.address import Endpoint
from porttui.model.process import Process, Suspension
from porttui.model.socket import Socket
from porttui.record import NamedTuple


class ProbeOutcome(StrEnum):
    """The outcome of a connect probe."""

    REFUSED = "refused"
    """A reset came at once: nobody listens there, or a firewall rejects it."""
    NOT_ACCEPTED = "not_accepted"
    """The kernel completed the connection; no process of this machine has accepted it."""
    TIMED_OUT = "timed_out"
    """No answer at all: packets are dropped, or the listen queue is full."""
    UNREACHABLE = "unreachable"
    """There is no way to that address."""
    NO_PORT = "no_port"
    """There is one, but every port to connect from is in use."""
    NOT_PERMITTED = "not_permitted"
    """This system forbids it: a firewall's reject, a sandbox."""
    FAILED = "failed"
    """Another error of the system; `detail` says which."""
    RESET = "reset"
    """Connected, then cut off."""
    CLOSED = "closed"
    """Connected, then closed by the other side without a word."""
    SILENT = "silent"
    """Accepted, and nothing is said: most servers wait for the client to begin."""
    ANSWERS = "answers"
    """Connected, and something is said."""

    @property
    def is_connected(self) -> bool:
        """Whether the other side took the connection."""
        return self in (
            ProbeOutcome.RESET,
            ProbeOutcome.CLOSED,
            ProbeOutcome.SILENT,
            ProbeOutcome.ANSWERS,
        )


class ConnectProbe(NamedTuple):
    """A connection attempt to one address."""

    remote: Endpoint
    """As it was asked for."""
    outcome: ProbeOutcome
    took_ms: float
    """Until it was connected, or known that it would not be."""
    answer: bytes = b""
    """The first bytes that were said, as they came: hostile."""
    detail: str = ""
    ended_ms: float = 0.0
    """Until the first bytes or the end of the connection came."""
    was_asked: bool = False
    """Whether an HTTP request was sent."""
    local: Endpoint | None = None
    """This end of the connection; None without one."""
    device: str | None = None
    """The interface of this machine that has the remote address; None if it is another machine's,
    or that is unknown."""


class ProbeResult(NamedTuple):
    """The probes of every address of a name, and the listeners on that port."""

    host: str
    """As it was typed; safe to print."""
    port: int
    probes: tuple[ConnectProbe, ...]
    listeners: tuple[Socket, ...]
    """All TCP listeners on that port of this machine, at any address."""
    suspended: Mapping[Process, Suspension] = MappingProxyType({})
    """Holders of these listeners that do not run."""

    @property
    def is_connected(self) -> bool:
        """Whether some address accepted the connection."""
        return any(probe.outcome.is_connected for probe in self.probes)
