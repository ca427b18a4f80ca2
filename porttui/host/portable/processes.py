"""Reads processes, their groups and their provenance through psutil."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import psutil

from porttui.host.provenance import ancestors_of, project_of
from porttui.host.safe_text import PATH_CHARACTERS, safe_argv, safe_text
from porttui.model.process import Process
from porttui.model.provenance import Provenance


def start_time_of(pid: int) -> int | None:
    """Milliseconds since the epoch; None if there is no such process or it is hidden."""
    try:
        return _start_time(psutil.Process(pid))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _start_time(process: psutil.Process) -> int:
    return round(process.create_time() * 1000)


def read_process(pid: int) -> Process | None:
    """The process that has `pid` now; None if there is none or it is hidden."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            return Process(
                pid=pid,
                started=_start_time(process),
                name=safe_text(process.name()),
                user=_user(process),
                uid=_uid(process),
                cmdline=safe_argv(_cmdline(process)),
                create_time=process.create_time(),
                ppid=process.ppid(),
                ignores_sigterm=False,
            )
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return None


def _user(process: psutil.Process) -> str | None:
    try:
        return safe_text(process.username())
    except (psutil.AccessDenied, KeyError):
        return None


def _uid(process: psutil.Process) -> int | None:
    if not psutil.POSIX:
        return None
    try:
        return process.uids().real
    except psutil.AccessDenied:
        return None


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.AccessDenied, psutil.ZombieProcess):
        return []


def read_provenance(process: Process) -> Provenance:
    """Provenance without the parts that this user may not read."""
    cwd = _cwd(process.pid)
    return Provenance(
        process=process,
        cwd=None if cwd is None else safe_text(cwd, PATH_CHARACTERS),
        project=None if cwd is None else project_of(cwd),
        ancestors=ancestors_of(process, read_process),
    )


def _cwd(pid: int) -> str | None:
    try:
        return psutil.Process(pid).cwd() or None
    except (psutil.Error, OSError):
        return None


def read_process_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    """By process the members of its group (getpgid(2)), with itself; without zombies.

    A process that has exited is left out. Windows has no groups.
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
