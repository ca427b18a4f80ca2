"""The command line. Bad usage is one sentence on stderr and exit status 2."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from porttui import __version__
from porttui.analysis.filter import Filter, FilterError, parse_filter
from porttui.cli.exit_status import ExitStatus
from porttui.host.foreign_text import safe
from porttui.host.local import SourceName

DEFAULT_INTERVAL_S = 1.0
SHORTEST_INTERVAL_S = 0.2
LONGEST_INTERVAL_S = 3600.0

_LONGEST_ERROR = 400


class SessionCommand(NamedTuple):
    """`porttui`: the interactive session."""

    interval_s: float
    filter: Filter
    source: SourceName


class ListCommand(NamedTuple):
    """`porttui list`: one sample, printed."""

    filter: Filter
    only_listening: bool
    only_loopback: bool
    as_json: bool
    source: SourceName


Command = SessionCommand | ListCommand

_DESCRIPTION = "The ports of this machine: who holds them, who talks to whom, what is left."

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
        SystemExit: with 2 for bad usage, with 0 after --help and --version.
    """
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        wanted = parse_filter(" ".join(given.filter))
    except FilterError as error:
        parser.error(str(error))
    if given.command == "list":
        return ListCommand(
            filter=wanted,
            only_listening=given.listening,
            only_loopback=given.loopback,
            as_json=given.json,
            source=given.source,
        )
    return SessionCommand(given.interval, wanted, given.source)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        words = safe(message, _LONGEST_ERROR)
        self.exit(ExitStatus.USAGE, f"{self.prog}: {words} ({self.prog} --help tells more)\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="porttui",
        description=f"{_DESCRIPTION} Without a command: the interactive session.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"porttui {__version__}")
    parser.add_argument(
        "--interval",
        type=_interval,
        default=DEFAULT_INTERVAL_S,
        metavar="SECONDS",
        help="time between two samples, %(default)s by default; stretched when sampling is slow",
    )
    parser.add_argument(
        "--filter", nargs=1, default=[], metavar="FILTER", help="begin with this filter"
    )
    _add_source(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    listing = commands.add_parser(
        "list",
        help="print the sockets once and exit",
        description="Print the sockets of this machine, with all their processes, and exit.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    listing.add_argument("filter", nargs="*", metavar="FILTER")
    which = listing.add_mutually_exclusive_group()
    which.add_argument(
        "--listening", action="store_true", help="only TCP listeners and bound UDP sockets"
    )
    which.add_argument(
        "--loopback", action="store_true", help="only connections that stay on this machine"
    )
    listing.add_argument("--json", action="store_true", help="one JSON object, see the README")
    _add_source(listing)
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        type=SourceName,
        choices=list(SourceName),
        default=SourceName.AUTO,
        metavar="SOURCE",
        help="where sockets are read: auto (the best there is), netlink, proc, psutil",
    )


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not SHORTEST_INTERVAL_S <= seconds <= LONGEST_INTERVAL_S:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds "
            f"from {SHORTEST_INTERVAL_S:g} to {LONGEST_INTERVAL_S:g}"
        )
    return seconds
