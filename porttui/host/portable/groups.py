"""Process groups through getpgid(2); Windows has none."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import psutil

from porttui.host.portable.processes import read_process, start_time_of
from porttui.model.process import Process


def process_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    """For each process all that are in its group now, itself too; a zombie is in none.

    A process that is gone is left out.
    """
    group_ids = {
        process: group_id
        for process in processes
        if start_time_of(process.pid) == process.started
        and (group_id := _group_id_of(process.pid)) is not None
    }
    members: dict[int, list[Process]] = {group_id: [] for group_id in group_ids.values()}
    for pid in psutil.pids() if members else ():
        group_id = _group_id_of(pid)
        if group_id in members:
            member = read_process(pid)
            if member is not None and not _has_ended(pid):
                members[group_id].append(member)
    return {process: tuple(members[group_id]) for process, group_id in group_ids.items()}


def _group_id_of(pid: int) -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _has_ended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True
