"""Which processes hold which sockets: the links in /proc/PID/fd (proc_pid_fd(5))."""

from __future__ import annotations

import os

from porttui.host.contract import HostError

_PREFIX = "socket:["


def list_pids(proc: str) -> list[int]:
    """All processes, ascending.

    Raises:
        HostError: /proc cannot be listed.
    """
    try:
        return sorted(int(name) for name in os.listdir(proc) if name.isdecimal())
    except OSError as error:
        raise HostError(f"{proc} cannot be listed: {error.strerror}") from error


def socket_inodes(directory: str) -> list[int]:
    """The sockets behind the links in a /proc/PID/fd; none where this user may not look.

    Raises:
        HostError: no more files can be opened.
    """
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
