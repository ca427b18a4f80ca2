"""The output of `check`: text or JSON.

The text is a line for a monitoring system, then a table for people. The form is that of Nagios
plugins (Monitoring Plugins Development Guidelines): what is the matter, a bar, performance data.
Nothing after the first line contains a bar.
"""

from __future__ import annotations

from collections.abc import Sequence

from porttui.cli.output import (
    CheckStatus,
    Json,
    columns,
    endpoint_json,
    json_document,
    process_json,
)
from porttui.forecast.gauges import Gauge, system_limits
from porttui.model.forecast import Destination, Forecast, Headroom, Level
from porttui.model.kernel import Limit, Limits, ProcessFiles
from porttui.model.snapshot import Coverage
from porttui.text.forecast import (
    caveats_text,
    cure,
    cure_line,
    range_text,
    recovery,
    title,
    unknown_line,
    verdict,
)
from porttui.text.processes import hidden_processes, shares

STATUS_OF_LEVEL = {
    Level.OK: CheckStatus.OK,
    Level.WARNING: CheckStatus.WARNING,
    Level.CRITICAL: CheckStatus.CRITICAL,
    Level.EXHAUSTED: CheckStatus.CRITICAL,
    Level.UNKNOWN: CheckStatus.UNKNOWN,
}

_MAX_HOLDERS = 3
_MAX_PERFORMANCE_GAUGES = 20
"""Gauges with performance data."""


def unknown_output(reason: str, *, as_json: bool) -> str:
    """The whole output when nothing could be measured."""
    if as_json:
        return json_document(verdict=Level.UNKNOWN.value, message=reason)
    return _without_bars(unknown_line(reason))


def check_text(
    forecast: Forecast,
    gauges: Sequence[Gauge],
    decisive: Gauge,
    coverage: Coverage,
    thresholds: tuple[float, float],
) -> str:
    """All of it; `thresholds`: below which percentages it is a warning, and critical."""
    # A graph of a pid is of no use: the next process is another one.
    without_processes = [gauge for gauge in gauges if gauge.process is None]
    performance = " ".join(
        _performance(gauge, thresholds) for gauge in without_processes[:_MAX_PERFORMANCE_GAUGES]
    )
    lines = [
        f"PORTS {STATUS_OF_LEVEL[decisive.level].name} - {_without_bars(verdict(decisive))}"
        f" | {performance}"
    ]
    if decisive.level not in (Level.OK, Level.UNKNOWN):
        lines.append(cure_line(decisive))
    lines += ["", _without_bars(_table(gauges)), ""]
    lines.append(range_text(forecast))
    lines += caveats_text(forecast.caveats)
    if coverage.hidden_holders and not coverage.elevated:
        from porttui.host.programs import elevation_command

        lines.append(hidden_processes(f"{elevation_command()} check --who"))
    return "\n".join(lines)


def _table(gauges: Sequence[Gauge]) -> str:
    rows = [
        (
            title(gauge),
            f"{'about ' * gauge.is_estimate}{gauge.left:,}",
            "" if gauge.headroom.is_exact or gauge.is_estimate else f"{gauge.headroom.at_least:,}",
            gauge.level.name,
            *_in_use(gauge),
            shares(gauge.destination.holders, _MAX_HOLDERS) if gauge.destination else "",
            recovery(gauge),
        )
        for gauge in gauges
        if gauge.is_notable
    ]
    heading = ("RESOURCE", "LEFT", "AT LEAST", "", "IN USE", "TIME_WAIT", "PROCESSES", "")
    return columns(rows, heading, right_aligned=(1, 2, 4, 5), optional=(2, 6))


def _in_use(gauge: Gauge) -> tuple[str, str]:
    """The cells IN USE and TIME_WAIT."""
    destination = gauge.destination
    if destination is not None:
        return f"{destination.in_use:,}", f"{destination.time_wait:,}"
    if gauge.is_estimate:
        return f"{gauge.used:,}", "" if gauge.time_wait is None else f"{gauge.time_wait:,}"
    return "", ""


def _performance(gauge: Gauge, thresholds: tuple[float, float]) -> str:
    """'label'=value;warn;crit;min;max, where "12:" alerts below 12."""
    warn, crit = (-int(-gauge.capacity * percent // 100) for percent in thresholds)
    label = gauge.resource.value
    if gauge.destination is not None:
        label += f" {gauge.destination.local} {gauge.destination.remote}"
    elif gauge.address is not None:
        label += f" {gauge.address}"
    return f"'{label}'={gauge.left};{warn}:;{crit}:;0;{gauge.capacity}"


def _without_bars(text: str) -> str:
    """Whatever a process is called, the bar is the one before the performance data."""
    return text.replace("|", "¦")


def check_json(forecast: Forecast, gauges: Sequence[Gauge], decisive: Gauge, limits: Limits) -> str:
    """One object in one line."""
    ephemeral = forecast.ephemeral
    level_of = {gauge.destination: gauge.level for gauge in gauges}
    return json_document(
        verdict=decisive.level.value,
        message=verdict(decisive),
        cure=None if decisive.level is Level.OK else cure(decisive),
        ephemeral={
            "first": ephemeral.first,
            "last": ephemeral.last,
            "reserved": ephemeral.last - ephemeral.first + 1 - ephemeral.capacity,
            "reserved_spans": [[first, last] for first, last in ephemeral.reserved],
            "capacity": ephemeral.capacity,
        },
        tcp={
            "used": forecast.tcp_used,
            "time_wait": forecast.time_wait,
            "reusable": forecast.reusable,
            "bind_headroom": {bind.address.text: bind.headroom.expected for bind in forecast.binds},
            "bind_headroom_range": {
                bind.address.text: _headroom(bind.headroom) for bind in forecast.binds
            },
            "destinations": [
                _destination(destination, level_of.get(destination, Level.UNKNOWN))
                for destination in forecast.destinations
            ],
        },
        udp={
            "used": forecast.udp_used,
            "headroom": _expected(forecast.udp_headroom),
            "headroom_range": _headroom(forecast.udp_headroom),
        },
        limits={
            **{resource: _limit(limit) for resource, limit in system_limits(limits).items()},
            "processes": _processes(limits.processes, gauges),
        },
        estimate=forecast.is_estimate,
        caveats=list(caveats_text(forecast.caveats)),
    )


def _destination(destination: Destination, level: Level) -> dict[str, Json]:
    return {
        "local": destination.local.text,
        "remote": endpoint_json(destination.remote),
        "verdict": level.value,
        "in_use": destination.in_use,
        "time_wait": destination.time_wait,
        "headroom": _headroom(destination.headroom),
        "recovers_in_s": _rounded(destination.recovers_in_s),
        "recovered_in_s": _rounded(destination.recovered_in_s),
        "holders": [
            {**process_json(share.process), "ports": share.ports} for share in destination.holders
        ],
        "hidden": destination.hidden,
        "gone": destination.gone,
        "listeners": [process_json(process) for process in destination.listeners],
    }


def _expected(headroom: Headroom | None) -> int | None:
    return None if headroom is None else headroom.expected


def _headroom(headroom: Headroom | None) -> Json:
    if headroom is None:
        return None
    return {
        "at_least": headroom.at_least,
        "at_most": headroom.at_most,
        "expected": headroom.expected,
    }


def _limit(limit: Limit | None) -> Json:
    return None if limit is None else {"used": limit.used, "most": limit.maximum}


def _processes(processes: Sequence[ProcessFiles], gauges: Sequence[Gauge]) -> list[Json]:
    level_of = {gauge.process: gauge.level for gauge in gauges}
    return [
        {
            "pid": process.pid,
            "name": process.name,
            "used": files.used,
            "most": files.maximum,
            "verdict": level_of[process].value,
        }
        for process, files in processes
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
