"""What a stop would act on, and what else it would touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from porttui.analysis.holders import by_seniority
from porttui.analysis.listening import ListeningRow
from porttui.analysis.loopback_rows import End
from porttui.analysis.overlap import exposes_same, may_expose_same, stands_in_the_way
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.process import Process, ProcessIdentity
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket, TcpState
from porttui.model.stop import SocketMaker, StopTarget


def target_of_listening(snapshot: Snapshot, row: ListeningRow) -> StopTarget:
    """The holders of a listened-on address."""
    return StopTarget(
        protocol=row.protocol,
        endpoint=row.local,
        listens=True,
        holders=row.holders,
        hidden_user=row.user,
        also_holds=also_holds(snapshot, row.holders, but=row.key),
        clients=_clients(snapshot, row.protocol, row.local),
        around=_around(snapshot, row.protocol, row.local.port),
        inodes=_inodes(snapshot, row.protocol, row.local.port),
        makers=_makers(
            each
            for each in same_port(snapshot, row.protocol, row.local.port)
            if each.local == row.local and each.is_listening
        ),
    )


def targets_on_port(
    snapshot: Snapshot, protocol: Protocol, port: int, addresses: Sequence[Address]
) -> tuple[StopTarget, ...]:
    """Every address on which the port is listened on or bound, and that is in the way.

    Without `addresses` all of them are. Connections that merely use the port are none.
    """
    ends: dict[Endpoint, list[Socket]] = {}
    for each in same_port(snapshot, protocol, port):
        is_server = each.is_listening or (each.remote is None and bool(each.holders))
        if is_server and _is_in_the_way(each, addresses):
            ends.setdefault(each.local, []).append(each)
    return tuple(_target(snapshot, end, ends[end]) for end in sorted(ends, key=_ipv4_first))


def _ipv4_first(end: Endpoint) -> tuple[int, bytes]:
    return (len(end.address.packed), end.address.packed)


def _is_in_the_way(each: Socket, addresses: Sequence[Address]) -> bool:
    if not addresses:
        return True
    return any(stands_in_the_way(address, each) is not False for address in addresses)


def _target(snapshot: Snapshot, end: Endpoint, sockets: Sequence[Socket]) -> StopTarget:
    protocol = sockets[0].protocol
    holders = by_seniority(holder for each in sockets for holder in each.holders)
    return StopTarget(
        protocol=protocol,
        endpoint=end,
        listens=True,
        holders=holders,
        hidden_user=next((each.user for each in sockets if each.user), None),
        also_holds=also_holds(snapshot, holders, but=(protocol, end)),
        clients=_clients(snapshot, protocol, end),
        around=_around(snapshot, protocol, end.port),
        inodes=_inodes(snapshot, protocol, end.port),
        makers=_makers(sockets),
    )


def target_of_end(snapshot: Snapshot, end: End) -> StopTarget:
    """The holders of one end of a loopback connection."""
    return _target_of_one(snapshot, Protocol.TCP, end.endpoint, end.holders, end.user)


def target_of_socket(snapshot: Snapshot, each: Socket) -> StopTarget:
    """The holders of a server's address, or of one end of a connection."""
    if each.is_listening:
        same = same_port(snapshot, each.protocol, each.local.port)
        return _target(snapshot, each.local, [one for one in same if one.local == each.local])
    return _target_of_one(snapshot, each.protocol, each.local, each.holders, each.user)


def _target_of_one(
    snapshot: Snapshot,
    protocol: Protocol,
    endpoint: Endpoint,
    held_by: Iterable[Process],
    user: str | None,
) -> StopTarget:
    holders = by_seniority(held_by)
    return StopTarget(
        protocol=protocol,
        endpoint=endpoint,
        listens=False,
        holders=holders,
        hidden_user=user,
        also_holds=also_holds(snapshot, holders, but=None),
        clients=0,
        around=_around(snapshot, protocol, endpoint.port),
        inodes=_inodes(snapshot, protocol, endpoint.port),
        makers=_makers(
            each
            for each in same_port(snapshot, protocol, endpoint.port)
            if each.local.peer_key == endpoint.peer_key
        ),
    )


def also_holds(
    snapshot: Snapshot, holders: Iterable[Process], but: tuple[Protocol, Endpoint] | None
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """For each pid the endpoints that its process listens on, as text, but for one."""
    listening = [snapshot.sockets[row] for row in snapshot.sockets.listening_rows()]
    return tuple((holder.pid, _listened_on(listening, holder.identity, but)) for holder in holders)


def _listened_on(
    listening: Iterable[Socket], identity: ProcessIdentity, but: tuple[Protocol, Endpoint] | None
) -> tuple[str, ...]:
    held = {
        (each.local.port, _spelled(each))
        for each in listening
        if (each.protocol, each.local) != but
        and any(holder.identity == identity for holder in each.holders)
    }
    return tuple(spelled for _, spelled in sorted(held))


def _spelled(each: Socket) -> str:
    return str(each.local) if each.protocol is Protocol.TCP else f"{each.local} udp"


def _clients(snapshot: Snapshot, protocol: Protocol, endpoint: Endpoint) -> int:
    address = endpoint.address
    return sum(
        each.state is TcpState.ESTABLISHED
        # An accepted socket has its listener's family: over [::] an IPv4 client is a mapped one.
        and each.family is address.family
        and (address.is_wildcard or each.local.address.unmapped == address.unmapped)
        for each in same_port(snapshot, protocol, endpoint.port)
    )


def _around(snapshot: Snapshot, protocol: Protocol, port: int) -> frozenset[ProcessIdentity]:
    found = same_port(snapshot, protocol, port)
    return frozenset(holder.identity for each in found for holder in each.holders)


def _makers(sockets: Iterable[Socket]) -> tuple[tuple[int, SocketMaker], ...]:
    return tuple(
        dict.fromkeys(
            (holder.pid, SocketMaker(each.uid, each.user, each.cgroup_id, each.inode))
            for each in sockets
            for holder in each.holders
        )
    )


def _inodes(snapshot: Snapshot, protocol: Protocol, port: int) -> frozenset[int]:
    table = snapshot.sockets
    return frozenset(table.inodes[row] for row in table.on_port(protocol, port)) - {0}


def same_port(snapshot: Snapshot, protocol: Protocol, port: int) -> Iterator[Socket]:
    """All sockets with this local port, at whatever address."""
    return (snapshot.sockets[row] for row in snapshot.sockets.on_port(protocol, port))


def still_holds(snapshot: Snapshot, target: StopTarget, identity: ProcessIdentity) -> bool:
    """Whether the process has a socket on the target's end, in whatever state."""
    return any(
        holder.identity == identity
        for each in same_port(snapshot, target.protocol, target.endpoint.port)
        if each.local.peer_key == target.endpoint.peer_key
        for holder in each.holders
    )


def on_port(snapshot: Snapshot, target: StopTarget) -> tuple[Socket, ...]:
    """All sockets that certainly stand in the way of binding the target's address."""
    return tuple(
        each
        for each in same_port(snapshot, target.protocol, target.endpoint.port)
        if exposes_same(each.local.address, target.endpoint.address)
    )


def perhaps_on_port(snapshot: Snapshot, target: StopTarget) -> tuple[Socket, ...]:
    """As `on_port`, with dual-stack listeners that may or may not take IPv4 too."""
    return tuple(
        each
        for each in same_port(snapshot, target.protocol, target.endpoint.port)
        if may_expose_same(each.local.address, target.endpoint.address)
    )
