"""`porttui check`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from porttui.cli.check_arguments import CheckCommand
from porttui.cli.exit_status import CheckStatus
from porttui.cli.output import write
from porttui.forecast.forecasting import USUAL_BINDS, forecast
from porttui.forecast.gauges import Gauge, Resource, gauges
from porttui.host.asking import HostError, Want
from porttui.host.contract import Host
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import Flow, Level
from porttui.sampling.errors import SampleError
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO

STATUSES = {
    Level.OK: CheckStatus.OK,
    Level.WARNING: CheckStatus.WARNING,
    Level.CRITICAL: CheckStatus.CRITICAL,
    Level.EXHAUSTED: CheckStatus.CRITICAL,
    Level.UNKNOWN: CheckStatus.UNKNOWN,
}

_TO_BE_NAMED = (Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)

_CLEAR = "\x1b[H\x1b[2J"


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
