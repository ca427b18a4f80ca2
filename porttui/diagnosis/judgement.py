"""From the tables and the probes to a verdict. Pure: what is asked of the host comes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from porttui.analysis.overlap import stands_in_the_way
from porttui.host.contract import BindAnswer
from porttui.model.address import Address, Protocol
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis, Reason, Why
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.record import NamedTuple


class Probes(NamedTuple):
    """What the kernel answered to binding an address for a moment."""

    reusing: BindAnswer
    """With SO_REUSEADDR; on systems where that flag means something else, without."""
    plain: BindAnswer
    """Without. The same as `reusing` where that was refused already."""


def judge(
    snapshot: Snapshot, protocol: Protocol, port: int, probes: Mapping[Address, Probes]
) -> Diagnosis:
    """The verdict on each probed address.

    The snapshot is older than the probes: what only the probes know has come since, or is not
    listed.
    """
    table = snapshot.sockets
    sockets = tuple(table[row] for row in table.on_port(protocol, port))
    in_range = snapshot.ephemeral is not None and port in snapshot.ephemeral
    return Diagnosis(
        protocol=protocol,
        port=port,
        addresses=tuple(
            _judge_address(address, answers, sockets, in_range=in_range)
            for address, answers in probes.items()
        ),
        sockets=sockets,
        ephemeral=snapshot.ephemeral,
        problems=tuple(str(problem) for problem in snapshot.problems),
    )


def _judge_address(
    address: Address, answers: Probes, sockets: Sequence[Socket], *, in_range: bool
) -> AddressVerdict:
    colliding = [(each, stands_in_the_way(address, each)) for each in sockets]
    there = [each for each, collides in colliding if collides]
    verdict, reasons = _verdict(answers, there)
    if verdict is BindVerdict.HELD and not reasons:
        # A dual-stack listener that does not say so, or nothing at all that is listed.
        perhaps = [each for each, collides in colliding if collides is None]
        reasons = [_reason(each) for each in perhaps] or [Reason(Why.UNSEEN)]
    notes = list(_notes(sockets, there, reasons))
    if in_range and verdict in (BindVerdict.FREE, BindVerdict.FREE_WITH_REUSEADDR):
        notes.append(Reason(Why.IN_RANGE))
    return AddressVerdict(address, verdict, (*reasons, *notes))


def _verdict(answers: Probes, there: Sequence[Socket]) -> tuple[BindVerdict, list[Reason]]:
    listeners = [each for each in there if _refuses_everybody(each)]
    if listeners:
        # No flag gets past a listener, so nothing else on the port matters.
        return BindVerdict.HELD, [_reason(each) for each in listeners]
    reasons = _gathered(there)
    match answers:
        case (BindAnswer.BINDABLE, BindAnswer.BINDABLE):
            return BindVerdict.FREE, []
        case (BindAnswer.BINDABLE, _):
            return BindVerdict.FREE_WITH_REUSEADDR, reasons or [Reason(Why.UNSEEN)]
        case (BindAnswer.IN_USE, _):
            return BindVerdict.HELD, reasons
        case (BindAnswer.NOT_PERMITTED, _):
            return BindVerdict.NOT_PERMITTED, [Reason(Why.PRIVILEGED), *reasons]
        case (BindAnswer.NOT_HERE, _):
            return BindVerdict.UNKNOWN, [Reason(Why.NOT_HERE)]
    return BindVerdict.UNKNOWN, [Reason(Why.UNTRIED), *reasons]


def _refuses_everybody(each: Socket) -> bool:
    return each.state is TcpState.LISTEN or each.protocol is Protocol.UDP


def _gathered(sockets: Sequence[Socket]) -> list[Reason]:
    """One reason for each kind of connection and holder: a hundred of them say no more than one."""
    found: dict[object, Reason] = {}
    for each in sorted(sockets, key=_weight):
        reason = _reason(each)
        found.setdefault((reason.why, tuple(holder.pid for holder in each.holders)), reason)
    return list(found.values())


def _weight(each: Socket) -> tuple[bool, int]:
    """Those first that last longest: with a process, then the longest TIME_WAIT."""
    return (not each.holders, -(each.expires_ms or 0))


def _reason(each: Socket) -> Reason:
    return Reason(_why(each), each)


def _why(each: Socket) -> Why:
    if _refuses_everybody(each):
        return Why.LISTENS
    if each.state is TcpState.TIME_WAIT:
        return Why.TIME_WAIT
    if each.remote is None:
        return Why.BOUND
    return Why.CLOSING if each.ownership is Ownership.KERNEL else Why.CONNECTED


def _notes(
    sockets: Sequence[Socket], there: Sequence[Socket], reasons: Sequence[Reason]
) -> Iterator[Reason]:
    """Servers beside it: `localhost` may lead to them instead.

    Not those of the very processes that serve this address: they are one server.
    """
    named = [reason.socket for reason in reasons if reason.socket is not None]
    known = {each.holders for each in named if each.holders}
    for each in sockets:
        is_beside = each not in there and each not in named and each.holders not in known
        if _refuses_everybody(each) and is_beside:
            yield Reason(Why.ELSEWHERE, each)
