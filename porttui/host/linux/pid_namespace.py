"""Whether the pids of /proc are those that this process may use (pid_namespaces(7)).

In a PID namespace that still sees its parent's /proc (`unshare --pid`, some containers) a pid that
is read there means another process here: signals would reach a bystander.
"""

from __future__ import annotations

import os


def shows_own_pids(proc: str = "/proc") -> bool:
    """Whether processes have the same pids there as in system calls of this one."""
    try:
        listed = os.readlink(f"{proc}/self")
        with open(f"{proc}/self/status", "rb", buffering=0) as file:
            status = file.read(4096)
    except OSError:
        return False  # this process is not listed there at all
    # One pid for each namespace from that of /proc down to this process's own.
    _, _, pids = status.partition(b"\nNSpid:")
    is_of_here = len(pids.partition(b"\n")[0].split()) <= 1
    return listed == str(os.getpid()) and is_of_here


def own_pid(proc: str = "/proc") -> int:
    """As it is listed there; this process's own number where it is not."""
    try:
        return int(os.readlink(f"{proc}/self"))
    except (OSError, ValueError):
        return os.getpid()
