"""`porttui` without a command: the settings of the session."""

from __future__ import annotations

import sys

from porttui import __version__
from porttui.cli.arguments import COMMANDS, Grammar, Option, ParsedArguments, UsageError
from porttui.cli.common_options import (
    INTERVAL,
    MAX_WORDS,
    SOURCE,
    filter_help,
    one_text,
    read_port_query,
    source_option,
    valid_filter,
)
from porttui.cli.output import ExitStatus, write
from porttui.model.address import PortQuery
from porttui.settings import DEFAULT_INTERVAL_S, Settings

GRAMMAR = Grammar(
    prog="porttui",
    description="Show the ports of this machine: who holds them, who is connected, how many are "
    "left. Without a command: the interactive session; PORT opens its diagnosis.",
    options=(
        INTERVAL._replace(
            help=f"{INTERVAL.help} (default {DEFAULT_INTERVAL_S:g}); longer if sampling is slow"
        ),
        Option("--filter", "start with this filter", "FILTER"),
        SOURCE,
        Option("--version", "show the version and exit"),
    ),
    operands="[PORT]",
    max_operands=MAX_WORDS,
    commands=tuple((name, words) for name, (_, words) in COMMANDS.items()),
    epilog=filter_help(),
)


def build_command(parsed: ParsedArguments) -> Settings:
    """The settings of the session.

    Raises:
        UsageError: there is no such command, port or filter.
        SystemExit: with 0 after --version.
    """
    if "--version" in parsed.values:
        write(f"porttui {__version__}", sys.stdout)
        raise SystemExit(ExitStatus.OK)
    port_query = _port_query(parsed)
    text = parsed.values.get("--filter", "" if port_query is None else str(port_query.port))
    return Settings(
        source=source_option(parsed),
        interval_s=parsed.values.get(INTERVAL.name, DEFAULT_INTERVAL_S),
        filter=valid_filter((text,)),
        port_query=port_query,
    )


def _port_query(parsed: ParsedArguments) -> PortQuery | None:
    """The port in `porttui 3000`."""
    if not parsed.operands:
        return None
    first = parsed.operands[0]
    if first in COMMANDS:
        raise UsageError(f"the command {first} must come first: porttui {first}")
    if not any(character.isdecimal() for word in parsed.operands for character in word):
        raise UsageError(f"unknown command {first}")
    return read_port_query(one_text(parsed.operands))
