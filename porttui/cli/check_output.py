"""`check` in words: a line for a monitoring system, then a table for people.

The form is that of Nagios plugins (Monitoring Plugins Development Guidelines): what is the
matter, a bar, performance data. Nothing after the first line contains a bar.
"""

from __future__ import annotations

from collections.abc import Sequence

from porttui.cli.columns import columns
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Forecast, Level
from porttui.model.snapshot import Coverage
from porttui.text.forecast import caveats_text, cure_line, range_text, recovery, title, verdict
from porttui.text.forecast import unknown_line as unknown_text
from porttui.text.processes import hidden_processes, shares

_STATUS_NAMES = {
    Level.OK: "OK",
    Level.WARNING: "WARNING",
    Level.CRITICAL: "CRITICAL",
    Level.EXHAUSTED: "CRITICAL",
    Level.UNKNOWN: "UNKNOWN",
}
_MAX_HOLDERS = 3
_MAX_PERFORMANCE_GAUGES = 20
"""Gauges with performance data."""


def unknown_line(reason: str) -> str:
    """The whole output when nothing could be measured."""
    return _without_bars(unknown_text(reason))


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
        f"PORTS {_STATUS_NAMES[decisive.level]} - {_without_bars(verdict(decisive))}"
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
            _STATUS_NAMES[gauge.level] if gauge.level is not Level.EXHAUSTED else "EXHAUSTED",
            *_in_use(gauge),
            shares(gauge.destination.holders, _MAX_HOLDERS) if gauge.destination else "",
            recovery(gauge),
        )
        for gauge in gauges
        if gauge.is_notable
    ]
    heading = ("RESOURCE", "LEFT", "AT LEAST", "", "IN USE", "TIME_WAIT", "PROCESSES", "")
    return columns(heading, rows, right_aligned=(1, 2, 4, 5), optional=(2, 6))


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
