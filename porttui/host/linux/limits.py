"""Limits beside the ports: netfilter's connections (nf_conntrack-sysctl) and open files."""

from __future__ import annotations

import os

from porttui.host.asking import HostError
from porttui.host.linux.processes import start_mark_of
from porttui.model.limits import Limit, Limits
from porttui.model.process import Process

_SYSCTL = "/proc/sys/"
_FILES = b"Max open files"


def read_limits(sysctl: str = _SYSCTL) -> Limits:
    """What the kernel tells; the connections are those of this network namespace."""
    counts = _numbers(f"{sysctl}net/netfilter/nf_conntrack_count")
    most = _numbers(f"{sysctl}net/netfilter/nf_conntrack_max")
    files = _numbers(f"{sysctl}fs/file-nr")
    return Limits(
        # Of netfilter's maximum 0 is none.
        conntrack=Limit(counts[0], most[0]) if counts and most and most[0] else None,
        open_files=Limit(files[0] - files[1], files[2]) if len(files) == 3 else None,
    )


def read_process_files(process: Process, proc: str = "/proc/") -> Limit | None:
    """Its open files, and its soft limit of them (proc_pid_fd(5), proc_pid_limits(5)).

    None where the kernel does not count them (before 6.2), where it is gone, or of another user.
    """
    place = f"{proc}{process.pid}"
    try:
        used = os.stat(f"{place}/fd").st_size
        with open(f"{place}/limits", "rb") as file:
            most = _soft_limit(file.read())
        # Asked for last: whoever has the pid now has had it when the others were read.
        is_same = start_mark_of(process.pid) == process.started
    except (OSError, HostError):
        return None
    return Limit(used, most) if used and most and is_same else None


def _soft_limit(limits: bytes) -> int:
    """0 where there is none, or it is not told."""
    for line in limits.splitlines():
        if line.startswith(_FILES):
            soft = line.removeprefix(_FILES).split()[:1]
            return int(soft[0]) if soft and soft[0].isdigit() else 0
    return 0


def _numbers(path: str) -> list[int]:
    try:
        with open(path, "rb") as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []
