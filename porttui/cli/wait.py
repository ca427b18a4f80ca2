"""`porttui wait`: wait until a port is free or has a listener."""

from __future__ import annotations

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
from porttui.cli.output import ExitStatus, json_document, write
from porttui.diagnosis.wait import PortState, PortWaiter, WaitResult
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.model.address import PortQuery
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.text import diagnosis as text

if TYPE_CHECKING:
    from typing import TextIO
_ERASE_LINE = "\r\x1b[K"
_BELL = "\a"


class WaitCommand(NamedTuple):
    """`porttui wait`: until a port is free, or served."""

    port_query: PortQuery
    until: PortState
    timeout_s: float | None
    as_json: bool
    source: SourceName


def _parse_state(word: str) -> PortState:
    if word not in (PortState.FREE, PortState.LISTENING):
        raise ValueError("must be 'free' or 'listening'")
    return PortState(word)


GRAMMAR = Grammar(
    prog="porttui wait",
    description="Wait until a port is free or has a listener.",
    options=(
        Option("--until", "free (the default) or listening", "STATE", _parse_state),
        TIMEOUT,
        ADDRESS,
        UDP,
        JSON,
        SOURCE,
    ),
    operands="PORT",
    max_operands=MAX_WORDS,
    epilog=f"{PORT_HELP}\nexit status: 0 reached, 1 timed out, 2 bad usage",
)


def build_command(parsed: ParsedArguments) -> WaitCommand:
    return WaitCommand(
        port_query=port_query_operand(parsed),
        until=parsed.values.get("--until", PortState.FREE),
        timeout_s=parsed.values.get(TIMEOUT.name),
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


def run(command: WaitCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Wait, with what is going on in one line of `err` when that is a terminal."""
    host = local_host(command.source)
    sampler = Sampler(host)
    protocol, port, addresses = command.port_query
    is_terminal = err.isatty()

    def show_progress(progress: WaitResult) -> None:
        if is_terminal:
            line = text.waiting(
                port,
                progress.waited_ms / 1000,
                _state_text(port, progress),
                for_listener=command.until is PortState.LISTENING,
            )
            err.write(f"{_ERASE_LINE}{line}")
            err.flush()

    result = PortWaiter(host, sampler, protocol, port, addresses).wait(
        command.until, command.timeout_s, show_progress
    )
    if is_terminal:
        err.write(_ERASE_LINE + (_BELL if result.reached else ""))
        err.flush()
    if command.as_json:
        document = json_document(
            port=port,
            protocol=protocol.value,
            state=result.state.value,
            reached=result.reached,
            waited_ms=round(result.waited_ms, 3),
            reason=_refusal_text(port, result),
        )
        write(document, out)
    else:
        seconds = result.waited_ms / 1000
        write(text.waited(seconds, _state_text(port, result), reached=result.reached), out)
    return ExitStatus.OK if result.reached else ExitStatus.NEGATIVE


def _refusal_text(port: int, result: WaitResult) -> str | None:
    """Why waiting cannot help; None where it can."""
    if result.refusal is None:
        return None
    address, kind = result.refusal
    return text.refusal_text(kind, address, port)


def _state_text(port: int, result: WaitResult) -> str:
    if result.state is PortState.FREE:
        return text.port_is_free(port)
    if result.state is PortState.HELD:
        return _refusal_text(port, result) or text.port_is_held(port)
    return text.listeners_text(result.listeners)
