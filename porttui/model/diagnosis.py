"""Diagnosis of a port: a verdict for each address, with reasons."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import Address, Protocol
from porttui.model.kernel import PortRange
from porttui.model.socket import Socket
from porttui.record import NamedTuple


class BindVerdict(StrEnum):
    """The result for a new server that binds the address and listens."""

    HELD = "held"
    FREE = "free"
    FREE_WITH_REUSEADDR = "free_with_reuseaddr"
    """Only for a server that sets SO_REUSEADDR before it binds, as most do."""
    NOT_PERMITTED = "not_permitted"
    NOT_AVAILABLE = "not_available"
    """The address cannot be assigned to a socket here (EADDRNOTAVAIL)."""
    UNKNOWN = "unknown"


class ReasonKind(StrEnum):
    """Kinds of reasons."""

    LISTENS = "listens"
    BOUND = "bound"
    """Bound, but not listening."""
    CONNECTED = "connected"
    """A connection that has the port at this end, and no listener any more or ever."""
    CLOSING = "closing"
    """Such a connection that no process holds: the kernel finishes it."""
    TIME_WAIT = "time_wait"
    UNLISTED = "unseen"
    """The kernel says that the address is in use, and lists nothing that would explain it."""
    PRIVILEGED = "privileged"
    """The port is below those that every user may bind."""
    FORBIDDEN = "forbidden"
    """A policy forbids it."""
    NOT_LOCAL = "not_here"
    """The address is none of this machine."""
    TENTATIVE = "tentative"
    """The address is being checked for a duplicate, or is one."""
    IPV6_OFF = "ipv6_off"
    NO_INTERFACE = "no_interface"
    """A link-local address without its interface."""
    NOT_TESTED = "untried"
    """Whether it can be bound could not be found out."""
    OTHER_ADDRESS = "elsewhere"
    """A server has the port at an address that does not collide."""
    EPHEMERAL = "in_range"
    """The port is in the ephemeral range: an outgoing connection may take it."""


class Reason(NamedTuple):
    """A reason for a verdict, or a note beside it."""

    kind: ReasonKind
    socket: Socket | None = None


class AddressVerdict(NamedTuple):
    """The verdict for one address."""

    address: Address
    verdict: BindVerdict
    reasons: tuple[Reason, ...]

    @property
    def is_bindable(self) -> bool:
        """By a server that sets SO_REUSEADDR."""
        return self.verdict in (BindVerdict.FREE, BindVerdict.FREE_WITH_REUSEADDR)


class Diagnosis(NamedTuple):
    """The verdicts for a port, from one sample."""

    protocol: Protocol
    port: int
    addresses: tuple[AddressVerdict, ...]
    sockets: tuple[Socket, ...]
    """Every socket with this local port, at any address."""
    ephemeral: PortRange | None
    problems: tuple[str, ...] = ()
    """What could not be read."""

    @property
    def is_held(self) -> bool:
        """On any of the addresses."""
        return any(address.verdict is BindVerdict.HELD for address in self.addresses)

    @property
    def is_bindable(self) -> bool:
        """On all of the addresses, by a server that sets SO_REUSEADDR."""
        return all(address.is_bindable for address in self.addresses)
