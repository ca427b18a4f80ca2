"""`check` as JSON. The form is a promise, as that of `list`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from porttui.cli.fields import Json, endpoint_json, process_json
from porttui.cli.json_output import VERSION
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Destination, Forecast, Headroom, Level
from porttui.model.limits import Limit, Limits, ProcessFiles
from porttui.text.forecast import caveat_words, cure, verdict


def unknown_json(reason: str) -> str:
    """Where there is no answer."""
    return json.dumps({"version": VERSION, "verdict": Level.UNKNOWN.value, "message": reason})


def check_json(found: Forecast, every: Sequence[Gauge], decisive: Gauge, limits: Limits) -> str:
    """One object in one line."""
    ephemeral = found.ephemeral
    level_of = {each.destination: each.level for each in every}
    document: dict[str, Json] = {
        "version": VERSION,
        "verdict": decisive.level.value,
        "message": verdict(decisive),
        "cure": None if decisive.level is Level.OK else cure(decisive),
        "ephemeral": {
            "first": ephemeral.first,
            "last": ephemeral.last,
            "reserved": ephemeral.last - ephemeral.first + 1 - ephemeral.capacity,
            "reserved_spans": [[first, last] for first, last in ephemeral.reserved],
            "capacity": ephemeral.capacity,
        },
        "tcp": {
            "used": found.tcp_used,
            "time_wait": found.time_wait,
            "reusable": found.reusable,
            "bind_headroom": {each.address.text: each.headroom.expected for each in found.binds},
            "destinations": [
                _destination(each, level_of.get(each, Level.UNKNOWN)) for each in found.destinations
            ],
        },
        "udp": {"used": found.udp_used, "headroom": _expected(found.udp_headroom)},
        "limits": {
            "conntrack": _limit(limits.conntrack),
            "open_files": _limit(limits.open_files),
            "processes": _processes(limits.processes, every),
        },
        "estimate": found.is_estimate,
        "caveats": list(caveat_words(found.caveats)),
    }
    return json.dumps(document)


def _destination(each: Destination, level: Level) -> dict[str, Json]:
    return {
        "local": each.local.text,
        "remote": endpoint_json(each.remote),
        "verdict": level.value,
        "in_use": each.in_use,
        "time_wait": each.time_wait,
        "headroom": _headroom(each.headroom),
        "recovers_in_s": _rounded(each.recovers_in_s),
        "recovered_in_s": _rounded(each.recovered_in_s),
        "holders": [
            {**process_json(share.process), "ports": share.ports} for share in each.holders
        ],
        "hidden": each.hidden,
        "gone": each.gone,
        "listeners": [process_json(process) for process in each.listeners],
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
    return None if limit is None else {"used": limit.used, "most": limit.most}


def _processes(found: Sequence[ProcessFiles], every: Sequence[Gauge]) -> list[Json]:
    level_of = {each.process: each.level for each in every}
    return [
        {
            "pid": process.pid,
            "name": process.name,
            "used": files.used,
            "most": files.most,
            "verdict": level_of[process].value,
        }
        for process, files in found
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
