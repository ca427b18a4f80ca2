"""`porttui free`: stop the holder of a port and verify that it is free."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from porttui.analysis.holders import by_seniority
from porttui.analysis.stop_targets import targets_on_port
from porttui.cli.common_options import (
    ADDRESS,
    JSON,
    PORT_HELP,
    SOURCE,
    TIMEOUT,
    UDP,
    needed_port_query,
    source_option,
)
from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Grammar, Option, ParsedArguments
from porttui.cli.output import write
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.model.address import Endpoint, PortQuery
from porttui.model.diagnosis import Diagnosis
from porttui.model.process import Process
from porttui.model.stop import SentSignal, StopOutcome, StopResult, StopSignal, StopTarget
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.stopping.guards import Guard
from porttui.stopping.stopper import Stopper
from porttui.text import stop as text
from porttui.text.diagnosis import host_text, reasons

if TYPE_CHECKING:
    from typing import TextIO

HOST_ERROR_STATUS = ExitStatus.UNREADABLE
ALREADY_FREE = "already_free"

_DEFAULT_GRACE_S = 3.0


class FreeCommand(NamedTuple):
    """`porttui free`: stop who has a port."""

    port_query: PortQuery
    assume_yes: bool
    """Do not ask."""
    kill: bool
    """SIGKILL instead of SIGTERM."""
    all_holders: bool
    pids: tuple[int, ...]
    """Those of the holders that are to be stopped; none for the one that opened the port."""
    timeout_s: float
    as_json: bool
    source: SourceName


def _parse_pid(word: str) -> int:
    if word.isascii() and word.isdecimal() and len(word) <= 10:
        return int(word)
    raise ValueError("must be a process ID")


GRAMMAR = Grammar(
    prog="porttui free",
    description="Stop the process that listens on a port and verify that the port is free.",
    options=(
        ADDRESS,
        UDP,
        Option("--yes", "do not ask"),
        Option("--kill", "send SIGKILL instead of SIGTERM"),
        Option(
            "--all-holders",
            "stop all processes that share the socket, not only its opener",
        ),
        Option(
            "--pid",
            "stop this one of the processes that share the socket; repeatable",
            "PID",
            _parse_pid,
            excludes="--all-holders",
            repeatable=True,
        ),
        TIMEOUT._replace(help=f"seconds to wait for the exit (default {_DEFAULT_GRACE_S:g})"),
        JSON,
        SOURCE,
    ),
    operands="PORT",
    max_operands=1,
    epilog=f"{PORT_HELP}\nexit status: 0 free, at least with SO_REUSEADDR; "
    "1 not freed; 2 bad usage;\n3 not permitted; 4 refused, nothing was sent",
)


def build_command(parsed: ParsedArguments) -> FreeCommand:
    """Build the command.

    Raises:
        UsageError: there is no such port or address.
    """
    return FreeCommand(
        port_query=needed_port_query(parsed),
        assume_yes="--yes" in parsed.values,
        kill="--kill" in parsed.values,
        all_holders="--all-holders" in parsed.values,
        pids=parsed.values.get("--pid", ()),
        timeout_s=parsed.values.get(TIMEOUT.name, _DEFAULT_GRACE_S),
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


Confirm = Callable[[str], bool] | None
"""Puts a question to a person; None where there is nobody to ask."""


class _FreeReport(NamedTuple):
    """The result to print."""

    outcome: str
    message: str
    status: ExitStatus
    results: Sequence[StopResult] = ()


class FreeServices(NamedTuple):
    """The services that `free` uses."""

    sampler: Sampler
    diagnoser: Diagnoser
    stopper: Stopper
    confirm: Confirm


def run(command: FreeCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Free a port of this machine."""
    host = local_host(command.source)
    sampler = Sampler(host)
    confirm = _confirm if sys.stdin is not None and sys.stdin.isatty() and err.isatty() else None
    services = FreeServices(sampler, Diagnoser(host, sampler), Stopper(host, sampler), confirm)
    return run_free(command, services, out, err)


def _confirm(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def run_free(
    command: FreeCommand, services: FreeServices, out: TextIO | None, err: TextIO
) -> ExitStatus:
    """Free a port, and print what is true then.

    Raises:
        SampleError: the sockets could not be read.
    """
    targets = targets_on_port(services.sampler.sample(), *command.port_query)
    report = (
        _stop_targets(command, services, targets, err)
        if targets
        else _report_without_listener(command, services)
    )
    if command.as_json:
        write(_report_json(command, services, targets, report), out)
    else:
        write(report.message, out)
    return report.status


def _report_without_listener(command: FreeCommand, services: FreeServices) -> _FreeReport:
    """The report when no process listens on the port."""
    diagnosis = services.diagnoser.diagnose(*command.port_query)
    port = command.port_query.port
    if diagnosis.is_bindable:
        notes = {
            reason for verdict in diagnosis.addresses for reason in reasons(diagnosis, verdict)
        }
        message = text.already_free(port, sorted(notes))
        return _FreeReport(ALREADY_FREE, message, ExitStatus.OK)
    addresses = [host_text(Endpoint(address, port)) for address in command.port_query.addresses]
    message = text.without_listener(addresses, port, _obstacles(diagnosis))
    return _FreeReport(StopOutcome.REFUSED, message, ExitStatus.REFUSED)


def _obstacles(diagnosis: Diagnosis) -> list[str]:
    return [
        f"{host_text(Endpoint(verdict.address, diagnosis.port))}: {reason}"
        for verdict in diagnosis.addresses
        for reason in reasons(diagnosis, verdict)[:1]
    ]


def _stop_targets(
    command: FreeCommand, services: FreeServices, targets: Sequence[StopTarget], err: TextIO
) -> _FreeReport:
    signal = StopSignal.KILL if command.kill else StopSignal.TERM
    all_plans = [_make_plan(command, target, services.stopper.guard(target)) for target in targets]
    # With --pid other addresses of the port may well be another process's.
    plans = [plan for plan in all_plans if plan.chosen or not command.pids]
    refused = _refusal(command, services.stopper, targets, plans)
    if refused:
        return _FreeReport(StopOutcome.REFUSED, text.not_sent(refused), ExitStatus.REFUSED)
    plan_text = "; ".join(
        text.plan(signal, chosen, target.endpoint, len(target.holders) - len(chosen))
        for target, chosen, _ in plans
    )
    if not command.assume_yes:
        if services.confirm is None:
            message = text.needs_yes(plan_text)
            return _FreeReport(StopOutcome.REFUSED, message, ExitStatus.REFUSED)
        if not services.confirm(f"{plan_text}?"):
            return _FreeReport(StopOutcome.REFUSED, text.NOTHING_SENT, ExitStatus.REFUSED)

    def print_step(step: str) -> None:
        print(step, file=err)

    results = []
    for target, chosen, guard in plans:
        results.append(
            services.stopper.stop(
                target, chosen, signal, print_step, grace_s=command.timeout_s, guard=guard
            )
        )
        if not _is_freed(results[-1]):
            break
    return _summarize(results)


class _StopPlan(NamedTuple):
    """The stop on one address."""

    target: StopTarget
    chosen: tuple[Process, ...]
    guard: Guard


def _make_plan(command: FreeCommand, target: StopTarget, guard: Guard) -> _StopPlan:
    """Choose the holders to stop: those named, or the most senior certain opener."""
    if command.pids:
        chosen = tuple(holder for holder in target.holders if holder.pid in command.pids)
    else:
        chosen = target.holders if command.all_holders else guard.openers[:1]
    return _StopPlan(target, chosen, guard)


def _refusal(
    command: FreeCommand,
    stopper: Stopper,
    targets: Sequence[StopTarget],
    plans: Sequence[_StopPlan],
) -> str | None:
    for address in command.port_query.addresses:
        if address.zone:
            # Servers on other interfaces have the same address: one of them would be stopped.
            return text.interface_address(address)
    chosen_pids = {process.pid for plan in plans for process in plan.chosen}
    for pid in command.pids:
        if pid not in chosen_pids:
            return _pid_refusal(command, stopper, targets, pid)
    for target, chosen, guard in plans:
        for reason in (stopper.refusal(target), *(stopper.refusal(target, p) for p in chosen)):
            if reason:
                return f"{target.endpoint}: {reason}"
        if not chosen:
            users = sorted({opener.user for _, opener in target.credentials if opener.user})
            return f"{target.endpoint}: {text.cannot_tell_opener(target.holders, users)}"
        if command.pids:
            continue  # whoever types a pid means that process
        for process in chosen:
            danger = guard.danger(process)
            if danger:
                return f"{target.endpoint}: {text.needs_pid(danger, process.pid)}"
    return None


def _pid_refusal(
    command: FreeCommand, stopper: Stopper, targets: Sequence[StopTarget], pid: int
) -> str:
    """Why a named process is not among the holders."""
    for target in targets:
        reason = stopper.refusal(target)
        if reason:
            return text.cannot_tell_holder(pid, target.endpoint, reason)
    return text.is_no_holder(pid, command.port_query.port)


def _is_freed(result: StopResult) -> bool:
    """Whether a server that sets SO_REUSEADDR can start now."""
    if result.outcome is StopOutcome.FREED_LINGERING:
        return bool(result.can_bind)
    return text.is_success(result)


def _summarize(results: Sequence[StopResult]) -> _FreeReport:
    """The report of the last stop: the first that failed, if any."""
    last = results[-1]
    statuses = {
        StopOutcome.DENIED: ExitStatus.DENIED,
        StopOutcome.REFUSED: ExitStatus.REFUSED,
    }
    status = ExitStatus.OK if _is_freed(last) else statuses.get(last.outcome, ExitStatus.NEGATIVE)
    message = " ".join(text.sentence(result) for result in results)
    if last.outcome is StopOutcome.IGNORED_TERM:
        message += f" {text.KILL_HINT}"
    if last.outcome is StopOutcome.STILL_HELD_BY_OTHERS and _held_by_sharers(last):
        message += f" {text.ALL_HOLDERS_HINT}"
    return _FreeReport(last.outcome, message, status, results)


def _held_by_sharers(result: StopResult) -> bool:
    """Whether those who still have the port had it before, with the chosen ones."""
    identities = {holder.identity for socket in result.held_by for holder in socket.holders}
    return any(holder.identity in identities for holder in result.target.holders)


def _report_json(
    command: FreeCommand, services: FreeServices, targets: Sequence[StopTarget], report: _FreeReport
) -> str:
    from porttui.cli.port_json import free_json

    protocol, port, addresses = command.port_query
    now = targets_on_port(services.sampler.sample(), protocol, port, addresses)
    return free_json(
        port,
        protocol,
        outcome=str(report.outcome),
        message=report.message,
        signals=_signals(report.results),
        before=_target_holders(targets),
        after=_target_holders(now),
        waited_ms=sum(result.waited_ms for result in report.results),
    )


def _signals(results: Sequence[StopResult]) -> list[SentSignal]:
    return [sent for result in results for sent in result.sent]


def _target_holders(targets: Sequence[StopTarget]) -> tuple[Process, ...]:
    return by_seniority(holder for target in targets for holder in target.holders)
