"""`porttui` without a command: what the interactive session begins with."""

from __future__ import annotations

import sys

from porttui import __version__
from porttui.cli.arguments import COMMANDS
from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Given, Grammar, Option, UsageError, seconds
from porttui.cli.output import write
from porttui.cli.shared_options import (
    MOST_WORDS,
    SOURCE,
    filter_help,
    given_source,
    read_filter,
    read_place,
)
from porttui.model.address import Place
from porttui.settings import DEFAULT_INTERVAL_S, Settings

_SHORTEST_INTERVAL_S = 0.2
_LONGEST_INTERVAL_S = 3600.0


GRAMMAR = Grammar(
    prog="porttui",
    description="The ports of this machine: who holds them, who talks to whom, what is left. "
    "Without a command: the interactive session; with a PORT it begins with why that is held "
    "or free.",
    options=(
        Option(
            "--interval",
            f"time between two samples, {DEFAULT_INTERVAL_S:g} by default; "
            "stretched when sampling is slow",
            "SECONDS",
            seconds(_SHORTEST_INTERVAL_S, _LONGEST_INTERVAL_S),
        ),
        Option("--filter", "begin with this filter", "FILTER"),
        SOURCE,
        Option("--version", "show the version and exit"),
    ),
    operands="[PORT]",
    most=MOST_WORDS,
    commands=tuple((name, words) for name, (_, words) in COMMANDS.items()),
    epilog=filter_help(),
)


def read(given: Given) -> Settings:
    """The settings of the session.

    Raises:
        UsageError: there is no such command, port or filter.
        SystemExit: with 0 after --version.
    """
    if "--version" in given.values:
        write(f"porttui {__version__}", sys.stdout)
        raise SystemExit(ExitStatus.OK)
    place = _place(given)
    typed = given.values.get("--filter", "" if place is None else str(place.port))
    return Settings(
        source=given_source(given),
        interval_s=given.values.get("--interval", DEFAULT_INTERVAL_S),
        filter=read_filter((typed,)),
        place=place,
    )


def _place(given: Given) -> Place | None:
    """The port in `porttui 3000`."""
    if not given.operands:
        return None
    first, *others = given.operands
    if first in COMMANDS:
        raise UsageError(f"{first} comes first")
    if not any(sign.isdecimal() for sign in first):
        raise UsageError(f"there is no command {first}")
    if others:
        raise UsageError(f"{others[0]} is one argument too many")
    return read_place(first)
