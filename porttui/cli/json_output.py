"""A snapshot as JSON. The form is a promise: `version` rises when it is broken."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from porttui.analysis.exposure import exposure
from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket

VERSION = 1

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def snapshot_json(snapshot: Snapshot, sockets: Iterable[Socket]) -> str:
    """One object in one line, without a newline: the snapshot with these of its sockets."""
    chosen = list(sockets)
    document: Json = {
        "version": VERSION,
        "taken_at": _iso_8601(snapshot.taken_at),
        "duration_ms": round(snapshot.duration_ms, 3),
        "coverage": {
            "elevated": snapshot.coverage.elevated,
            "hidden_holders": snapshot.coverage.hidden_holders,
            "pids_match": snapshot.coverage.pids_match,
        },
        "problems": [str(problem) for problem in snapshot.problems],
        "sockets": [socket_json(each) for each in chosen],
    }
    # Foreign names go through whatever the encoding of stdout is.
    return json.dumps(document)


def socket_json(each: Socket) -> dict[str, Json]:
    """One socket with its holders."""
    return {
        "protocol": each.protocol.value,
        "family": each.family.value,
        "state": each.state.value if each.state else None,
        "local": endpoint_json(each.local),
        "remote": endpoint_json(each.remote) if each.remote else None,
        "uid": each.uid,
        "user": each.user,
        "ownership": each.ownership.value,
        "exposure": exposure(each.local.address).value,
        "holders": [process_json(holder) for holder in each.holders],
    }


def process_json(process: Process) -> dict[str, Json]:
    """One process; `create_time` is seconds since the epoch."""
    return {
        "pid": process.pid,
        "name": process.name,
        "user": process.user,
        "cmdline": list(process.cmdline),
        "create_time": process.create_time,
    }


def _iso_8601(epoch_s: float) -> str:
    seconds, milliseconds = divmod(round(epoch_s * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


def endpoint_json(endpoint: Endpoint) -> dict[str, Json]:
    """An address and a port."""
    return {"address": endpoint.address.text, "port": endpoint.port}
