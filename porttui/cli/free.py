"""`porttui free`: stop the holder of a port and verify that it is free."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from porttui.analysis.holders import by_seniority
from porttui.analysis.stop_targets import targets_on_port
from porttui.cli.arguments import Grammar, Option, ParsedArguments
from porttui.cli.common_options import (
    ADDRESS,
    JSON,
    MAX_WORDS,
    PORT_HELP,
    SOURCE,
    TIMEOUT,
    UDP,
    port_query_operand,
    source_option,
)
from porttui.cli.output import ExitStatus, Json, json_document, process_json, write
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.model.address import Endpoint, PortQuery
from porttui.model.process import Process
from porttui.model.snapshot import SOCK_DIAG
from porttui.model.stop import StopOutcome, StopResult, StopSignal, StopTarget
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.stopping.guards import Guard
from porttui.stopping.stopper import Stopper
from porttui.text import stop as text
from porttui.text.diagnosis import host_text, reasons

if TYPE_CHECKING:
    from typing import TextIO

_ALREADY_FREE = "already_free"

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
    max_operands=MAX_WORDS,
    epilog=f"{PORT_HELP}\nexit status: 0 free, at least with SO_REUSEADDR; "
    "1 not freed; 2 bad usage;\n3 not permitted; 4 refused, nothing was sent",
)


def build_command(parsed: ParsedArguments) -> FreeCommand:
    return FreeCommand(
        port_query=port_query_operand(parsed),
        assume_yes="--yes" in parsed.values,
        kill="--kill" in parsed.values,
        all_holders="--all-holders" in parsed.values,
        pids=parsed.values.get("--pid", ()),
        timeout_s=parsed.values.get(TIMEOUT.name, _DEFAULT_GRACE_S),
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


def run(command: FreeCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Free a port, and print what is true then."""
    host = local_host(command.source)
    sampler = Sampler(host)
    snapshot = sampler.sample()
    targets = targets_on_port(snapshot, *command.port_query)
    zoned = [address for address in command.port_query.addresses if address.zone]
    if zoned and snapshot.source != SOCK_DIAG:
        # Servers on other interfaces have the same address: one of them would be stopped.
        report = _refused(text.not_sent(text.interface_address(zoned[0])))
    elif targets:
        report = _stop_targets(command, Stopper(host, sampler), targets, err)
    else:
        report = _report_without_listener(command.port_query, Diagnoser(host, sampler))
    if command.as_json:
        remaining = targets_on_port(sampler.sample(), *command.port_query)
        write(_json(command.port_query, report, targets, remaining), out)
    else:
        write(report.message, out)
    return report.status


class _FreeReport(NamedTuple):
    """The result to print."""

    outcome: str
    message: str
    status: ExitStatus
    results: Sequence[StopResult] = ()


def _refused(message: str) -> _FreeReport:
    return _FreeReport(StopOutcome.REFUSED, message, ExitStatus.REFUSED)


def _report_without_listener(port_query: PortQuery, diagnoser: Diagnoser) -> _FreeReport:
    """The report when no process listens on the port."""
    diagnosis = diagnoser.diagnose(*port_query)
    port = port_query.port
    if diagnosis.is_bindable:
        notes = {
            reason for verdict in diagnosis.addresses for reason in reasons(diagnosis, verdict)
        }
        return _FreeReport(_ALREADY_FREE, text.already_free(port, sorted(notes)), ExitStatus.OK)
    addresses = [host_text(Endpoint(address, port)) for address in port_query.addresses]
    obstacles = [
        f"{host_text(Endpoint(verdict.address, port))}: {reason}"
        for verdict in diagnosis.addresses
        if not verdict.is_bindable
        for reason in reasons(diagnosis, verdict)[:1]
    ]
    return _refused(text.without_listener(addresses, port, obstacles))


def _stop_targets(
    command: FreeCommand, stopper: Stopper, targets: Sequence[StopTarget], err: TextIO
) -> _FreeReport:
    signal = StopSignal.KILL if command.kill else StopSignal.TERM
    all_plans = [_make_plan(command, target, stopper.guard(target)) for target in targets]
    # With --pid other addresses of the port may well be another process's.
    plans = [plan for plan in all_plans if plan.chosen or not command.pids]
    refusal = _refusal(command, stopper, targets, plans)
    if refusal:
        return _refused(text.not_sent(refusal))
    plan_text = "; ".join(
        text.plan(signal, chosen, target.endpoint, len(target.holders) - len(chosen))
        for target, chosen, _ in plans
    )
    if not command.assume_yes:
        if sys.stdin is None or not sys.stdin.isatty() or not err.isatty():
            return _refused(text.needs_yes(plan_text))
        print(f"{plan_text}? [y/N] ", end="", file=err, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return _refused(text.NOTHING_SENT)

    def print_step(step: str) -> None:
        print(step, file=err)

    results: list[StopResult] = []
    for target, chosen, guard in plans:
        result = stopper.stop(
            target, chosen, signal, print_step, grace_s=command.timeout_s, guard=guard
        )
        results.append(result)
        if not _is_freed(result):
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


def _json(
    port_query: PortQuery,
    report: _FreeReport,
    targets: Sequence[StopTarget],
    remaining: Sequence[StopTarget],
) -> str:
    return json_document(
        port=port_query.port,
        protocol=port_query.protocol.value,
        outcome=str(report.outcome),
        message=report.message,
        signals=[
            {"pid": sent.pid, "signal": sent.signal.value}
            for result in report.results
            for sent in result.sent
        ],
        holders_before=_holders_json(targets),
        holders_after=_holders_json(remaining),
        waited_ms=round(sum(result.waited_ms for result in report.results), 3),
    )


def _holders_json(targets: Sequence[StopTarget]) -> list[Json]:
    holders = by_seniority(holder for target in targets for holder in target.holders)
    return [process_json(holder) for holder in holders]
