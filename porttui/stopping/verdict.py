"""What is true of a port after a stop, from the tables and a bind probe."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.targets import on_port, perhaps_on_port, same_port
from porttui.host.contract import BindAnswer
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket
from porttui.model.stop import StopOutcome, StopTarget
from porttui.record import NamedTuple


class Verdict(NamedTuple):
    """The outcome of a stop whose processes are gone, with what it rests on."""

    outcome: StopOutcome
    held_by: tuple[Socket, ...] = ()
    can_bind: bool | None = None
    elsewhere: tuple[Socket, ...] = ()
    reason: str = ""

    @property
    def is_free(self) -> bool:
        """Nobody holds the port; a closing connection may linger on it."""
        return self.outcome in (StopOutcome.FREED, StopOutcome.FREED_LINGERING)

    @property
    def is_final(self) -> bool:
        """False where a moment more may show it free: siblings may be exiting, too."""
        return self.outcome is StopOutcome.FREED


def judge(target: StopTarget, snapshot: Snapshot, answer: BindAnswer) -> Verdict:
    """Tables first: they name holders. The probe decides what they cannot tell."""
    there = on_port(snapshot, target)
    near = perhaps_on_port(snapshot, target)
    elsewhere = _elsewhere(snapshot, target, there)
    can_bind = {BindAnswer.BINDABLE: True, BindAnswer.IN_USE: False}.get(answer)
    held = _held(there)
    if held:
        return Verdict(StopOutcome.STILL_HELD_BY_OTHERS, held, can_bind, elsewhere)
    if not target.listens:
        # An end of a connection: it was not a port to be bound, and the closing is the kernel's.
        return Verdict(StopOutcome.FREED, there, can_bind, elsewhere)
    if can_bind:
        outcome = StopOutcome.FREED_LINGERING if there else StopOutcome.FREED
        return Verdict(outcome, there, can_bind, elsewhere)
    if there:
        return Verdict(StopOutcome.FREED_LINGERING, there, can_bind, elsewhere)
    if can_bind is False and _held(near):
        return Verdict(StopOutcome.STILL_HELD_BY_OTHERS, _held(near), can_bind)
    return Verdict(StopOutcome.EXITED_BUT_UNVERIFIED, there, can_bind, elsewhere, _REASONS[answer])


NEWCOMERS = frozenset({StopOutcome.RESPAWNED, StopOutcome.TAKEN_BY_OTHER})
"""Outcomes in which somebody has the port who had nothing to do with it before."""


def told_apart(
    verdict: Verdict, target: StopTarget, chosen: Sequence[Process], since: float
) -> Verdict:
    """Whoever holds the port after all: was there before, was started anew, or is another.

    Args:
        verdict: What the port is like now.
        target: What it was like before.
        chosen: The processes that are gone.
        since: When they were signalled, in seconds since the epoch.
    """
    if verdict.outcome is not StopOutcome.STILL_HELD_BY_OTHERS:
        return verdict
    before = {process.identity for process in target.holders} | target.around
    newcomers = {
        holder.identity: holder
        for each in verdict.held_by
        for holder in each.holders
        if holder.identity not in before
        and _is_newly_held(each, target, holder.create_time > since - _CLOCK_GRAIN_S)
    }
    holders = {holder.identity for each in verdict.held_by for holder in each.holders}
    if not newcomers or len(newcomers) < len(holders):
        return verdict
    anew = any(_is_started_anew(one, old) for one in newcomers.values() for old in chosen)
    return verdict._replace(outcome=StopOutcome.RESPAWNED if anew else StopOutcome.TAKEN_BY_OTHER)


def _is_newly_held(each: Socket, target: StopTarget, began_since: bool) -> bool:
    """Whether a process that was not seen on the port before came by it anew.

    One that began since tells it only where sockets have no numbers: with a socket that was there
    before it is a late child, which has inherited it. Then the port was never free.
    """
    return not target.had(each) if each.inode else began_since


def _is_started_anew(one: Process, old: Process) -> bool:
    """The same command line, or the same name under the same parent."""
    if one.cmdline and one.cmdline == old.cmdline:
        return True
    return one.name == old.name and one.ppid == old.ppid


_CLOCK_GRAIN_S = 0.02
"""Start times come in ticks of 10 ms after a boot time in whole seconds (proc_pid_stat(5))."""

_REASONS = {
    BindAnswer.IN_USE: (
        "nothing is listed on the address, yet the system says that it is in use: "
        "a socket bound to it does not listen"
    ),
    BindAnswer.NOT_PERMITTED: (
        "nothing is listed on the address; whether it can be bound "
        "only a user who may bind that port can try"
    ),
    BindAnswer.NOT_HERE: "nothing is listed on the address, which is none of this machine any more",
    BindAnswer.UNKNOWN: (
        "nothing is listed on the address; whether it can be bound could not be tried"
    ),
    BindAnswer.BINDABLE: "",
}


def _held(sockets: tuple[Socket, ...]) -> tuple[Socket, ...]:
    nobodys = (Ownership.KERNEL, Ownership.GONE)
    return tuple(each for each in sockets if each.ownership not in nobodys)


def _elsewhere(
    snapshot: Snapshot, target: StopTarget, there: tuple[Socket, ...]
) -> tuple[Socket, ...]:
    """Listeners on the same port at addresses that do not collide."""
    return tuple(
        each
        for each in same_port(snapshot, target.protocol, target.endpoint.port)
        if each.is_listening and each not in there
    )
