"""Process groups through getpgid(2); Windows has none."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import psutil

from porttui.host.portable.processes import read_process, start_mark_of
from porttui.model.process import Process


def read_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    """For each process all that are in its group now, itself too; a zombie is in none.

    A process that is gone is left out.
    """
    numbers = {
        process: number
        for process in processes
        if start_mark_of(process.pid) == process.started
        and (number := _group_of(process.pid)) is not None
    }
    members: dict[int, list[Process]] = {number: [] for number in numbers.values()}
    for pid in psutil.pids() if members else ():
        number = _group_of(pid)
        if number in members:
            member = read_process(pid)
            if member is not None and not _has_ended(pid):
                members[number].append(member)
    return {process: tuple(members[number]) for process, number in numbers.items()}


def _group_of(pid: int) -> int | None:
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
