"""The command line. Bad usage is one sentence on stderr and exit status 2."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from porttui import __version__
from porttui.cli.exit_status import CheckStatus, ExitStatus
from porttui.cli.options import Given, Grammar, Option, UsageError, help_text, parse, seconds
from porttui.host.asking import SourceName
from porttui.model.address import Place

DEFAULT_INTERVAL_S = 1.0
SHORTEST_INTERVAL_S = 0.2
LONGEST_INTERVAL_S = 3600.0

_LONGEST_ERROR = 400
_MOST_WORDS = 1000


class SessionCommand(NamedTuple):
    """`porttui`: the interactive session."""

    interval_s: float
    filter: str
    """One that can be read; empty for every row."""
    source: SourceName
    place: Place | None = None
    """The port to diagnose at once."""


class ListCommand(NamedTuple):
    """`porttui list`: one sample, printed."""

    filter: str
    """One that can be read; empty for every socket."""
    only_listening: bool
    only_loopback: bool
    as_json: bool
    source: SourceName


if TYPE_CHECKING:
    from typing import NoReturn

    from porttui.cli.check_arguments import CheckCommand
    from porttui.cli.port_arguments import PortCommand

    Command = SessionCommand | ListCommand | PortCommand | CheckCommand

_DESCRIPTION = "The ports of this machine: who holds them, who talks to whom, what is left."

_PORT_COMMANDS = {
    "who": "say who has a port, and whether it can be had",
    "free": "stop who has a port, and prove that it is free",
    "next": "print the next free port",
    "probe": "try to connect: refused, dropped, silent, or what answers",
    "wait": "wait until a port is free, or something listens on it",
}

_CHECK = "check"
_CHECK_HELP = "say whether the next connect() or bind() will find a port"

_EPILOG = """\
a filter is one or more words, all of which must fit:
  3000             exactly this port, local or remote
  3000-3010 300*   a range of ports; ports that begin so
  127.0.0.1:3000   this end of a socket; localhost:3000 any loopback address
  word             in a process, its command line, an address, user or service

exit status: 0 done, 1 the machine could not be read, 2 bad usage or no terminal
"""


def parse_arguments(argv: Sequence[str]) -> Command:
    """The command that `argv` (without the program's name) asks for.

    Raises:
        SystemExit: with 2 for bad usage (of `check` with 3), with 0 after --help and --version.
    """
    if argv and argv[0] == "list":
        return _list(argv[1:])
    if argv and argv[0] in _PORT_COMMANDS:
        return _about_port(argv[0], argv[1:])
    if argv and argv[0] == _CHECK:
        return _check(argv[1:])
    return _session(argv)


def _list(argv: Sequence[str]) -> ListCommand:
    given = _parse(_LIST, argv)
    return ListCommand(
        filter=_filter(_LIST, given.operands),
        only_listening="--listening" in given.values,
        only_loopback="--loopback" in given.values,
        as_json="--json" in given.values,
        source=_source(given),
    )


def _about_port(name: str, argv: Sequence[str]) -> PortCommand:
    from porttui.cli.port_arguments import read_command
    from porttui.cli.port_grammars import port_grammar

    grammar = port_grammar(name, _SOURCE)
    given = _parse(grammar, argv)
    try:
        return read_command(name, given, _source(given))
    except UsageError as error:
        _fail(grammar, str(error))


def _check(argv: Sequence[str]) -> CheckCommand:
    from porttui.cli.check_arguments import check_grammar, read_check

    grammar = check_grammar(_SOURCE)
    try:
        given = parse(grammar, argv)
        if given.wants_help:
            _print_and_exit(help_text(grammar, _columns()))
        return read_check(given, _source(given))
    except UsageError as error:
        _fail_check(argv, str(error))


def _session(argv: Sequence[str]) -> SessionCommand:
    given = _parse(_SESSION, argv)
    if "--version" in given.values:
        _print_and_exit(f"porttui {__version__}\n")
    place = _session_place(given)
    interval_s = given.values.get("--interval", DEFAULT_INTERVAL_S)
    assert isinstance(interval_s, float)
    wanted = str(given.values.get("--filter", "" if place is None else place.port))
    return SessionCommand(interval_s, _filter(_SESSION, (wanted,)), _source(given), place)


def _session_place(given: Given) -> Place | None:
    """The port in `porttui 3000`."""
    if not given.operands:
        return None
    first, *others = given.operands
    if first in dict(_SESSION.commands):
        _fail(_SESSION, f"{first} comes first")
    if not any(sign.isdecimal() for sign in first):
        _fail(_SESSION, f"there is no command {first}")
    if others:
        _fail(_SESSION, f"{others[0]} is one argument too many")
    from porttui.cli.port_arguments import read_place

    try:
        return read_place(first)
    except UsageError as error:
        _fail(_SESSION, str(error))


def _parse(grammar: Grammar, argv: Sequence[str]) -> Given:
    try:
        given = parse(grammar, argv)
    except UsageError as error:
        _fail(grammar, str(error))
    if given.wants_help:
        _print_and_exit(help_text(grammar, _columns()))
    return given


def _filter(grammar: Grammar, words: Sequence[str]) -> str:
    typed = " ".join(words).strip()
    if not typed:
        return ""
    # Not for commands that have none: it would be a tenth of their start.
    from porttui.analysis.filter_grammar import FilterError, parse_filter

    try:
        parse_filter(typed)
    except FilterError as error:
        _fail(grammar, str(error))
    return typed


def _source(given: Given) -> SourceName:
    source = given.values.get("--source", SourceName.AUTO)
    assert isinstance(source, SourceName)
    return source


def _fail(grammar: Grammar, message: str) -> NoReturn:
    from porttui.host.foreign_text import safe

    words = safe(message, _LONGEST_ERROR)
    if sys.stderr is not None:
        print(f"{grammar.prog}: {words} ({grammar.prog} --help tells more)", file=sys.stderr)
    raise SystemExit(ExitStatus.USAGE)


def _fail_check(argv: Sequence[str], message: str) -> NoReturn:
    """A monitoring system reads stdout and takes the status for an answer: 2 would be critical."""
    from porttui.cli.check import unknown
    from porttui.cli.output import OutputError, write
    from porttui.host.foreign_text import safe

    words = f"{safe(message, _LONGEST_ERROR)} (porttui check --help tells more)"
    try:
        write(unknown(words, as_json="--json" in argv), sys.stdout)
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
    raise SystemExit(CheckStatus.UNKNOWN)


def _print_and_exit(text: str) -> NoReturn:
    from porttui.cli.output import write

    write(text.removesuffix("\n"), sys.stdout)
    raise SystemExit(ExitStatus.OK)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        return 80


def _read_source(text: str) -> SourceName:
    try:
        return SourceName(text)
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(SourceName)}") from None


_SOURCE = Option(
    "--source",
    "where sockets are read: auto (the best there is), netlink, proc, psutil",
    "SOURCE",
    _read_source,
)

_SESSION = Grammar(
    prog="porttui",
    description=f"{_DESCRIPTION} Without a command: the interactive session; with a PORT it "
    "begins with why that is held or free.",
    options=(
        Option(
            "--interval",
            f"time between two samples, {DEFAULT_INTERVAL_S:g} by default; "
            "stretched when sampling is slow",
            "SECONDS",
            seconds(SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S),
        ),
        Option("--filter", "begin with this filter", "FILTER"),
        _SOURCE,
        Option("--version", "show the version and exit"),
    ),
    operands="[PORT]",
    most=_MOST_WORDS,
    commands=(
        ("list", "print the sockets once and exit"),
        *_PORT_COMMANDS.items(),
        (_CHECK, _CHECK_HELP),
    ),
    epilog=_EPILOG,
)

_LIST = Grammar(
    prog="porttui list",
    description="Print the sockets of this machine, with all their processes, and exit.",
    options=(
        Option("--listening", "only TCP listeners and bound UDP sockets"),
        Option("--loopback", "only connections that stay on this machine", excludes="--listening"),
        Option("--json", "one JSON object, see the README"),
        _SOURCE,
    ),
    operands="[FILTER ...]",
    most=_MOST_WORDS,
    epilog=_EPILOG,
)
