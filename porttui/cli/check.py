"""`porttui check`: will the next connect() or bind() fail?"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from porttui.cli.arguments import Grammar, Option, ParsedArguments, UsageError, number
from porttui.cli.check_output import STATUS_OF_LEVEL, check_json, check_text, unknown_output
from porttui.cli.common_options import (
    INTERVAL,
    SOURCE,
    address_options,
    parse_addresses,
    parse_host_and_port,
    source_option,
)
from porttui.cli.output import CheckStatus, OutputError, write
from porttui.forecast.forecast import USUAL_BINDS, forecast
from porttui.forecast.gauges import CRIT, WARN, Gauge, Resource, gauges
from porttui.host.contract import Host
from porttui.host.local import local_host
from porttui.host.request import HostError, SocketRequest, SourceName
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.forecast import ConnectPath, Level
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.sampling.sources import SampleError
from porttui.settings import DEFAULT_INTERVAL_S
from porttui.text.errors import system_error
from porttui.text.forecast import no_route

if TYPE_CHECKING:
    from typing import TextIO

_LOW_LEVELS = (Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)

_CLEAR_SCREEN = "\x1b[H\x1b[2J"


class CheckCommand(NamedTuple):
    """`porttui check`: will the next connect() or bind() fail?"""

    destinations: tuple[tuple[str, int], ...]
    """Hosts, as names or addresses that are safe to print, with a port."""
    bind_addresses: tuple[Address, ...]
    warn: float
    """Percent of the range: fewer ports left are a warning."""
    crit: float
    as_json: bool
    with_holders: bool
    """Name processes even when nothing is low."""
    interval_s: float | None
    """Seconds between samples; None to check once."""
    source: SourceName


def _parse_destination(text: str) -> tuple[str, int]:
    if ":" not in text:
        raise ValueError("must be HOST:PORT, like 127.0.0.1:5432")
    host, port = parse_host_and_port(text)
    if not host:
        raise ValueError("needs a host, like 127.0.0.1:5432")
    return host, port


def _parse_percent(text: str) -> float:
    percent = number(text.removesuffix("%"))
    if not 0 <= percent <= 100:
        raise ValueError("must be 0 to 100 percent")
    return percent


def _report_usage_error(message: str, argv: Sequence[str]) -> int:
    """A monitoring system reads stdout and takes the status for an answer: 2 would be critical."""
    try:
        write(unknown_output(message, as_json="--json" in argv), sys.stdout)
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
    return CheckStatus.UNKNOWN


_BIND = Option(
    "--bind",
    "the address of a bind() to port 0; repeatable",
    "ADDRESS",
    parse_addresses,
    repeatable=True,
)
GRAMMAR = Grammar(
    prog="porttui check",
    description="Show how many ephemeral ports are left for connect() and bind(). "
    "The output is that of a Nagios plugin.",
    options=(
        Option(
            "--to",
            "where to connect: 127.0.0.1:5432, [::1]:8001, db.local:5432; repeatable",
            "HOST:PORT",
            _parse_destination,
            repeatable=True,
        ),
        _BIND,
        Option(
            "--warn",
            f"WARNING below this share of ports left (default {WARN:g})",
            "PERCENT",
            _parse_percent,
        ),
        Option(
            "--crit",
            f"CRITICAL below this share of ports left (default {CRIT:g})",
            "PERCENT",
            _parse_percent,
        ),
        Option("--who", "name processes even when nothing is low"),
        Option("--json", "print JSON with the processes (docs/json.md)"),
        Option("--watch", "repeat each second until Ctrl+C"),
        INTERVAL._replace(
            help=f"with --watch: seconds between checks (default {DEFAULT_INTERVAL_S:g})"
        ),
        SOURCE,
    ),
    epilog="--to and --bind limit the verdict to these. Without them it covers all destinations\n"
    "in use, bind() to 127.0.0.1, 0.0.0.0 and ::1, and UDP.\n\n"
    "exit status: 0 OK, 1 WARNING, 2 CRITICAL or exhausted, 3 UNKNOWN, also for bad usage",
    report_usage_error=_report_usage_error,
)


def build_command(parsed: ParsedArguments) -> CheckCommand:
    values = parsed.values
    warn, crit = values.get("--warn", WARN), values.get("--crit", CRIT)
    interval_s = values.get(INTERVAL.name, DEFAULT_INTERVAL_S)
    if warn < crit:
        raise UsageError(f"--warn must not be below --crit ({warn:g} < {crit:g})")
    if INTERVAL.name in values and "--watch" not in values:
        raise UsageError("--interval needs --watch")
    return CheckCommand(
        destinations=tuple(dict.fromkeys(values.get("--to", ()))),
        bind_addresses=address_options(parsed, _BIND),
        warn=warn,
        crit=crit,
        as_json="--json" in values,
        with_holders="--json" in values or "--who" in values,
        interval_s=interval_s if "--watch" in values else None,
        source=source_option(parsed),
    )


def run(command: CheckCommand, out: TextIO | None, err: TextIO) -> CheckStatus:
    """Check this machine. Whatever keeps it from an answer is UNKNOWN: 1 and 2 are verdicts."""
    try:
        try:
            host = local_host(command.source)
            sampler = Sampler(host)
            return run_check(command, host, sampler, out, err)
        except BrokenPipeError:
            raise
        except HostError as error:
            reason = str(error)
        except (OSError, MemoryError) as error:
            reason = system_error(error)
        write(unknown_output(reason, as_json=command.as_json), out)
    except OutputError as error:
        print(f"porttui: {error}", file=err)
    return CheckStatus.UNKNOWN


def run_check(
    command: CheckCommand, host: Host, sampler: Sampler, out: TextIO | None, err: TextIO
) -> CheckStatus:
    """Check once, or repeatedly until Ctrl+C."""
    clears_screen = (
        command.interval_s is not None and not command.as_json and out is not None and out.isatty()
    )
    while True:
        started_at = time.monotonic()
        output, status, problems = _check_once(command, host, sampler)
        write(_CLEAR_SCREEN + output if clears_screen else output, out)
        for problem in problems:
            print(f"porttui: {problem}", file=err)
        if command.interval_s is None:
            return status
        time.sleep(max(0.0, command.interval_s - (time.monotonic() - started_at)))


def _check_once(
    command: CheckCommand, host: Host, sampler: Sampler
) -> tuple[str, CheckStatus, Sequence[str]]:
    """What to print, the status, and what the sample lacks.

    To find the processes takes far longer than the ports: they are looked for where they are
    asked for, or something runs low.
    """
    try:
        if command.bind_addresses:
            _require_bindable(host, command.bind_addresses)
        paths = tuple(_paths(command, host))
        if command.with_holders:
            snapshot = sampler.sample()
        else:
            snapshot = sampler.sample(SocketRequest.WITHOUT_HOLDERS, only_ephemeral=True)
    except (HostError, SampleError) as error:
        return unknown_output(str(error), as_json=command.as_json), CheckStatus.UNKNOWN, ()
    bind_addresses = tuple(dict.fromkeys((*USUAL_BINDS, *command.bind_addresses)))
    prediction = forecast(snapshot, paths, bind_addresses)
    problems = [str(problem) for problem in snapshot.problems]
    if prediction is None:
        reason = "; ".join(problems)
        return unknown_output(reason, as_json=command.as_json), CheckStatus.UNKNOWN, ()
    limits = sampler.limits(snapshot.sockets)
    all_gauges = gauges(prediction, limits, command.warn, command.crit)
    if not command.with_holders and any(gauge.level in _LOW_LEVELS for gauge in all_gauges):
        return _check_once(command._replace(with_holders=True), host, sampler)
    decisive = _decisive_gauge(all_gauges, paths, command.bind_addresses)
    if command.as_json:
        output = check_json(prediction, all_gauges, decisive, limits)
    else:
        thresholds = (command.warn, command.crit)
        output = check_text(prediction, all_gauges, decisive, snapshot.coverage, thresholds)
    return output, STATUS_OF_LEVEL[decisive.level], problems


def _require_bindable(host: Host, addresses: Sequence[Address]) -> None:
    """A forecast of an address that cannot be bound would be false comfort.

    Raises:
        HostError: bind() of one of the addresses fails, whatever the port.
    """
    from porttui.diagnosis.diagnoser import bind_refusal  # not for a check without --bind

    refusal = bind_refusal(host, Protocol.TCP, addresses)
    if refusal is not None:
        raise HostError(refusal)


def _paths(command: CheckCommand, host: Host) -> Iterator[ConnectPath]:
    """The connect paths to each destination, with the source address the kernel would choose.

    Raises:
        HostError: a name has no address, or no route leads to any of them.
    """
    for name, port in command.destinations:
        paths = [
            ConnectPath(local, remote)
            for remote in _remote_endpoints(name, port)
            if (local := host.source_address(remote.address)) is not None
        ]
        if not paths:
            raise HostError(no_route(name))
        yield from paths


def _remote_endpoints(name: str, port: int) -> Sequence[Endpoint]:
    try:
        return (Endpoint.of(name, port),)
    except ValueError:
        from porttui.host.connect_probe import resolve  # not for an address

        return resolve(name, port)


def _decisive_gauge(
    all_gauges: Sequence[Gauge], paths: Sequence[ConnectPath], bind_addresses: Sequence[Address]
) -> Gauge:
    """The gauge that decides the verdict, the worst: with --to or --bind of these alone.

    Where these are unknown, the estimate for all TCP ports of the range decides. Never a single
    process: only some forms of the output read processes, and all forms must agree.
    """
    if not paths and not bind_addresses:
        return next(gauge for gauge in all_gauges if gauge.process is None)
    keys = {path.key for path in paths}
    return next(
        gauge
        for gauge in all_gauges
        if gauge.resource is Resource.TCP_RANGE
        or (gauge.resource is Resource.BIND and gauge.address in bind_addresses)
        or (gauge.path is not None and gauge.path.key in keys)
    )
