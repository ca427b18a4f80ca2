"""`porttui free`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from porttui.analysis.holders import by_seniority
from porttui.analysis.targets import targets_on_port
from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Given, Grammar, Option
from porttui.cli.output import write
from porttui.cli.shared_options import (
    ADDRESS,
    JSON,
    PORT_WORDS,
    SOURCE,
    TIMEOUT,
    UDP,
    given_source,
    needed_place,
)
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.asking import SourceName
from porttui.host.local import local_host
from porttui.model.address import Endpoint, Place
from porttui.model.diagnosis import Diagnosis
from porttui.model.process import Process
from porttui.model.stop import SentSignal, StopOutcome, StopResult, StopSignal, StopTarget
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.stopping.guards import Guard
from porttui.stopping.stopper import Stopper
from porttui.text.diagnosis import reasons, spelled
from porttui.text.processes import names, with_user
from porttui.text.stop import is_good, sentence

if TYPE_CHECKING:
    from typing import TextIO

UNREADABLE = ExitStatus.UNREADABLE
ALREADY_FREE = "already_free"

_DEFAULT_GRACE_S = 3.0


class FreeCommand(NamedTuple):
    """`porttui free`: stop who has a port."""

    place: Place
    sure: bool
    """Do not ask."""
    kill: bool
    """SIGKILL instead of SIGTERM."""
    all_holders: bool
    pids: tuple[int, ...]
    """Those of the holders that are to be stopped; none for the one that opened the port."""
    timeout_s: float
    as_json: bool
    source: SourceName


def _read_pid(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return int(text)
    raise ValueError(f"{text!r} is no pid")


GRAMMAR = Grammar(
    prog="porttui free",
    description="Stop the process that listens on a port, and prove that the port is free.",
    options=(
        ADDRESS,
        UDP,
        Option("--yes", "do not ask"),
        Option("--kill", "SIGKILL at once, instead of SIGTERM"),
        Option(
            "--all-holders",
            "all processes that share the socket, not only the one that opened it",
        ),
        Option(
            "--pid",
            "this one of the processes that share the socket; may be given again",
            "PID",
            _read_pid,
            excludes="--all-holders",
            many=True,
        ),
        TIMEOUT._replace(help=f"how long the process has to exit, {_DEFAULT_GRACE_S:g} by default"),
        JSON,
        SOURCE,
    ),
    operands="PORT",
    most=1,
    epilog=f"{PORT_WORDS}\nexit status: 0 free now (or for a server with SO_REUSEADDR), "
    "1 not freed, 2 bad usage,\n3 not permitted, 4 refused: nothing was sent",
)


def read(given: Given) -> FreeCommand:
    """The request that was made.

    Raises:
        UsageError: there is no such port or address.
    """
    return FreeCommand(
        place=needed_place(given),
        sure="--yes" in given.values,
        kill="--kill" in given.values,
        all_holders="--all-holders" in given.values,
        pids=given.values.get("--pid", ()),
        timeout_s=given.values.get(TIMEOUT.name, _DEFAULT_GRACE_S),
        as_json=JSON.name in given.values,
        source=given_source(given),
    )


Ask = Callable[[str], bool] | None
"""Puts a question to a person; None where there is nobody to ask."""


class _Told(NamedTuple):
    """What is told at the end."""

    outcome: str
    message: str
    status: ExitStatus
    results: Sequence[StopResult] = ()


class Freeing(NamedTuple):
    """What it takes to free a port."""

    sampler: Sampler
    diagnoser: Diagnoser
    stopper: Stopper
    ask: Ask


def run(command: FreeCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Free a port of this machine."""
    host = local_host(command.source)
    sampler = Sampler(host)
    sampler.begin()
    ask = _ask if sys.stdin is not None and sys.stdin.isatty() and err.isatty() else None
    means = Freeing(sampler, Diagnoser(host, sampler), Stopper(host, sampler), ask)
    return run_free(command, means, out, err)


def _ask(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def run_free(command: FreeCommand, means: Freeing, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Free a port, and print what is true then.

    Raises:
        SampleError: the sockets could not be read.
    """
    targets = targets_on_port(means.sampler.sample(), *command.place)
    told = _free(command, means, targets, err) if targets else _without_target(command, means)
    if command.as_json:
        write(_json(command, means, targets, told), out)
    else:
        write(told.message, out)
    return told.status


def _without_target(command: FreeCommand, means: Freeing) -> _Told:
    """Nobody listens: it is free, or what holds it is nothing to be stopped for it."""
    found = means.diagnoser.diagnose(*command.place)
    port = command.place.port
    if found.can_be_had:
        message = f"port {port} is free: nothing was sent{_conditions(found)}"
        return _Told(ALREADY_FREE, message, ExitStatus.OK)
    ends = [spelled(Endpoint(each, port)) for each in command.place.addresses]
    where = " or ".join(ends) or f"port {port}"
    message = f"nothing was sent: nobody listens on {where}, but it cannot be bound: "
    return _Told(StopOutcome.REFUSED, message + _obstacles(found), ExitStatus.REFUSED)


def _conditions(found: Diagnosis) -> str:
    words = {why for each in found.addresses for why in reasons(found, each)}
    return f" ({'; '.join(sorted(words))})" if words else ""


def _obstacles(found: Diagnosis) -> str:
    told = []
    for each in found.addresses:
        where = spelled(Endpoint(each.address, found.port))
        told += [f"{where}: {why}" for why in reasons(found, each)[:1]]
    return "; ".join(told)


def _free(
    command: FreeCommand, means: Freeing, targets: Sequence[StopTarget], err: TextIO
) -> _Told:
    signal = StopSignal.KILL if command.kill else StopSignal.TERM
    every = [_planned(command, target, means.stopper.guard(target)) for target in targets]
    # With --pid other addresses of the port may well be another process's.
    plans = [plan for plan in every if plan.chosen or not command.pids]
    refused = _refusal(command, means.stopper, targets, plans)
    if refused:
        return _Told(StopOutcome.REFUSED, f"nothing was sent: {refused}", ExitStatus.REFUSED)
    plan = "; ".join(_plan(each, signal) for each in plans)
    if not command.sure:
        if means.ask is None:
            message = f"nothing was sent; with --yes this would be done: {plan}"
            return _Told(StopOutcome.REFUSED, message, ExitStatus.REFUSED)
        if not means.ask(f"{plan}?"):
            return _Told(StopOutcome.REFUSED, "nothing was sent", ExitStatus.REFUSED)

    def tell(step: str) -> None:
        print(step, file=err)

    results = []
    for target, chosen, guard in plans:
        results.append(
            means.stopper.stop(target, chosen, signal, tell, grace_s=command.timeout_s, guard=guard)
        )
        if not _is_freed(results[-1]):
            break
    return _summed_up(results)


class _Plan(NamedTuple):
    """What is to be done on one address."""

    target: StopTarget
    chosen: tuple[Process, ...]
    guard: Guard


def _planned(command: FreeCommand, target: StopTarget, guard: Guard) -> _Plan:
    """Without a choice the most senior of those who certainly opened the port."""
    if command.pids:
        chosen = tuple(each for each in target.holders if each.pid in command.pids)
    else:
        chosen = target.holders if command.all_holders else guard.openers[:1]
    return _Plan(target, chosen, guard)


def _refusal(
    command: FreeCommand, stopper: Stopper, targets: Sequence[StopTarget], plans: Sequence[_Plan]
) -> str | None:
    for address in command.place.addresses:
        if address.scope:
            # Servers on other interfaces have the same address: one of them would be stopped.
            return f"{address} names an interface, and porttui does not read a server's interface"
    found = {process.pid for plan in plans for process in plan.chosen}
    for pid in command.pids:
        if pid not in found:
            return _no_holder(command, stopper, targets, pid)
    for target, chosen, guard in plans:
        for reason in (stopper.refusal(target), *(stopper.refusal(target, p) for p in chosen)):
            if reason:
                return f"{target.endpoint}: {reason}"
        if not chosen:
            return f"{target.endpoint}: {_uncertain(target)}"
        if command.pids:
            continue  # whoever types a pid means that process
        for process in chosen:
            danger = guard.danger(process)
            if danger:
                return f"{target.endpoint}: {danger}. --pid {process.pid} stops it anyway"
    return None


def _no_holder(
    command: FreeCommand, stopper: Stopper, targets: Sequence[StopTarget], pid: int
) -> str:
    """Whether it is none, or not known to be one."""
    for target in targets:
        reason = stopper.refusal(target)
        if reason:
            return f"whether process {pid} holds {target.endpoint} is not known: {reason}"
    return f"process {pid} does not hold port {command.place.port}"


def _uncertain(target: StopTarget) -> str:
    """All holders, for none is known to have opened it."""
    users = sorted({maker.user for _, maker in target.makers if maker.user})
    whose = f" (user {', '.join(users)})" if users else ""
    holders = ", ".join(map(with_user, target.holders))
    return (
        f"which process opened it{whose} is not certain; held by {holders}. "
        "--pid PID stops one of them, --all-holders all"
    )


def _plan(plan: _Plan, signal: StopSignal) -> str:
    others = len(plan.target.holders) - len(plan.chosen)
    beside = f" ({others} more hold it)" if others else ""
    chosen = names(plan.chosen, most=len(plan.chosen))
    return f"send {signal} to {chosen}, on {plan.target.endpoint}{beside}"


def _is_freed(result: StopResult) -> bool:
    """Whether a server that sets SO_REUSEADDR can start now."""
    if result.outcome is StopOutcome.FREED_LINGERING:
        return bool(result.can_bind)
    return is_good(result)


def _summed_up(results: Sequence[StopResult]) -> _Told:
    """The last one tells: it is the first that failed, if one did."""
    last = results[-1]
    statuses = {
        StopOutcome.DENIED: ExitStatus.DENIED,
        StopOutcome.REFUSED: ExitStatus.REFUSED,
    }
    status = ExitStatus.OK if _is_freed(last) else statuses.get(last.outcome, ExitStatus.NO)
    message = " ".join(sentence(result) for result in results)
    if last.outcome is StopOutcome.IGNORED_TERM:
        message += " --kill sends SIGKILL."
    if last.outcome is StopOutcome.STILL_HELD_BY_OTHERS and _shared(last):
        message += " --all-holders stops those that share the socket."
    return _Told(last.outcome, message, status, results)


def _shared(result: StopResult) -> bool:
    """Whether those who still have the port had it before, with the chosen ones."""
    holding = {each.identity for socket in result.held_by for each in socket.holders}
    return any(each.identity in holding for each in result.target.holders)


def _json(command: FreeCommand, means: Freeing, targets: Sequence[StopTarget], told: _Told) -> str:
    from porttui.cli.port_json import freed_json

    protocol, port, addresses = command.place
    now = targets_on_port(means.sampler.sample(), protocol, port, addresses)
    return freed_json(
        port,
        protocol,
        outcome=str(told.outcome),
        message=told.message,
        signals=_signals(told.results),
        before=_holders(targets),
        after=_holders(now),
        waited_ms=sum(result.waited_ms for result in told.results),
    )


def _signals(results: Sequence[StopResult]) -> list[SentSignal]:
    return [sent for result in results for sent in result.sent]


def _holders(targets: Sequence[StopTarget]) -> tuple[Process, ...]:
    return by_seniority(holder for target in targets for holder in target.holders)
