"""Captures stop targets: the holders of an endpoint and what else they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from porttui.analysis.address_rules import addresses_collide, addresses_may_collide, may_block_any
from porttui.analysis.holders import by_seniority, holders_of
from porttui.analysis.listeners import ListeningRow
from porttui.analysis.loopback_rows import ConnectionEnd
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.process import Process, ProcessIdentity
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket, TcpState
from porttui.model.stop import SocketCredentials, StopTarget


def target_of_listening_row(snapshot: Snapshot, row: ListeningRow) -> StopTarget:
    """The holders of a listened-on address."""
    on_port = sockets_on_port(snapshot, row.protocol, row.local.port)
    sockets = [socket for socket in on_port if socket.local == row.local and socket.is_listening]
    # The holders are the row's: it may be younger than the snapshot.
    return _target(snapshot, row.key, row.holders, row.user, sockets, is_listener=True)


def targets_on_port(
    snapshot: Snapshot, protocol: Protocol, port: int, addresses: Sequence[Address]
) -> tuple[StopTarget, ...]:
    """Every address on which the port is listened on or bound, and that is in the way.

    Without `addresses` all of them are. Connections that merely use the port are none.
    """
    ends: dict[Endpoint, list[Socket]] = {}
    for socket in sockets_on_port(snapshot, protocol, port):
        is_server = socket.is_listening or (socket.remote is None and bool(socket.holders))
        if is_server and (not addresses or may_block_any(addresses, socket)):
            ends.setdefault(socket.local, []).append(socket)
    return tuple(_target_of_server(snapshot, ends[end]) for end in sorted(ends, key=_ipv4_first))


def _ipv4_first(end: Endpoint) -> tuple[int, bytes]:
    return (len(end.address.packed), end.address.packed)


def target_of_connection_end(snapshot: Snapshot, end: ConnectionEnd) -> StopTarget:
    """The holders of one end of a loopback connection."""
    return _target_of_connection(snapshot, Protocol.TCP, end.endpoint, end.holders, end.user)


def target_of_socket(snapshot: Snapshot, socket: Socket) -> StopTarget:
    """The holders of a server's address, or of one end of a connection."""
    protocol, local = socket.protocol, socket.local
    if socket.is_listening:
        on_port = sockets_on_port(snapshot, protocol, local.port)
        return _target_of_server(snapshot, [socket for socket in on_port if socket.local == local])
    return _target_of_connection(snapshot, protocol, local, socket.holders, socket.user)


def _target_of_server(snapshot: Snapshot, sockets: Sequence[Socket]) -> StopTarget:
    """Of the sockets of one address."""
    key = (sockets[0].protocol, sockets[0].local)
    user = next((socket.user for socket in sockets if socket.user), None)
    return _target(snapshot, key, holders_of(sockets), user, sockets, is_listener=True)


def _target_of_connection(
    snapshot: Snapshot,
    protocol: Protocol,
    endpoint: Endpoint,
    held_by: Iterable[Process],
    user: str | None,
) -> StopTarget:
    on_port = sockets_on_port(snapshot, protocol, endpoint.port)
    sockets = [socket for socket in on_port if socket.local.bound_key == endpoint.bound_key]
    holders = by_seniority(held_by)
    return _target(snapshot, (protocol, endpoint), holders, user, sockets, is_listener=False)


def _target(
    snapshot: Snapshot,
    key: tuple[Protocol, Endpoint],
    holders: tuple[Process, ...],
    user: str | None,
    sockets: Iterable[Socket],
    *,
    is_listener: bool,
) -> StopTarget:
    """What is to be stopped at an end, and what a person has to know of it before.

    `sockets`: those of the end, whose credentials tell who opened them.
    """
    protocol, endpoint = key
    table = snapshot.sockets
    on_port = [table[row] for row in table.rows_on_port(protocol, endpoint.port)]
    return StopTarget(
        protocol=protocol,
        endpoint=endpoint,
        is_listener=is_listener,
        holders=holders,
        hidden_user=user,
        other_endpoints=other_endpoints(snapshot, holders, key if is_listener else None),
        clients=_clients(on_port, endpoint.address) if is_listener else 0,
        port_holders=frozenset(holder.identity for socket in on_port for holder in socket.holders),
        inodes=frozenset(socket.inode for socket in on_port) - {0},
        credentials=_credentials(sockets),
    )


def other_endpoints(
    snapshot: Snapshot, holders: Iterable[Process], except_for: tuple[Protocol, Endpoint] | None
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """For each pid the endpoints that its process listens on, as text, but for one."""
    endpoints: dict[ProcessIdentity, set[tuple[int, str]]] = {
        holder.identity: set() for holder in holders
    }
    for row in snapshot.sockets.listening_rows():
        socket = snapshot.sockets[row]
        if (socket.protocol, socket.local) == except_for:
            continue
        text = str(socket.local) if socket.protocol is Protocol.TCP else f"{socket.local} udp"
        for holder in socket.holders:
            if holder.identity in endpoints:
                endpoints[holder.identity].add((socket.local.port, text))
    return tuple(
        (identity.pid, tuple(text for _, text in sorted(held)))
        for identity, held in endpoints.items()
    )


def _clients(on_port: Iterable[Socket], address: Address) -> int:
    return sum(
        socket.state is TcpState.ESTABLISHED
        # An accepted socket has its listener's family: over [::] an IPv4 client is a mapped one.
        and socket.family is address.family
        and (address.is_wildcard or socket.local.address.unmapped == address.unmapped)
        and address.zone in ("", socket.local.address.zone)
        for socket in on_port
    )


def _credentials(sockets: Iterable[Socket]) -> tuple[tuple[int, SocketCredentials], ...]:
    return tuple(
        dict.fromkeys(
            (holder.pid, SocketCredentials(socket.uid, socket.user, socket.cgroup_id, socket.inode))
            for socket in sockets
            for holder in socket.holders
        )
    )


def sockets_on_port(snapshot: Snapshot, protocol: Protocol, port: int) -> Iterator[Socket]:
    """All sockets with this local port, at any address."""
    return (snapshot.sockets[row] for row in snapshot.sockets.rows_on_port(protocol, port))


def still_holds(snapshot: Snapshot, target: StopTarget, identity: ProcessIdentity) -> bool:
    """Whether the process has a socket on the target's end, in any state."""
    return any(
        holder.identity == identity
        for socket in sockets_on_port(snapshot, target.protocol, target.endpoint.port)
        if socket.local.bound_key == target.endpoint.bound_key
        for holder in socket.holders
    )


def colliding_sockets(
    snapshot: Snapshot, target: StopTarget, *, possibly: bool = False
) -> tuple[Socket, ...]:
    """Sockets that stand in the way of binding the target's address.

    `possibly`: with dual-stack listeners that may or may not take IPv4 too.
    """
    collide = addresses_may_collide if possibly else addresses_collide
    return tuple(
        socket
        for socket in sockets_on_port(snapshot, target.protocol, target.endpoint.port)
        if collide(socket.local.address, target.endpoint.address)
    )
