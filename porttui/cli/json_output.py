"""JSON of `list`. The format is stable: `version` rises when a field changes its meaning."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from porttui.cli.fields import Json, socket_json
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket

VERSION = 1


def snapshot_json(snapshot: Snapshot, sockets: Iterable[Socket]) -> str:
    """One object in one line, without a newline: the snapshot with these of its sockets."""
    listed = list(sockets)
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
        "sockets": [socket_json(socket) for socket in listed],
    }
    # Foreign names go through whatever the encoding of stdout is.
    return json.dumps(document)


def _iso_8601(epoch_s: float) -> str:
    seconds, milliseconds = divmod(round(epoch_s * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"
