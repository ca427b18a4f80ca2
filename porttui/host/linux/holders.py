"""Which processes hold which sockets: the links in /proc/PID/fd (proc_pid_fd(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable

from porttui.host.asking import HostError

_PREFIX = "socket:["


def list_pids(proc: str) -> list[int]:
    """All processes, ascending.

    Raises:
        HostError: /proc cannot be listed.
    """
    return sorted(pids_among(list_names(proc)))


def list_names(proc: str) -> list[str]:
    """What there is in /proc.

    Raises:
        HostError: it cannot be listed.
    """
    try:
        return os.listdir(proc)
    except OSError as error:
        raise HostError(f"{proc} cannot be listed: {error.strerror}") from error


def pids_among(names: Iterable[str]) -> set[int]:
    """Those of the names that are processes'."""
    return set(map(int, filter(str.isdecimal, names)))


def open_descriptors(directory: str) -> int:
    """How many links a /proc/PID/fd has; 0 of a process that is gone, and before Linux 6.2."""
    try:
        return os.stat(directory).st_size
    except OSError:
        return 0


def socket_link(inode: int) -> str:
    """What the link of a descriptor is that stands for this socket."""
    return f"{_PREFIX}{inode}]"


def held_sockets(directory: str) -> dict[int, str]:
    """The sockets behind the links in a /proc/PID/fd, by inode, each with one of its descriptors;
    none where this user may not look.

    Raises:
        HostError: no more files can be opened.
    """
    held: dict[int, str] = {}
    try:
        for descriptor in os.listdir(directory):
            try:
                target = os.readlink(f"{directory}/{descriptor}")
            except (FileNotFoundError, ProcessLookupError):
                continue  # closed since it was listed
            if target.startswith(_PREFIX):
                held[int(target[len(_PREFIX) : -1])] = descriptor
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # exited since it was listed, or another user's
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return held
