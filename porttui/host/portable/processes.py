"""Processes through psutil."""

from __future__ import annotations

import psutil

from porttui.host.safe_text import safe_argv, safe_text
from porttui.model.process import Process


def start_time_of(pid: int) -> int | None:
    """Milliseconds since the epoch; None when nothing has `pid` or it cannot be seen."""
    try:
        return _start_time(psutil.Process(pid))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _start_time(process: psutil.Process) -> int:
    return round(process.create_time() * 1000)


def read_process(pid: int) -> Process | None:
    """The process that has `pid` now; None when there is none or it cannot be seen."""
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
