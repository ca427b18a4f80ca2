"""Judge a port after a stop, from sockets and a bind probe."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.stop_targets import colliding_sockets, sockets_on_port
from porttui.host.contract import BindResult
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket
from porttui.model.stop import StopOutcome, StopTarget
from porttui.record import NamedTuple
from porttui.text import stop as text


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


def judge(target: StopTarget, snapshot: Snapshot, answer: BindResult) -> Verdict:
    """Tables first: they name holders. The probe decides what they cannot tell."""
    on_address = colliding_sockets(snapshot, target)
    possible = colliding_sockets(snapshot, target, possibly=True)
    elsewhere = _elsewhere(snapshot, target, on_address)
    can_bind = {BindResult.BINDABLE: True, BindResult.IN_USE: False}.get(answer)
    held = _held_sockets(on_address)
    if held:
        return Verdict(StopOutcome.STILL_HELD_BY_OTHERS, held, can_bind, elsewhere)
    if not target.is_listener:
        # An end of a connection: it was not a port to be bound, and the closing is the kernel's.
        return Verdict(StopOutcome.FREED, on_address, can_bind, elsewhere)
    if can_bind:
        outcome = StopOutcome.FREED_LINGERING if on_address else StopOutcome.FREED
        return Verdict(outcome, on_address, can_bind, elsewhere)
    if on_address:
        return Verdict(StopOutcome.FREED_LINGERING, on_address, can_bind, elsewhere)
    if can_bind is False and _held_sockets(possible):
        return Verdict(StopOutcome.STILL_HELD_BY_OTHERS, _held_sockets(possible), can_bind)
    return Verdict(
        StopOutcome.EXITED_BUT_UNVERIFIED, on_address, can_bind, elsewhere, _REASONS[answer]
    )


NEWCOMER_OUTCOMES = frozenset({StopOutcome.RESPAWNED, StopOutcome.TAKEN_BY_OTHER})
"""Outcomes in which somebody has the port who had nothing to do with it before."""


def classify_holders(
    verdict: Verdict, target: StopTarget, chosen: Sequence[Process], signalled_at: float
) -> Verdict:
    """Whoever holds the port after all: was there before, was started again, or is another.

    Args:
        verdict: What the port is like now.
        target: What it was like before.
        chosen: The processes that are gone.
        signalled_at: When they were signalled, in seconds since the epoch.
    """
    if verdict.outcome is not StopOutcome.STILL_HELD_BY_OTHERS:
        return verdict
    before = {process.identity for process in target.holders} | target.port_holders
    newcomers = {
        holder.identity: holder
        for socket in verdict.held_by
        for holder in socket.holders
        if holder.identity not in before
        and _is_newly_held(socket, target, holder.create_time > signalled_at - _CLOCK_GRAIN_S)
    }
    holders = {holder.identity for socket in verdict.held_by for holder in socket.holders}
    if not newcomers or len(newcomers) < len(holders):
        return verdict
    is_respawn = any(_is_respawn(new, old) for new in newcomers.values() for old in chosen)
    return verdict._replace(
        outcome=StopOutcome.RESPAWNED if is_respawn else StopOutcome.TAKEN_BY_OTHER
    )


def _is_newly_held(socket: Socket, target: StopTarget, started_since: bool) -> bool:
    """Whether a process that was not seen on the port before took it now.

    One that started since tells it only where sockets have no numbers: with a socket that was there
    before it is a late child, which has inherited it. Then the port was never free.
    """
    return not target.had_socket(socket) if socket.inode else started_since


def _is_respawn(new: Process, old: Process) -> bool:
    """The same command line, or the same name under the same parent."""
    if new.cmdline and new.cmdline == old.cmdline:
        return True
    return new.name == old.name and new.ppid == old.ppid


_CLOCK_GRAIN_S = 0.02
"""Start times come in ticks of 10 ms after a boot time in whole seconds (proc_pid_stat(5))."""

_REASONS = {
    BindResult.IN_USE: text.BOUND_UNLISTED,
    BindResult.PRIVILEGED: text.BIND_NOT_PERMITTED,
    BindResult.FORBIDDEN: text.BIND_NOT_PERMITTED,
    BindResult.NOT_LOCAL: text.NO_LONGER_LOCAL,
    BindResult.TENTATIVE: text.NO_LONGER_LOCAL,
    BindResult.IPV6_OFF: text.NO_LONGER_LOCAL,
    BindResult.INVALID: text.BIND_NOT_TRIED,
    BindResult.UNKNOWN: text.BIND_NOT_TRIED,
    BindResult.BINDABLE: "",
}


def _held_sockets(sockets: tuple[Socket, ...]) -> tuple[Socket, ...]:
    unheld = (Ownership.KERNEL, Ownership.GONE)
    return tuple(socket for socket in sockets if socket.ownership not in unheld)


def _elsewhere(
    snapshot: Snapshot, target: StopTarget, on_address: tuple[Socket, ...]
) -> tuple[Socket, ...]:
    """Listeners on the same port at addresses that do not collide."""
    return tuple(
        socket
        for socket in sockets_on_port(snapshot, target.protocol, target.endpoint.port)
        if socket.is_listening and socket not in on_address
    )
