"""The loopback pane: both ends of each connection that stays on this machine, in one row.

A connection is two sockets, each with the other's address as its remote one. Their addresses are
compared unmapped: an IPv4 client of a dual-stack server has an IPv6 socket as its peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from porttui.model.address import Address, Endpoint, Family, Protocol
from porttui.model.port_range import PortRange
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket, TcpState


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
    def key(self) -> tuple[object, ...]:
        """The same whichever end is taken for the server."""
        return tuple(sorted((self.client.endpoint.peer_key, self.server.endpoint.peer_key)))

    @property
    def signature(self) -> tuple[object, ...]:
        """Differs when an end changed hands, a first accept included."""
        holders = (*self.client.holders, *self.server.holders)
        return (self.server.status, *(process.identity for process in holders))

    @property
    def is_half_closed(self) -> bool:
        """One side has begun to close."""
        states = {self.client.state, self.server.state} - {None}
        return states != {TcpState.ESTABLISHED}


_Ends = tuple[tuple[bytes, int], tuple[bytes, int]]


def loopback_pairs(snapshot: Snapshot) -> tuple[PairRow, ...]:
    """Established TCP connections with both ends on loopback, ordered by server and client port."""
    ends: dict[_Ends, Socket] = {}
    for each in snapshot.sockets:
        if is_loopback_connection(each) and each.remote is not None:
            ends[each.local.peer_key, each.remote.peer_key] = each
    listeners = _Listeners.of(snapshot)
    rows: dict[_Ends, PairRow] = {}
    for (local, remote), each in ends.items():
        if each.state is TcpState.ESTABLISHED and (remote, local) not in rows:
            pair = _pair(each, ends, listeners, snapshot.ephemeral)
            port = (Protocol.TCP, pair.server.endpoint.port)
            rows[local, remote] = pair._replace(service=snapshot.services.get(port))
    return tuple(
        sorted(
            rows.values(),
            key=lambda row: (row.server.endpoint.port, row.client.endpoint.port, row.key),
        )
    )


def is_loopback_connection(each: Socket) -> bool:
    """A TCP socket, in whatever state, with both its addresses on loopback."""
    return (
        each.protocol is Protocol.TCP
        and each.remote is not None
        and each.local.address.is_loopback
        and each.remote.address.is_loopback
    )


class _Listeners(NamedTuple):
    """What is listened on, to tell servers from clients."""

    exact: frozenset[tuple[Family, bytes, int]]
    wildcard: frozenset[tuple[Family, int]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Listeners:
        found = [each for each in snapshot.sockets if each.state is TcpState.LISTEN]
        return cls(
            frozenset((each.family, *each.local.peer_key) for each in found),
            frozenset(
                (each.family, each.local.port) for each in found if each.local.address.is_wildcard
            ),
        )

    def serve(self, endpoint: Endpoint, family: Family | None) -> bool:
        """Whether `endpoint` is listened on. An accepted socket has its listener's family."""
        families = (Family.IPV4, Family.IPV6) if family is None else (family,)
        return any(
            (each, *endpoint.peer_key) in self.exact or (each, endpoint.port) in self.wildcard
            for each in families
        )


def _pair(
    near: Socket,
    ends: Mapping[_Ends, Socket],
    listeners: _Listeners,
    ephemeral: PortRange | None,
) -> PairRow:
    assert near.remote is not None
    far = ends.get((near.remote.peer_key, near.local.peer_key))
    here = _end(near.local, near)
    there = _end(near.remote, far)
    if far is near:
        there = there._replace(status=EndStatus.ITSELF)
        return PairRow(here, there, Direction.UNKNOWN)
    serves_here = _is_server(here, near, listeners)
    serves_there = _is_server(there, far, listeners)
    if serves_here != serves_there:
        direction = Direction.KNOWN
    else:
        drawn_here = ephemeral is not None and here.endpoint.port in ephemeral
        drawn_there = ephemeral is not None and there.endpoint.port in ephemeral
        direction = Direction.LIKELY if drawn_here != drawn_there else Direction.UNKNOWN
        serves_here = (drawn_here, here.endpoint.port) < (drawn_there, there.endpoint.port)
    return PairRow(there, here, direction) if serves_here else PairRow(here, there, direction)


def _is_server(end: End, found: Socket | None, listeners: _Listeners) -> bool:
    if end.status is EndStatus.NOT_ACCEPTED:
        return True
    return listeners.serve(end.endpoint, found.family if found else None)


def _end(endpoint: Endpoint, found: Socket | None) -> End:
    plain = Endpoint(Address.of_packed(endpoint.address.unmapped), endpoint.port)
    if found is None:
        return End(plain, EndStatus.MISSING, (), None, None)
    if found.holders:
        status = EndStatus.HELD
    elif found.ownership is Ownership.HIDDEN:
        status = EndStatus.HIDDEN
    elif found.state is TcpState.ESTABLISHED:
        status = EndStatus.NOT_ACCEPTED
    else:
        status = EndStatus.CLOSING
    return End(plain, status, found.holders, found.user, found.state)
