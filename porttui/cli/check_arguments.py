"""The command line of `check`: what it is to look at, and what is too little."""

from __future__ import annotations

from typing import NamedTuple

from porttui.cli.options import Given, Grammar, Option, UsageError, number, seconds
from porttui.cli.port_arguments import read_addresses, read_host_and_port
from porttui.host.asking import SourceName
from porttui.model.address import Address

DEFAULT_WARN = 20.0
DEFAULT_CRIT = 5.0
DEFAULT_PERIOD_S = 1.0
_SHORTEST_PERIOD_S = 0.2
_LONGEST_PERIOD_S = 3600.0


class CheckCommand(NamedTuple):
    """`porttui check`: will the next connect() or bind() fail?"""

    towards: tuple[tuple[str, int], ...]
    """Hosts, as names or addresses that are safe to print, with a port."""
    binds: tuple[Address, ...]
    warn: float
    """Percent of the range: fewer ports left are a warning."""
    crit: float
    as_json: bool
    names_holders: bool
    """Whether the processes are to be named where nothing runs low, too."""
    period_s: float | None
    """Seconds between two looks; None for a single one."""
    source: SourceName


def check_grammar(source: Option) -> Grammar:
    """What `check` takes."""
    return Grammar(
        prog="porttui check",
        description="Say how many more times connect() and bind() can succeed before the "
        "ephemeral ports are used up, in the form of a Nagios plugin.",
        options=(
            Option(
                "--to",
                "where to connect: 127.0.0.1:5432, [::1]:8001, db.local:5432; may be given again",
                "HOST:PORT",
                _read_destination,
                many=True,
            ),
            Option(
                "--bind",
                "the address of a bind() to port 0; may be given again",
                "ADDRESS",
                read_addresses,
                many=True,
            ),
            Option(
                "--warn",
                f"WARNING if fewer ports are left, {DEFAULT_WARN:g} by default",
                "PERCENT",
                _read_percent,
            ),
            Option(
                "--crit",
                f"CRITICAL if fewer ports are left, {DEFAULT_CRIT:g} by default",
                "PERCENT",
                _read_percent,
            ),
            Option("--who", "name the processes, too, when nothing runs low"),
            Option("--json", "one JSON object, with the processes, see the README"),
            Option("--watch", "look again each second until Ctrl+C"),
            Option(
                "--interval",
                f"with --watch: time between two looks, {DEFAULT_PERIOD_S:g} by default",
                "SECONDS",
                seconds(_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S),
            ),
            source,
        ),
        epilog="With --to or --bind the verdict is about these alone; otherwise about all "
        "destinations in use,\nbind() to 127.0.0.1, 0.0.0.0 and ::1, and UDP.\n\n"
        "exit status: 0 OK, 1 WARNING, 2 CRITICAL or exhausted, 3 UNKNOWN, also for bad usage",
    )


def read_check(given: Given, source: SourceName) -> CheckCommand:
    """The command of what was found on the command line.

    Raises:
        UsageError: the thresholds contradict each other.
    """
    values = given.values
    warn, crit = values.get("--warn", DEFAULT_WARN), values.get("--crit", DEFAULT_CRIT)
    period_s = values.get("--interval", DEFAULT_PERIOD_S)
    towards, binds = values.get("--to", ()), values.get("--bind", ())
    assert isinstance(warn, float)
    assert isinstance(crit, float)
    assert isinstance(period_s, float)
    assert isinstance(towards, tuple)
    assert isinstance(binds, tuple)
    if warn < crit:
        raise UsageError(
            f"--warn {warn:g} is below --crit {crit:g}: a warning comes first, with more ports left"
        )
    if "--interval" in values and "--watch" not in values:
        raise UsageError("--interval needs --watch")
    return CheckCommand(
        towards=tuple(dict.fromkeys(towards)),
        binds=tuple(dict.fromkeys(each for group in binds for each in group)),
        warn=warn,
        crit=crit,
        as_json="--json" in values,
        names_holders="--json" in values or "--who" in values,
        period_s=period_s if "--watch" in values else None,
        source=source,
    )


def _read_destination(text: str) -> tuple[str, int]:
    if ":" not in text:
        raise ValueError(f"{text or 'an empty word'} is not HOST:PORT, as in 127.0.0.1:5432")
    host, port = read_host_and_port(text)
    if not host:
        raise ValueError(f"{text or 'an empty word'} lacks a host, as in 127.0.0.1:5432")
    return host, port


def _read_percent(text: str) -> float:
    percent = number(text.removesuffix("%"))
    if not 0 <= percent <= 100:
        raise ValueError(f"{text!r} is no percentage from 0 to 100")
    return percent
