"""The one sentence that a stop ends in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from porttui.analysis.holders import by_seniority
from porttui.model.address import Protocol
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.stop import StopOutcome, StopResult
from porttui.text.numbers import pluralized
from porttui.text.processes import holder_names, join_limited, names

_MAX_NAMES = 4


def sentence(result: StopResult) -> str:
    """What is true now, in words, with the next step where there is one."""
    return _SENTENCES[result.outcome](result)


def is_success(result: StopResult) -> bool:
    """Whether the person got what they asked for."""
    if result.outcome is StopOutcome.ALREADY_GONE:
        return not _is_listened(result.held_by)
    return result.outcome is StopOutcome.FREED


def _freed(result: StopResult) -> str:
    endpoint = result.target.endpoint
    if not result.target.is_listener:
        return f"{_exited(result)}: its connection from {endpoint} is closed."
    if result.elsewhere:
        return f"{_exited(result)}: {_address(result)} is free. {_elsewhere(result)}"
    return f"{_exited(result)}: {_port(result)} is free ({endpoint} can be bound)."


def _freed_lingering(result: StopResult) -> str:
    states = ", ".join(sorted({socket.state for socket in result.held_by if socket.state}))
    closed = pluralized(len(result.held_by), "closed connection")
    occupy = "occupies" if len(result.held_by) == 1 else "occupy"
    start = f"{_exited(result)}, but {closed} still {occupy} {_address(result)} ({states})"
    if result.can_bind is None:
        return f"{start} for up to 60 s."
    if result.can_bind:
        return f"{start}. A server that sets SO_REUSEADDR can start now, others within 60 s."
    return f"{start}. No server can bind it for up to 60 s."


def _still_held(result: StopResult) -> str:
    how = "" if _is_listened(result.held_by) else " through open connections"
    return f"{_exited(result)}, but {_address(result)} is {_held_by(result)}{how}."


def _held_by(result: StopResult) -> str:
    before = {process.identity for process in result.target.holders} | result.target.port_holders
    holders = _holders(result.held_by)
    newcomers = [process for process in holders if process.identity not in before]
    if newcomers and all(map(result.target.had_socket, result.held_by)):
        # Inherited, or passed over a unix socket: the port was never free.
        return f"still held by {names(holders)}, which received the same socket"
    if newcomers:
        were = "was" if len(newcomers) == 1 else "were"
        return f"now held by {names(newcomers)}, which {were} not there before"
    if holders:
        return f"still held by {names(holders)}"
    users = sorted({socket.user for socket in result.held_by if socket.user})
    whose = f" (user {', '.join(users) or 'unknown'})" if _is_hidden(result.held_by) else ""
    return f"still held by {holder_names(result.held_by)}{whose}"


def _is_hidden(sockets: Iterable[Socket]) -> bool:
    return any(socket.ownership is Ownership.HIDDEN for socket in sockets)


def _respawned(result: StopResult) -> str:
    holders = _holders(result.held_by)
    by = f" (started by pid {holders[0].ppid})" if holders and holders[0].ppid > 1 else ""
    return (
        f"{_exited(result)}, but {_address(result)} was taken again{_after(result)} by "
        f"{names(holders)}, the same command{by}: something restarts it."
    )


def _taken(result: StopResult) -> str:
    return (
        f"{_exited(result)}, but {_address(result)} was taken{_after(result)} by "
        f"{names(_holders(result.held_by))}, a different process."
    )


def _after(result: StopResult) -> str:
    if result.taken_after_ms is None:
        return ""
    return f" within {max(0.1, result.taken_after_ms / 1000):.1f} s"


def _holders(sockets: Iterable[Socket]) -> tuple[Process, ...]:
    return by_seniority(holder for socket in sockets for holder in socket.holders)


def _ignored_term(result: StopResult) -> str:
    who, are = names(result.survivors), _is_or_are(result.survivors)
    ignores = any(process.ignores_sigterm for process in result.survivors)
    why = " It ignores SIGTERM." if ignores else ""
    return f"{who} {are} still running {_seconds(result)} after SIGTERM.{why}"


def _unkillable(result: StopResult) -> str:
    who, are = names(result.survivors), _is_or_are(result.survivors)
    they = "it is" if are == "is" else "they are"
    return (
        f"{who} {are} still there {_seconds(result)} after SIGKILL: "
        f"{they} in an uninterruptible system call."
    )


def _denied(result: StopResult) -> str:
    sent = {signal.pid for signal in result.sent}
    rest = [process for process in result.chosen if process.pid not in sent]
    pids = " ".join(str(process.pid) for process in rest)
    done = [process for process in result.chosen if process.pid in sent]
    already = f" {names(done)} had already been sent {result.signal}." if done else ""
    return f"Denied: {result.reason}.{already} As root: sudo kill -{result.signal.name} {pids}."


def _already_gone(result: StopResult) -> str:
    start = f"{names(result.chosen)} had already exited: nothing was sent."
    if _is_listened(result.held_by):
        return f"{start} {_address(result)} is {_held_by(result)}."
    if result.held_by:
        return f"{start} Closed connections still occupy {_address(result)}."
    return f"{start} {_address(result)} is free." if result.can_bind else start


def _changed(result: StopResult) -> str:
    return f"Nothing was sent: {result.reason}."


def _unverified(result: StopResult) -> str:
    return f"{_exited(result)}, but {_address(result)} is not proven free: {result.reason}."


def _refused(result: StopResult) -> str:
    return f"Nothing was sent: {result.reason}."


_SENTENCES: Mapping[StopOutcome, Callable[[StopResult], str]] = {
    StopOutcome.FREED: _freed,
    StopOutcome.FREED_LINGERING: _freed_lingering,
    StopOutcome.RESPAWNED: _respawned,
    StopOutcome.STILL_HELD_BY_OTHERS: _still_held,
    StopOutcome.TAKEN_BY_OTHER: _taken,
    StopOutcome.IGNORED_TERM: _ignored_term,
    StopOutcome.UNKILLABLE: _unkillable,
    StopOutcome.DENIED: _denied,
    StopOutcome.ALREADY_GONE: _already_gone,
    StopOutcome.CHANGED: _changed,
    StopOutcome.EXITED_BUT_UNVERIFIED: _unverified,
    StopOutcome.REFUSED: _refused,
}


def _exited(result: StopResult) -> str:
    return f"{names(result.chosen)} exited after {_seconds(result)}"


def _address(result: StopResult) -> str:
    """UDP is said: the same number may well be held for TCP."""
    udp = result.target.protocol is Protocol.UDP
    return f"{result.target.endpoint}{' (udp)' if udp else ''}"


def _port(result: StopResult) -> str:
    udp = result.target.protocol is Protocol.UDP
    return f"{'udp ' if udp else ''}port {result.target.endpoint.port}"


def _is_or_are(processes: Sequence[Process]) -> str:
    return "is" if len(processes) == 1 else "are"


def _elsewhere(result: StopResult) -> str:
    servers = [f"{socket.local} ({holder_names([socket])})" for socket in result.elsewhere]
    return f"The port is in use on other addresses: {join_limited(servers, _MAX_NAMES)}."


def _is_listened(sockets: Iterable[Socket]) -> bool:
    return any(socket.is_listening or socket.state in (None, TcpState.CLOSE) for socket in sockets)


def _seconds(result: StopResult) -> str:
    if result.waited_ms < 950:
        return f"{max(1, round(result.waited_ms))} ms"
    return f"{result.waited_ms / 1000:.1f} s"
