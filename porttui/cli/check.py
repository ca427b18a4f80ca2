"""`porttui check`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from porttui.cli.exit_status import CheckStatus, ExitStatus
from porttui.cli.options import Given, Grammar, Option, UsageError, number, seconds
from porttui.cli.output import OutputError, shortage, write
from porttui.cli.shared_options import SOURCE, given_source, read_addresses, read_host_and_port
from porttui.forecast.forecasting import USUAL_BINDS, forecast
from porttui.forecast.gauges import CRIT, WARN, Gauge, Resource, gauges
from porttui.host.asking import HostError, SourceName, Want
from porttui.host.contract import Host
from porttui.host.local import local_host
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import Flow, Level
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.errors import SampleError
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO

UNREADABLE = ExitStatus.FAILED
"""Of no use here: `run` itself says UNKNOWN."""

_DEFAULT_PERIOD_S = 1.0
_SHORTEST_PERIOD_S = 0.2
_LONGEST_PERIOD_S = 3600.0

STATUSES = {
    Level.OK: CheckStatus.OK,
    Level.WARNING: CheckStatus.WARNING,
    Level.CRITICAL: CheckStatus.CRITICAL,
    Level.EXHAUSTED: CheckStatus.CRITICAL,
    Level.UNKNOWN: CheckStatus.UNKNOWN,
}

_TO_BE_NAMED = (Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)

_CLEAR = "\x1b[H\x1b[2J"


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


def _refuse(prog: str, words: str, argv: Sequence[str]) -> int:  # noqa: ARG001
    """A monitoring system reads stdout and takes the status for an answer: 2 would be critical."""
    try:
        write(unknown(words, as_json="--json" in argv), sys.stdout)
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
    return CheckStatus.UNKNOWN


GRAMMAR = Grammar(
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
            f"WARNING if fewer ports are left, {WARN:g} by default",
            "PERCENT",
            _read_percent,
        ),
        Option(
            "--crit",
            f"CRITICAL if fewer ports are left, {CRIT:g} by default",
            "PERCENT",
            _read_percent,
        ),
        Option("--who", "name the processes, too, when nothing runs low"),
        Option("--json", "one JSON object, with the processes, see the README"),
        Option("--watch", "look again each second until Ctrl+C"),
        Option(
            "--interval",
            f"with --watch: time between two looks, {_DEFAULT_PERIOD_S:g} by default",
            "SECONDS",
            seconds(_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S),
        ),
        SOURCE,
    ),
    epilog="With --to or --bind the verdict is about these alone; otherwise about all "
    "destinations in use,\nbind() to 127.0.0.1, 0.0.0.0 and ::1, and UDP.\n\n"
    "exit status: 0 OK, 1 WARNING, 2 CRITICAL or exhausted, 3 UNKNOWN, also for bad usage",
    refuse=_refuse,
)


def read(given: Given) -> CheckCommand:
    """The check that was asked for.

    Raises:
        UsageError: the thresholds contradict each other.
    """
    values = given.values
    warn, crit = values.get("--warn", WARN), values.get("--crit", CRIT)
    period_s = values.get("--interval", _DEFAULT_PERIOD_S)
    towards, binds = values.get("--to", ()), values.get("--bind", ())
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
        source=given_source(given),
    )


def run(command: CheckCommand, out: TextIO | None, err: TextIO) -> CheckStatus:
    """Check this machine. Whatever keeps it from an answer is UNKNOWN: 1 and 2 are verdicts."""
    try:
        try:
            host = local_host(command.source, once=command.period_s is None)
            sampler = Sampler(host)
            if command.names_holders:
                sampler.begin()
            return run_check(command, host, sampler, out, err)
        except BrokenPipeError:
            raise
        except HostError as error:
            reason = str(error)
        except (OSError, MemoryError) as error:
            reason = shortage(error)
        write(unknown(reason, as_json=command.as_json), out)
    except OutputError as error:
        print(f"porttui: {error}", file=err)
    return CheckStatus.UNKNOWN


def run_check(
    command: CheckCommand, host: Host, sampler: Sampler, out: TextIO | None, err: TextIO
) -> CheckStatus:
    """Look once, or again and again until Ctrl+C."""
    is_screen = command.period_s is not None and out is not None and out.isatty()
    while True:
        begun = time.monotonic()
        text, status, problems = _look(command, host, sampler, names_holders=command.names_holders)
        write(_CLEAR + text if is_screen and not command.as_json else text, out)
        for problem in problems:
            print(f"porttui: {problem}", file=err)
        if command.period_s is None:
            return status
        time.sleep(max(0.0, command.period_s - (time.monotonic() - begun)))


def unknown(reason: str, *, as_json: bool) -> str:
    """What is printed where there is no answer."""
    if as_json:
        from porttui.cli.check_json import unknown_json

        return unknown_json(reason)
    from porttui.cli.check_output import unknown_line

    return unknown_line(reason)


def _look(
    command: CheckCommand, host: Host, sampler: Sampler, *, names_holders: bool
) -> tuple[str, CheckStatus, Sequence[str]]:
    """What to print, the status, and what the sample lacks.

    To find the processes takes far longer than the ports: they are looked for where they are
    asked for, or something runs low.
    """
    try:
        wanted = tuple(_flows(command, host))
        if names_holders:
            snapshot = sampler.sample()
        else:
            snapshot = sampler.sample(Want.PORTS, only_ephemeral=True)
    except (HostError, SampleError) as error:
        return unknown(str(error), as_json=command.as_json), CheckStatus.UNKNOWN, ()
    binds = tuple(dict.fromkeys((*USUAL_BINDS, *command.binds)))
    found = forecast(snapshot, wanted, binds)
    if found is None:
        why = "; ".join(str(problem) for problem in snapshot.problems)
        return unknown(why, as_json=command.as_json), CheckStatus.UNKNOWN, ()
    limits = sampler.limits(snapshot.sockets)
    every = gauges(found, limits, command.warn, command.crit)
    if not names_holders and any(gauge.level in _TO_BE_NAMED for gauge in every):
        return _look(command, host, sampler, names_holders=True)
    decisive = _asked(every, wanted, command.binds)[0]
    problems = [str(problem) for problem in snapshot.problems]
    status = STATUSES[decisive.level]
    if command.as_json:
        from porttui.cli.check_json import check_json

        return check_json(found, every, decisive, limits), status, problems
    from porttui.cli.check_output import check_text

    thresholds = (command.warn, command.crit)
    return check_text(found, every, decisive, snapshot.coverage, thresholds), status, problems


def _flows(command: CheckCommand, host: Host) -> Iterator[Flow]:
    """Where to, and from which address the kernel would go there.

    Raises:
        HostError: a name stands for nothing, or there is no way to any of its addresses.
    """
    for name, port in command.towards:
        flows = [
            Flow(local, end)
            for end in _ends(name, port)
            if (local := host.source_address(end.address)) is not None
        ]
        if not flows:
            raise HostError(f"there is no route to {name}")
        yield from flows


def _ends(name: str, port: int) -> Sequence[Endpoint]:
    try:
        return (Endpoint.of(name, port),)
    except ValueError:
        from porttui.host.connect_probe import resolve  # not for an address

        return resolve(name, port)


def _asked(
    every: Sequence[Gauge], wanted: Sequence[Flow], binds: Sequence[Address]
) -> Sequence[Gauge]:
    """What the verdict is about, the worst first: with --to or --bind these alone.

    Where nothing can be said of these it is about all TCP ports of the range, an estimate. Never
    about one process: it is looked at in some forms of the output only, and these are to agree.
    """
    if not wanted and not binds:
        return [gauge for gauge in every if gauge.process is None]
    keys = {flow.key for flow in wanted}
    return [
        gauge
        for gauge in every
        if gauge.resource is Resource.TCP_RANGE
        or (gauge.resource is Resource.BIND and gauge.address in binds)
        or (gauge.flow is not None and gauge.flow.key in keys)
    ]
