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
from porttui.text.forecast import caveat_words, cure, recovery, title, verdict
from porttui.text.processes import shares

_WORDS = {
    Level.OK: "OK",
    Level.WARNING: "WARNING",
    Level.CRITICAL: "CRITICAL",
    Level.EXHAUSTED: "CRITICAL",
    Level.UNKNOWN: "UNKNOWN",
}
_MOST_HOLDERS = 3
_MEASURED = 20
"""Gauges whose performance data is told."""


def unknown_line(reason: str) -> str:
    """The whole output where there is no answer."""
    return f"PORTS UNKNOWN - {_barless(reason)}"


def check_text(
    found: Forecast,
    every: Sequence[Gauge],
    decisive: Gauge,
    coverage: Coverage,
    thresholds: tuple[float, float],
) -> str:
    """All of it; `thresholds`: below which percentages it is a warning, and critical."""
    # A graph of a pid is of no use: the next process is another one.
    lasting = [each for each in every if each.process is None]
    measured = " ".join(_performance(each, thresholds) for each in lasting[:_MEASURED])
    lines = [f"PORTS {_WORDS[decisive.level]} - {_barless(verdict(decisive))} | {measured}"]
    if decisive.level not in (Level.OK, Level.UNKNOWN):
        lines.append(f"what helps: {cure(decisive)}")
    lines += ["", _barless(_table(every)), ""]
    reserved = found.ephemeral.last - found.ephemeral.first + 1 - found.ephemeral.capacity
    lines.append(
        f"ephemeral range {found.ephemeral}: {found.ephemeral.capacity:,} ports"
        + (f", {reserved:,} reserved" if reserved else "")
        + f"; of them TCP {found.tcp_used:,} in use, sockets in TIME_WAIT: {found.time_wait:,}"
        + ("" if found.reusable is None else f" ({found.reusable:,} can be taken over)")
        + f"; UDP {found.udp_used:,} in use"
    )
    lines += caveat_words(found.caveats)
    if coverage.hidden_holders and not coverage.elevated:
        from porttui.host.elevation import elevation_command

        lines.append(
            f"some processes are hidden from you: {elevation_command()} check --who shows them"
        )
    return "\n".join(lines)


def _table(every: Sequence[Gauge]) -> str:
    rows = [
        (
            title(each),
            f"{'about ' * each.is_estimate}{each.left:,}",
            "" if each.headroom.is_exact or each.is_estimate else f"{each.headroom.at_least:,}",
            _WORDS[each.level] if each.level is not Level.EXHAUSTED else "EXHAUSTED",
            *_in_use(each),
            shares(each.destination.holders, _MOST_HOLDERS) if each.destination else "",
            recovery(each),
        )
        for each in every
        if each.is_telling
    ]
    heading = ("THE NEXT", "LEFT", "AT LEAST", "", "IN USE", "TIME_WAIT", "BY", "")
    return columns(heading, rows, right=(1, 2, 4, 5), where_told=(2, 6))


def _in_use(gauge: Gauge) -> tuple[str, str]:
    """And in TIME_WAIT."""
    found = gauge.destination
    if found is not None:
        return f"{found.in_use:,}", f"{found.time_wait:,}"
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


def _barless(text: str) -> str:
    """Whatever a process is called, the bar is the one before the performance data."""
    return text.replace("|", "¦")
