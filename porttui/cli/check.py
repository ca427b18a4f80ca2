"""`porttui check`: will the next connect() or bind() fail?"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from porttui.cli.common_options import SOURCE, parse_addresses, parse_host_and_port, source_option
from porttui.cli.exit_status import CheckStatus, ExitStatus
from porttui.cli.options import Grammar, Option, ParsedArguments, UsageError, number, seconds
from porttui.cli.output import OutputError, write
from porttui.forecast.forecast import USUAL_BINDS, forecast
from porttui.forecast.gauges import CRIT, WARN, Gauge, Resource, gauges
from porttui.host.contract import Host
from porttui.host.local import local_host
from porttui.host.request import HostError, SocketRequest, SourceName
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import ConnectPath, Level
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.sampling.sources import SampleError
from porttui.text.errors import system_error
from porttui.text.forecast import no_route

if TYPE_CHECKING:
    from typing import TextIO

HOST_ERROR_STATUS = ExitStatus.FAILED
"""Not used: `run` itself reports UNKNOWN."""

_DEFAULT_INTERVAL_S = 1.0
_MIN_INTERVAL_S = 0.2
_MAX_INTERVAL_S = 3600.0

STATUS_OF_LEVEL = {
    Level.OK: CheckStatus.OK,
    Level.WARNING: CheckStatus.WARNING,
    Level.CRITICAL: CheckStatus.CRITICAL,
    Level.EXHAUSTED: CheckStatus.CRITICAL,
    Level.UNKNOWN: CheckStatus.UNKNOWN,
}

_LEVELS_WITH_HOLDERS = (Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)

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


def _report_usage_error(prog: str, message: str, argv: Sequence[str]) -> int:  # noqa: ARG001
    """A monitoring system reads stdout and takes the status for an answer: 2 would be critical."""
    try:
        write(unknown_output(message, as_json="--json" in argv), sys.stdout)
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
    return CheckStatus.UNKNOWN


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
        Option(
            "--bind",
            "the address of a bind() to port 0; repeatable",
            "ADDRESS",
            parse_addresses,
            repeatable=True,
        ),
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
        Option(
            "--interval",
            f"with --watch: seconds between checks (default {_DEFAULT_INTERVAL_S:g})",
            "SECONDS",
            seconds(_MIN_INTERVAL_S, _MAX_INTERVAL_S),
        ),
        SOURCE,
    ),
    epilog="--to and --bind limit the verdict to these. Without them it covers all destinations\n"
    "in use, bind() to 127.0.0.1, 0.0.0.0 and ::1, and UDP.\n\n"
    "exit status: 0 OK, 1 WARNING, 2 CRITICAL or exhausted, 3 UNKNOWN, also for bad usage",
    report_usage_error=_report_usage_error,
)


def build_command(parsed: ParsedArguments) -> CheckCommand:
    """The check that was asked for.

    Raises:
        UsageError: the thresholds contradict each other.
    """
    values = parsed.values
    warn, crit = values.get("--warn", WARN), values.get("--crit", CRIT)
    interval_s = values.get("--interval", _DEFAULT_INTERVAL_S)
    destinations, bind_addresses = values.get("--to", ()), values.get("--bind", ())
    if warn < crit:
        raise UsageError(f"--warn must not be below --crit ({warn:g} < {crit:g})")
    if "--interval" in values and "--watch" not in values:
        raise UsageError("--interval needs --watch")
    return CheckCommand(
        destinations=tuple(dict.fromkeys(destinations)),
        bind_addresses=tuple(
            dict.fromkeys(address for addresses in bind_addresses for address in addresses)
        ),
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
            host = local_host(command.source, one_shot=command.interval_s is None)
            sampler = Sampler(host)
            if command.with_holders:
                sampler.prefetch()
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
    is_terminal = command.interval_s is not None and out is not None and out.isatty()
    while True:
        started_at = time.monotonic()
        text, status, problems = _check_once(
            command, host, sampler, with_holders=command.with_holders
        )
        write(_CLEAR_SCREEN + text if is_terminal and not command.as_json else text, out)
        for problem in problems:
            print(f"porttui: {problem}", file=err)
        if command.interval_s is None:
            return status
        time.sleep(max(0.0, command.interval_s - (time.monotonic() - started_at)))


def unknown_output(reason: str, *, as_json: bool) -> str:
    """The output when nothing could be measured."""
    if as_json:
        from porttui.cli.check_json import unknown_json

        return unknown_json(reason)
    from porttui.cli.check_output import unknown_line

    return unknown_line(reason)


def _check_once(
    command: CheckCommand, host: Host, sampler: Sampler, *, with_holders: bool
) -> tuple[str, CheckStatus, Sequence[str]]:
    """What to print, the status, and what the sample lacks.

    To find the processes takes far longer than the ports: they are looked for where they are
    asked for, or something runs low.
    """
    try:
        paths = tuple(_paths(command, host))
        if with_holders:
            snapshot = sampler.sample()
        else:
            snapshot = sampler.sample(SocketRequest.WITHOUT_HOLDERS, only_ephemeral=True)
    except (HostError, SampleError) as error:
        return unknown_output(str(error), as_json=command.as_json), CheckStatus.UNKNOWN, ()
    bind_addresses = tuple(dict.fromkeys((*USUAL_BINDS, *command.bind_addresses)))
    prediction = forecast(snapshot, paths, bind_addresses)
    if prediction is None:
        reason = "; ".join(str(problem) for problem in snapshot.problems)
        return unknown_output(reason, as_json=command.as_json), CheckStatus.UNKNOWN, ()
    limits = sampler.limits(snapshot.sockets)
    all_gauges = gauges(prediction, limits, command.warn, command.crit)
    if not with_holders and any(gauge.level in _LEVELS_WITH_HOLDERS for gauge in all_gauges):
        return _check_once(command, host, sampler, with_holders=True)
    decisive = _verdict_gauges(all_gauges, paths, command.bind_addresses)[0]
    problems = [str(problem) for problem in snapshot.problems]
    status = STATUS_OF_LEVEL[decisive.level]
    if command.as_json:
        from porttui.cli.check_json import check_json

        return check_json(prediction, all_gauges, decisive, limits), status, problems
    from porttui.cli.check_output import check_text

    thresholds = (command.warn, command.crit)
    return (
        check_text(prediction, all_gauges, decisive, snapshot.coverage, thresholds),
        status,
        problems,
    )


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


def _verdict_gauges(
    all_gauges: Sequence[Gauge], paths: Sequence[ConnectPath], bind_addresses: Sequence[Address]
) -> Sequence[Gauge]:
    """The gauges that decide the verdict, worst first: with --to or --bind these alone.

    Where these are unknown, the estimate for all TCP ports of the range decides. Never a single
    process: only some forms of the output read processes, and all forms must agree.
    """
    if not paths and not bind_addresses:
        return [gauge for gauge in all_gauges if gauge.process is None]
    keys = {path.key for path in paths}
    return [
        gauge
        for gauge in all_gauges
        if gauge.resource is Resource.TCP_RANGE
        or (gauge.resource is Resource.BIND and gauge.address in bind_addresses)
        or (gauge.path is not None and gauge.path.key in keys)
    ]
