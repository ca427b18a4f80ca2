"""`porttui wait`."""

from __future__ import annotations

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
from porttui.diagnosis.diagnoser import usual_addresses
from porttui.diagnosis.waiting import PortState, Until, Waited, Waiting
from porttui.host.asking import SourceName
from porttui.host.local import local_host
from porttui.model.address import Place
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.text.processes import agreeing, holder_names

if TYPE_CHECKING:
    from typing import TextIO

UNREADABLE = ExitStatus.UNREADABLE

_ERASE_LINE = "\r\x1b[K"
_BELL = "\a"


class WaitCommand(NamedTuple):
    """`porttui wait`: until a port is free, or served."""

    place: Place
    until_listening: bool
    timeout_s: float | None
    as_json: bool
    source: SourceName


def _read_until(text: str) -> str:
    if text not in ("free", "listening"):
        raise ValueError(f"{text!r} is neither free nor listening")
    return text


GRAMMAR = Grammar(
    prog="porttui wait",
    description="Wait until a port is free, or until something listens on it.",
    options=(
        Option("--until", "free (the default) or listening", "STATE", _read_until),
        TIMEOUT,
        ADDRESS,
        UDP,
        JSON,
        SOURCE,
    ),
    operands="PORT",
    most=1,
    epilog=f"{PORT_WORDS}\nexit status: 0 it is so, 1 the time was over, 2 bad usage",
)


def read(given: Given) -> WaitCommand:
    """The request that was made.

    Raises:
        UsageError: there is no such port or address.
    """
    return WaitCommand(
        place=needed_place(given),
        until_listening=given.values.get("--until") == "listening",
        timeout_s=given.values.get(TIMEOUT.name),
        as_json=JSON.name in given.values,
        source=given_source(given),
    )


def run(command: WaitCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Wait, with what is going on in one line of `err` when that is a terminal.

    Raises:
        SampleError: the sockets could not be read.
    """
    host = local_host(command.source)
    sampler = Sampler(host)
    protocol, port, given = command.place
    addresses = given or usual_addresses(host, protocol)
    until = Until.LISTENING if command.until_listening else Until.FREE
    shows = err.isatty()

    def tell(seen: Waited) -> None:
        if shows:
            seconds = f"{seen.waited_ms / 1000:.0f} s"
            goal = "is free" if until is Until.FREE else "has a listener"
            err.write(f"{_ERASE_LINE}waiting {seconds} until port {port} {goal}: "
                      f"{_state(port, seen)}")  # fmt: skip
            err.flush()

    waited = Waiting(host, sampler, protocol, port, addresses).wait(until, command.timeout_s, tell)
    if shows:
        err.write(_ERASE_LINE + (_BELL if waited.reached else ""))
        err.flush()
    if command.as_json:
        from porttui.cli.port_json import waited_json

        write(waited_json(port, protocol, waited), out)
    else:
        write(_sentence(port, waited), out)
    return ExitStatus.OK if waited.reached else ExitStatus.NO


def _sentence(port: int, waited: Waited) -> str:
    seconds = f"{waited.waited_ms / 1000:.1f} s"
    if waited.reached:
        return f"{_state(port, waited)} (after {seconds})"
    return f"gave up after {seconds}: {_state(port, waited)}"


def _state(port: int, waited: Waited) -> str:
    if waited.state is PortState.FREE:
        return f"port {port} is free"
    if waited.state is PortState.HELD:
        return f"port {port} cannot be bound, but nothing listens"
    where = ", ".join(dict.fromkeys(str(each.local) for each in waited.listeners))
    listens = agreeing(waited.listeners, "listens", "listen")
    return f"{holder_names(waited.listeners)} {listens} on {where}"
