"""Control groups of version 2 (cgroups(7)): a process's, and the number that sockets carry."""

from __future__ import annotations

import os
from functools import cache

_CGROUP_BYTES = 16384
_ID_OF_ROOT = 1
"""Of the whole hierarchy's (fs/kernfs/dir.c): where version 1 is in use everything is in it."""
_FIRST_NAMESPACE = 0xEFFFFFFB
"""PROC_CGROUP_INIT_INO (linux/proc_ns.h)."""


def cgroup_lines(pid: int) -> list[list[bytes]]:
    """Hierarchy, controllers and path of each group of a process; none where it is gone."""
    try:
        with open(f"/proc/{pid}/cgroup", "rb") as file:
            content = file.read(_CGROUP_BYTES)
    except OSError:
        return []
    lines = [line.split(b":", 2) for line in content.splitlines()]
    return [line for line in lines if len(line) == 3]


def cgroup_of(pid: int) -> str:
    """The path in the unified hierarchy; "" where there is none."""
    paths = [path for number, names, path in cgroup_lines(pid) if number == b"0" and not names]
    return os.fsdecode(paths[0]) if paths else ""


def cgroup_id(path: str) -> int:
    """What sock_diag calls it: the inode of its directory; 0 where it cannot be seen."""
    mount = _mount()
    if not mount:
        return _ID_OF_ROOT if path == "/" and _sees_root() else 0
    if not path.startswith("/") or path.startswith("/.."):
        return 0
    try:
        return os.stat(mount + path).st_ino
    except OSError:
        return 0


@cache
def _mount(mountinfo: str = "/proc/self/mountinfo") -> str:
    """Where all of the unified hierarchy that is seen from here is mounted; "" where it is not
    (proc_pid_mountinfo(5))."""
    try:
        with open(mountinfo, "rb") as file:
            lines = [line.split(b" ") for line in file.read().splitlines()]
        points = [
            line[4]
            for line in lines
            if line[3] == b"/" and line[line.index(b"-") + 1] == b"cgroup2"
        ]
    except (OSError, ValueError, IndexError):
        return ""
    return os.fsdecode(points[-1]) if points else ""


@cache
def _sees_root() -> bool:
    """Whether "/" is the root of the whole hierarchy (cgroup_namespaces(7))."""
    try:
        return os.stat("/proc/self/ns/cgroup").st_ino == _FIRST_NAMESPACE
    except OSError:
        return False
