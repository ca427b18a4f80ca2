"""Judge each address from sockets and bind probes (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from porttui.analysis.address_rules import blocks_bind
from porttui.host.contract import BindResult
from porttui.model.address import Address, Protocol
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis, Reason, ReasonKind
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.record import NamedTuple


class BindProbes(NamedTuple):
    """The kernel's answers to binding an address for a moment."""

    reusing: BindResult
    """With SO_REUSEADDR; on systems where that flag means something else, without."""
    plain: BindResult
    """Without. The same as `reusing` where that was refused already."""


_REFUSALS = {
    BindResult.PRIVILEGED: (BindVerdict.NOT_PERMITTED, ReasonKind.PRIVILEGED),
    BindResult.FORBIDDEN: (BindVerdict.NOT_PERMITTED, ReasonKind.FORBIDDEN),
    BindResult.NOT_LOCAL: (BindVerdict.NOT_AVAILABLE, ReasonKind.NOT_LOCAL),
    BindResult.TENTATIVE: (BindVerdict.NOT_AVAILABLE, ReasonKind.TENTATIVE),
    BindResult.IPV6_OFF: (BindVerdict.NOT_AVAILABLE, ReasonKind.IPV6_OFF),
    BindResult.INVALID: (BindVerdict.NOT_AVAILABLE, ReasonKind.NO_INTERFACE),
}
"""Verdict and reason where bind() fails for another reason than that the port is in use."""


def refusal_kind(answer: BindResult) -> ReasonKind:
    """The reason for an answer other than BINDABLE and IN_USE."""
    _, kind = _REFUSALS.get(answer, (BindVerdict.UNKNOWN, ReasonKind.NOT_TESTED))
    return kind


def judge(
    snapshot: Snapshot, protocol: Protocol, port: int, probes: Mapping[Address, BindProbes]
) -> Diagnosis:
    """The verdict on each probed address.

    The snapshot is older than the probes: what only the probes know has come since, or is not
    listed.
    """
    table = snapshot.sockets
    sockets = tuple(table[row] for row in table.rows_on_port(protocol, port))
    in_range = snapshot.ephemeral is not None and port in snapshot.ephemeral
    return Diagnosis(
        protocol=protocol,
        port=port,
        addresses=tuple(
            _address_verdict(address, answers, sockets, in_range=in_range)
            for address, answers in probes.items()
        ),
        sockets=sockets,
        ephemeral=snapshot.ephemeral,
        problems=tuple(str(problem) for problem in snapshot.problems),
    )


def _address_verdict(
    address: Address, answers: BindProbes, sockets: Sequence[Socket], *, in_range: bool
) -> AddressVerdict:
    overlaps = [(socket, blocks_bind(address, socket)) for socket in sockets]
    conflicts = [socket for socket, collides in overlaps if collides]
    verdict, reasons = _verdict(answers, conflicts)
    if verdict is BindVerdict.HELD and not reasons:
        # A dual-stack listener that does not say so, or nothing at all that is listed.
        possible = [socket for socket, collides in overlaps if collides is None]
        reasons = [_reason(socket) for socket in possible] or [Reason(ReasonKind.UNLISTED)]
    notes = list(_notes(sockets, conflicts, reasons))
    if in_range and verdict in (BindVerdict.FREE, BindVerdict.FREE_WITH_REUSEADDR):
        notes.append(Reason(ReasonKind.EPHEMERAL))
    return AddressVerdict(address, verdict, (*reasons, *notes))


def _verdict(answers: BindProbes, conflicts: Sequence[Socket]) -> tuple[BindVerdict, list[Reason]]:
    verdict, kind = _REFUSALS.get(answers.reusing, (BindVerdict.UNKNOWN, ReasonKind.NOT_TESTED))
    refusal = [Reason(kind)]
    if verdict is BindVerdict.NOT_AVAILABLE:
        return verdict, refusal  # whoever listens, the address is not here
    listeners = [socket for socket in conflicts if _blocks_every_bind(socket)]
    if listeners:
        # No flag gets past a listener, but to stop it does not help who may not bind the port.
        not_permitted = refusal if verdict is BindVerdict.NOT_PERMITTED else []
        return BindVerdict.HELD, [*(_reason(socket) for socket in listeners), *not_permitted]
    reasons = _group_reasons(conflicts)
    match answers:
        case (BindResult.BINDABLE, BindResult.BINDABLE):
            return BindVerdict.FREE, []
        case (BindResult.BINDABLE, _):
            return BindVerdict.FREE_WITH_REUSEADDR, reasons or [Reason(ReasonKind.UNLISTED)]
        case (BindResult.IN_USE, _):
            return BindVerdict.HELD, reasons
    return verdict, [*refusal, *reasons]


def _blocks_every_bind(socket: Socket) -> bool:
    return socket.state is TcpState.LISTEN or socket.protocol is Protocol.UDP


def _group_reasons(sockets: Sequence[Socket]) -> list[Reason]:
    """One reason for each kind of connection and holder: a hundred of them say no more than one."""
    groups: dict[object, Reason] = {}
    for socket in sorted(sockets, key=_duration_key):
        reason = _reason(socket)
        groups.setdefault((reason.kind, tuple(holder.pid for holder in socket.holders)), reason)
    return list(groups.values())


def _duration_key(socket: Socket) -> tuple[bool, int]:
    """Those first that last longest: with a process, then the longest TIME_WAIT."""
    return (not socket.holders, -(socket.expires_ms or 0))


def _reason(socket: Socket) -> Reason:
    if _blocks_every_bind(socket):
        kind = ReasonKind.LISTENS
    elif socket.state is TcpState.TIME_WAIT:
        kind = ReasonKind.TIME_WAIT
    elif socket.remote is None:
        kind = ReasonKind.BOUND
    elif socket.ownership is Ownership.KERNEL:
        kind = ReasonKind.CLOSING
    else:
        kind = ReasonKind.CONNECTED
    return Reason(kind, socket)


def _notes(
    sockets: Sequence[Socket], conflicts: Sequence[Socket], reasons: Sequence[Reason]
) -> Iterator[Reason]:
    """Servers beside it: `localhost` may lead to them instead.

    Not those of the very processes that serve this address: they are one server.
    """
    reported = [reason.socket for reason in reasons if reason.socket is not None]
    known = {socket.holders for socket in reported if socket.holders}
    for socket in sockets:
        is_beside = (
            socket not in conflicts and socket not in reported and socket.holders not in known
        )
        if _blocks_every_bind(socket) and is_beside:
            yield Reason(ReasonKind.OTHER_ADDRESS, socket)
