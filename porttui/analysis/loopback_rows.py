"""A loopback connection: its two ends, which is the server, and the numbers that are its key."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from porttui.model.address import Address, Endpoint
from porttui.model.process import Process, ProcessIdentity
from porttui.model.socket import TcpState
from porttui.model.socket_table import SocketTable
from porttui.record import NamedTuple


class EndStatus(StrEnum):
    """What is known about the holder of one end."""

    HELD = "held"
    HIDDEN = "hidden"
    GONE = "gone"
    """It was closed before its holder could be looked up."""
    NOT_ACCEPTED = "not accepted yet"
    """It waits in the listener's queue: the server has not called accept(2)."""
    CLOSING = "closing"
    """The process has let go of it; the kernel finishes the closing."""
    MISSING = "peer not seen"
    """No such socket in this network namespace: it is in another one, or has just vanished."""
    ITSELF = "itself"
    """One socket connected to itself: it is both ends."""


class RoleCertainty(StrEnum):
    """How certain it is which end is the server."""

    KNOWN = "known"
    """One end's address is listened on."""
    LIKELY = "likely"
    """Only the other end's port is in the ephemeral range."""
    UNKNOWN = "unknown"


class ConnectionEnd(NamedTuple):
    """One end of a connection."""

    endpoint: Endpoint
    """With an IPv4-mapped address written as IPv4."""
    status: EndStatus
    holders: tuple[Process, ...]
    user: str | None
    state: TcpState | None

    @property
    def is_held(self) -> bool:
        """Whether a process has it."""
        return self.status is EndStatus.HELD


class PairRow(NamedTuple):
    """One connection over loopback."""

    client: ConnectionEnd
    server: ConnectionEnd
    role_certainty: RoleCertainty
    service: str | None = None
    """Name of the service on the server's port."""

    @property
    def key(self) -> int:
        """The same whichever end is taken for the server."""
        client, server = (endpoint_number(*end.endpoint) for end in (self.client, self.server))
        [key] = connection_keys([client], [server])
        return key

    @property
    def signature(self) -> tuple[tuple[ProcessIdentity, ...], ...]:
        """Differs when an end changed hands, a first accept included; not when roles flip."""
        ends = sorted((self.client, self.server), key=lambda end: endpoint_number(*end.endpoint))
        return tuple(tuple(process.identity for process in end.holders) for end in ends)

    @property
    def is_half_closed(self) -> bool:
        """One side has begun to close."""
        ends = (self.client, self.server)
        return any(end.status in _OPEN and end.state not in _OPEN_STATES for end in ends)


_OPEN = frozenset(EndStatus) - {EndStatus.NOT_ACCEPTED, EndStatus.MISSING}
_OPEN_STATES = frozenset({TcpState.ESTABLISHED, None})


def endpoint_number(address: Address, port: int) -> int:
    """An end as one number, the same in every sample, and for 127.0.0.1 and ::ffff:127.0.0.1.

    IPv4's are short ones, for which Python is quick; in front of each address stands a bit, so
    that none is the other family's.
    """
    unmapped = address.unmapped
    return (1 << 8 * len(unmapped) | int.from_bytes(unmapped, "big")) << 16 | port


def address_numbers(sockets: SocketTable) -> list[int]:
    """By its number each address's part of an `endpoint_number`, the same for 127.0.0.1 and
    ::ffff:127.0.0.1; the port is its lowest bits."""
    return [
        0 if address is None else endpoint_number(address, 0) for address in sockets.side.addresses
    ]


def connection_keys(ones: Iterable[int], others: Iterable[int]) -> list[int]:
    """Two ends each as one number, the same whichever comes first."""
    return [
        one << _ENDPOINT_BITS | other if one < other else other << _ENDPOINT_BITS | one
        for one, other in zip(ones, others, strict=True)
    ]


_ENDPOINT_BITS = 1 + 128 + 16
"""Of the longest number of an end."""
