"""One connection over loopback, with both its ends."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from porttui.light_typing import NamedTuple
from porttui.model.address import Address, Endpoint
from porttui.model.process import Process, ProcessIdentity
from porttui.model.socket import TcpState


class EndStatus(StrEnum):
    """What is known of who is at one end."""

    HELD = "held"
    HIDDEN = "hidden"
    NOT_ACCEPTED = "not accepted yet"
    """It waits in the listener's queue: the server has not called accept(2)."""
    CLOSING = "closing"
    """The process has let go of it; the kernel finishes the closing."""
    MISSING = "peer not seen"
    """No such socket in this network namespace: it is in another one, or has just vanished."""
    ITSELF = "itself"
    """One socket connected to itself: it is both ends."""


class Direction(StrEnum):
    """How sure it is which end is the server."""

    KNOWN = "known"
    """One end's address is listened on."""
    LIKELY = "likely"
    """Only the other end's port is in the ephemeral range."""
    UNKNOWN = "unknown"


class End(NamedTuple):
    """One end of a connection."""

    endpoint: Endpoint
    """With an IPv4-mapped address written as IPv4."""
    status: EndStatus
    holders: tuple[Process, ...]
    user: str | None
    state: TcpState | None


class PairRow(NamedTuple):
    """One connection over loopback."""

    client: End
    server: End
    direction: Direction
    service: str | None = None
    """Name of the service on the server's port."""

    @property
    def key(self) -> int:
        """The same whichever end is taken for the server."""
        client, server = (end_number(*end.endpoint) for end in (self.client, self.server))
        [key] = pair_keys([client], [server])
        return key

    @property
    def signature(self) -> tuple[tuple[ProcessIdentity, ...], ...]:
        """Differs when an end changed hands, a first accept included; not when roles flip."""
        ends = sorted((self.client, self.server), key=lambda end: end_number(*end.endpoint))
        return tuple(tuple(each.identity for each in end.holders) for end in ends)

    @property
    def is_half_closed(self) -> bool:
        """One side has begun to close."""
        ends = (self.client, self.server)
        return any(end.status in _OPEN and end.state not in _OPEN_STATES for end in ends)


_OPEN = frozenset({EndStatus.HELD, EndStatus.HIDDEN, EndStatus.CLOSING, EndStatus.ITSELF})
_OPEN_STATES = frozenset({TcpState.ESTABLISHED, None})


def end_number(address: Address, port: int) -> int:
    """An end as one number, the same in every sample, and for 127.0.0.1 and ::ffff:127.0.0.1.

    IPv4's are short ones, for which Python is quick; in front of each address stands a bit, so
    that none is the other family's.
    """
    unmapped = address.unmapped
    return (1 << 8 * len(unmapped) | int.from_bytes(unmapped, "big")) << 16 | port


def pair_keys(ones: Iterable[int], others: Iterable[int]) -> list[int]:
    """Two ends each as one number, the same whichever comes first."""
    return [
        one << _END_BITS | other if one < other else other << _END_BITS | one
        for one, other in zip(ones, others, strict=True)
    ]


_END_BITS = 1 + 128 + 16
"""Of the longest number of an end."""
