"""JSON of `check`. The format is stable."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.cli.fields import Json, endpoint_json, json_document, process_json
from porttui.forecast.gauges import Gauge, system_limits
from porttui.model.forecast import Destination, Forecast, Headroom, Level
from porttui.model.kernel import Limit, Limits, ProcessFiles
from porttui.text.forecast import caveats_text, cure, verdict


def unknown_json(reason: str) -> str:
    """Where there is no answer."""
    return json_document(verdict=Level.UNKNOWN.value, message=reason)


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
            "destinations": [
                _destination(destination, level_of.get(destination, Level.UNKNOWN))
                for destination in forecast.destinations
            ],
        },
        udp={"used": forecast.udp_used, "headroom": _expected(forecast.udp_headroom)},
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
