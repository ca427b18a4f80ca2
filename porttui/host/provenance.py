"""Finds the ancestors of a process, and the project that its directory belongs to.

A file system may hang: that of a dead server (NFS), or one that a user made hang (FUSE). A process
that waits for it cannot be interrupted. So another process, which can be abandoned, reads remote
directories, and for root those that another user chose.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache

from porttui.host.safe_text import PATH_CHARACTERS, safe_text
from porttui.host.time_limit import TimeBudget
from porttui.model.process import Process
from porttui.record import NamedTuple

MARKERS = (
    "package.json",
    "pyproject.toml",
    "Cargo.toml",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "deno.json",
    "setup.py",
    ".git",
)
"""A directory with one of these is the root of a project."""

LOOKUP_S = 1.0
"""Time of all lookups by other processes in a period (`TimeBudget`)."""

_MAX_LEVELS = 12
_MAX_ANCESTORS = 32
_LOCAL_FILESYSTEMS = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs"),
        *("tmpfs", "ramfs", "rootfs", "devtmpfs", "squashfs", "erofs", "iso9660"),
        *("vfat", "exfat", "ntfs3", "udf", "hfsplus", "proc", "sysfs"),
    }
)
"""File systems that this kernel serves alone. Not overlay: it may have any other beneath it."""


def ancestors_of(
    process: Process, read_process: Callable[[int], Process | None]
) -> tuple[Process, ...]:
    """From the parent upwards, as far as this user may read them.

    Empty if `process` has exited. Its parent is read again: another one adopts it when that exits,
    while it sleeps (credentials(7)).
    """
    ancestors: list[Process] = []
    child = read_process(process.pid)
    if child is None or child.identity != process.identity:
        return ()
    while (
        child.ppid > 0
        and len(ancestors) < _MAX_ANCESTORS
        and all(child.ppid != ancestor.pid for ancestor in ancestors)
    ):
        parent = read_process(child.ppid)
        # A parent is never younger: a younger process has got the pid of one that has exited.
        if parent is None or parent.started > child.started:
            break
        ancestors.append(parent)
        child = parent
    return tuple(ancestors)


class _Mount(NamedTuple):
    point: str
    device: bytes
    filesystem: str


def project_of(directory: str, pid: int | None = None, *, is_untrusted: bool = False) -> str | None:
    """The nearest directory with a marker, from `directory` upwards.

    None without one, and if the file system does not answer in time. A home directory or the root
    is never a project, even with a .git in it.

    Args:
        directory: Its path, as its process sees it.
        pid: On Linux the process whose working directory it is: a path inside a container leads
            elsewhere outside it.
        is_untrusted: Another user chose it, who may want to do harm.
    """
    if not os.path.isabs(directory):
        return None
    handle = directory if pid is None else f"/proc/{pid}/cwd"
    directories = [path for path, _ in _candidate_directories(directory, handle)]
    if not directories:
        return None
    if not is_untrusted and _are_local(directories, "self" if pid is None else str(pid)):
        project = find_project(directory, handle)
    else:
        project = _find_in_child(directory, handle)
    return None if project is None else safe_text(project, PATH_CHARACTERS)


def find_project(directory: str, handle: str) -> str | None:
    """As `project_of`, without a time limit; `handle` is another path to the directory."""
    for path, candidate in _candidate_directories(directory, handle):
        if any(os.path.lexists(os.path.join(candidate, marker)) for marker in MARKERS):
            return path
    return None


def _candidate_directories(directory: str, handle: str) -> Iterator[tuple[str, str]]:
    """Each directory that may be a project, and a path that reaches it."""
    homes = {os.path.expanduser("~"), "/", "/root", "/home"}
    for _ in range(_MAX_LEVELS):
        parent = os.path.dirname(directory)
        if directory in homes or directory == parent:
            return
        yield directory, handle
        directory, handle = parent, os.path.join(handle, os.pardir)


def _are_local(directories: list[str], process: str) -> bool:
    """Whether this kernel serves all of them, as the process has them mounted.

    The device of the root has answered already: porttui was started from it.
    """
    if sys.platform != "linux":
        return True
    mounts, root_device = _mounts(process), _root_device()
    found_mounts = [_mount_of(path, mounts) for path in directories]
    return all(
        mount and (mount.filesystem in _LOCAL_FILESYSTEMS or mount.device == root_device)
        for mount in found_mounts
    )


def _mounts(process: str) -> list[_Mount]:
    """Mounts of a process (proc_pid_mountinfo(5)); none if they cannot be read."""
    try:
        with open(f"/proc/{process}/mountinfo", "rb") as file:
            lines = [line.split(b" ") for line in file.read().splitlines()]
        return [
            _Mount(
                os.fsdecode(_unescape(line[4])), line[2], os.fsdecode(line[line.index(b"-") + 1])
            )
            for line in lines
        ]
    except (OSError, ValueError, IndexError):
        return []


def _unescape(path: bytes) -> bytes:
    for character in (b" ", b"\t", b"\n", b"\\"):
        path = path.replace(b"\\%03o" % ord(character), character)
    return path


def _mount_of(path: str, mounts: list[_Mount]) -> _Mount | None:
    """The last mount among those nearest above a path."""
    nearest: _Mount | None = None
    for mount in mounts:
        is_above = (path + "/").startswith(mount.point.rstrip("/") + "/")
        if is_above and (nearest is None or len(mount.point) >= len(nearest.point)):
            nearest = mount
    return nearest


@cache
def _root_device() -> bytes:
    root = _mount_of("/", _mounts("self"))
    return root.device if root else b""


_time_budget = TimeBudget(LOOKUP_S)


def _find_in_child(directory: str, handle: str) -> str | None:
    from porttui.host.programs import isolated_python, run_as_self, run_program

    timeout_s = _time_budget.remaining_s
    if not timeout_s:
        return None
    started_at = time.monotonic()
    command = isolated_python(_FIND_SCRIPT, directory, handle)
    result = run_program(command, run_as_self(), timeout_s=timeout_s, max_bytes=4 * PATH_CHARACTERS)
    _time_budget.spend(time.monotonic() - started_at)
    return os.fsdecode(result.output) or None if result.status == 0 else None


_FIND_SCRIPT = """\
import os
from porttui.host.provenance import find_project
os.write(1, os.fsencode(find_project(*sys.argv[1:]) or ""))
"""
