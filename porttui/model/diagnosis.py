"""Whether an address can be bound, and what speaks for it."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import Address, Protocol
from porttui.model.port_range import PortRange
from porttui.model.socket import Socket
from porttui.record import NamedTuple


class BindVerdict(StrEnum):
    """What a new server finds that binds the address and listens."""

    HELD = "held"
    FREE = "free"
    FREE_WITH_REUSEADDR = "free_with_reuseaddr"
    """Only for a server that sets SO_REUSEADDR before it binds, as most do."""
    NOT_PERMITTED = "not_permitted"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """The kinds of reasons."""

    LISTENS = "listens"
    BOUND = "bound"
    """Bound, but not listening."""
    CONNECTED = "connected"
    """A connection that has the port at this end, and no listener any more or ever."""
    CLOSING = "closing"
    """Such a connection that no process holds: the kernel finishes it."""
    TIME_WAIT = "time_wait"
    UNSEEN = "unseen"
    """The kernel says that the address is in use, and lists nothing that would explain it."""
    PRIVILEGED = "privileged"
    NOT_HERE = "not_here"
    """The address is none of this machine."""
    UNTRIED = "untried"
    """Whether it can be bound could not be found out."""
    ELSEWHERE = "elsewhere"
    """A server has the port at an address that does not collide."""
    IN_RANGE = "in_range"
    """The port is in the ephemeral range: an outgoing connection may take it."""


class Reason(NamedTuple):
    """One thing that speaks for a verdict, or that somebody should know beside it."""

    why: Why
    socket: Socket | None = None


class AddressVerdict(NamedTuple):
    """What is true of one address."""

    address: Address
    verdict: BindVerdict
    reasons: tuple[Reason, ...]


class Diagnosis(NamedTuple):
    """What is true of a port, at the moment of one look."""

    protocol: Protocol
    port: int
    addresses: tuple[AddressVerdict, ...]
    sockets: tuple[Socket, ...]
    """Every socket with this local port, whatever its address."""
    ephemeral: PortRange | None
    problems: tuple[str, ...] = ()
    """What the look could not see."""

    @property
    def is_held(self) -> bool:
        """On any of the addresses."""
        return any(each.verdict is BindVerdict.HELD for each in self.addresses)

    @property
    def can_be_had(self) -> bool:
        """On all of the addresses, by a server that sets SO_REUSEADDR."""
        good = (BindVerdict.FREE, BindVerdict.FREE_WITH_REUSEADDR)
        return all(each.verdict in good for each in self.addresses)
