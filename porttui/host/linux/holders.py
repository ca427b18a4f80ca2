"""Which processes hold which sockets: the links in /proc/PID/fd (proc_pid_fd(5))."""

from __future__ import annotations

import os
from collections.abc import Collection

from porttui.host.contract import HostError

_PREFIX = "socket:["


def pids_by_inode(inodes: Collection[int], proc: str = "/proc") -> dict[int, list[int]]:
    """For each of `inodes` that has one, the pids with a descriptor open on it, ascending.

    All of them: psutil and many tools keep one process of a socket that several share.
    Processes whose descriptors this user may not see are passed over.

    Raises:
        HostError: /proc itself cannot be listed, or no more files can be opened.
    """
    holders: dict[int, list[int]] = {}
    wanted = inodes if isinstance(inodes, set | frozenset | dict) else set(inodes)
    for pid in _pids(proc):
        for inode in _socket_inodes(f"{proc}/{pid}/fd"):
            if inode in wanted:
                pids = holders.setdefault(inode, [])
                if not pids or pids[-1] != pid:
                    pids.append(pid)
    return holders


def _pids(proc: str) -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir(proc) if name.isdecimal())
    except OSError as error:
        raise HostError(f"{proc} cannot be listed: {error.strerror}") from error


def _socket_inodes(directory: str) -> list[int]:
    inodes = []
    try:
        for descriptor in os.listdir(directory):
            try:
                target = os.readlink(f"{directory}/{descriptor}")
            except (FileNotFoundError, ProcessLookupError):
                continue  # closed since it was listed
            if target.startswith(_PREFIX):
                inodes.append(int(target[len(_PREFIX) : -1]))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # exited since it was listed, or another user's
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return inodes
