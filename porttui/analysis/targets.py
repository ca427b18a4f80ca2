"""What a stop would act on, and what else it would touch."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.analysis.holders import by_seniority
from porttui.analysis.listening import ListeningRow
from porttui.analysis.loopback import End
from porttui.analysis.overlap import exposes_same, may_expose_same
from porttui.model.address import Endpoint, Protocol
from porttui.model.process import Process, ProcessIdentity
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket, TcpState
from porttui.model.stop import StopTarget


def target_of_listening(snapshot: Snapshot, row: ListeningRow) -> StopTarget:
    """The holders of a listened-on address."""
    return StopTarget(
        protocol=row.protocol,
        endpoint=row.local,
        listens=True,
        holders=row.holders,
        hidden_user=row.user,
        also_holds=_also_holds(snapshot, row.holders, row.local),
        clients=_clients(snapshot, row.protocol, row.local),
    )


def target_of_end(snapshot: Snapshot, end: End) -> StopTarget:
    """The holders of one end of a loopback connection."""
    holders = by_seniority(end.holders)
    return StopTarget(
        protocol=Protocol.TCP,
        endpoint=end.endpoint,
        listens=False,
        holders=holders,
        hidden_user=end.user,
        also_holds=_also_holds(snapshot, holders, end.endpoint),
        clients=0,
    )


def _also_holds(
    snapshot: Snapshot, holders: Iterable[Process], endpoint: Endpoint
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    listening = [each for each in snapshot.sockets if each.is_listening]
    return tuple(
        (holder.pid, _listened_on(listening, holder.identity, endpoint)) for holder in holders
    )


def _listened_on(
    listening: Iterable[Socket], identity: ProcessIdentity, but: Endpoint
) -> tuple[str, ...]:
    held = {
        (each.local.port, _spelled(each))
        for each in listening
        if each.local != but and any(holder.identity == identity for holder in each.holders)
    }
    return tuple(spelled for _, spelled in sorted(held))


def _spelled(each: Socket) -> str:
    return str(each.local) if each.protocol is Protocol.TCP else f"{each.local} udp"


def _clients(snapshot: Snapshot, protocol: Protocol, endpoint: Endpoint) -> int:
    return sum(
        each.state is TcpState.ESTABLISHED
        and each.protocol is protocol
        and each.local.port == endpoint.port
        and may_expose_same(each.local.address, endpoint.address)
        for each in snapshot.sockets
    )


def still_holds(snapshot: Snapshot, target: StopTarget, identity: ProcessIdentity) -> bool:
    """Whether the process has a socket on the target's end, in whatever state."""
    return any(
        any(holder.identity == identity for holder in each.holders)
        for each in snapshot.sockets
        if each.protocol is target.protocol and each.local.peer_key == target.endpoint.peer_key
    )


def on_port(snapshot: Snapshot, target: StopTarget) -> tuple[Socket, ...]:
    """All sockets that certainly stand in the way of binding the target's address."""
    return tuple(
        each
        for each in snapshot.sockets
        if each.protocol is target.protocol
        and each.local.port == target.endpoint.port
        and exposes_same(each.local.address, target.endpoint.address)
    )


def perhaps_on_port(snapshot: Snapshot, target: StopTarget) -> tuple[Socket, ...]:
    """As `on_port`, with dual-stack listeners that may or may not take IPv4 too."""
    return tuple(
        each
        for each in snapshot.sockets
        if each.protocol is target.protocol
        and each.local.port == target.endpoint.port
        and may_expose_same(each.local.address, target.endpoint.address)
    )
