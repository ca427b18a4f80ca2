"""The project that a directory belongs to.

A directory may be on a filesystem that does not answer: a dead server's (NFS), or one that a user
has made to hang (FUSE). Whoever waits for that cannot be interrupted. So what may be elsewhere, and
what a stranger of root's chose, is looked at by another process, which can be left to itself.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import cache

from porttui.host.bounded import Budget
from porttui.host.foreign_text import safe
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
"""A directory with one of these is where a project begins."""

WITHIN_S = 1.0
"""How long all lookups by other processes may take, in each period (`Budget`)."""

_MOST_LEVELS = 12
_PATH_CHARACTERS = 1000
_HERE = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs"),
        *("tmpfs", "ramfs", "rootfs", "devtmpfs", "squashfs", "erofs", "iso9660"),
        *("vfat", "exfat", "ntfs3", "udf", "hfsplus", "proc", "sysfs"),
    }
)
"""Filesystems that this kernel answers for by itself. Not overlay: it may have any beneath it."""


class _Mount(NamedTuple):
    point: str
    device: bytes
    filesystem: str


def project_of(directory: str, pid: int | None = None, *, is_strangers: bool = False) -> str | None:
    """The nearest directory from here upwards with a marker; None without one, and where the
    filesystem does not answer in time.

    A home directory or the root is no project, even where somebody keeps a .git there.

    Args:
        directory: Its path, as its process sees it.
        pid: On Linux the process that has it as its working directory: in a container the path
            leads elsewhere on this side.
        is_strangers: Somebody else chose it, who may want to do harm.
    """
    if not os.path.isabs(directory):
        return None
    handle = directory if pid is None else f"/proc/{pid}/cwd"
    levels = [path for path, _ in _upwards(directory, handle)]
    if not levels:
        return None
    if not is_strangers and _are_here(levels, "self" if pid is None else str(pid)):
        found = find_project(directory, handle)
    else:
        found = _ask_other_process(directory, handle)
    return None if found is None else safe(found, _PATH_CHARACTERS)


def find_project(directory: str, handle: str) -> str | None:
    """As `project_of`, for as long as it takes; `handle` is another path to the directory."""
    for path, reached in _upwards(directory, handle):
        if any(os.path.lexists(os.path.join(reached, marker)) for marker in MARKERS):
            return path
    return None


def _upwards(directory: str, handle: str) -> Iterator[tuple[str, str]]:
    """Each directory that may be a project, and how it is reached."""
    homes = {os.path.expanduser("~"), "/", "/root", "/home"}
    for _ in range(_MOST_LEVELS):
        above = os.path.dirname(directory)
        if directory in homes or directory == above:
            return
        yield directory, handle
        directory, handle = above, os.path.join(handle, os.pardir)


def _are_here(levels: list[str], process: str) -> bool:
    """Whether this kernel answers for all of them, as the process has them mounted.

    What porttui itself was started from has answered already.
    """
    if sys.platform != "linux":
        return True
    mounts, own = _mounts(process), _device_of_root()
    found = [_mount_of(path, mounts) for path in levels]
    return all(each and (each.filesystem in _HERE or each.device == own) for each in found)


def _mounts(process: str) -> list[_Mount]:
    """Those of a process (proc_pid_mountinfo(5)); none where that is not told."""
    try:
        with open(f"/proc/{process}/mountinfo", "rb") as file:
            lines = [line.split(b" ") for line in file.read().splitlines()]
        return [
            _Mount(
                os.fsdecode(_unescaped(line[4])), line[2], os.fsdecode(line[line.index(b"-") + 1])
            )
            for line in lines
        ]
    except (OSError, ValueError, IndexError):
        return []


def _unescaped(path: bytes) -> bytes:
    for sign in (b" ", b"\t", b"\n", b"\\"):
        path = path.replace(b"\\%03o" % ord(sign), sign)
    return path


def _mount_of(path: str, mounts: list[_Mount]) -> _Mount | None:
    """The last one that is mounted nearest above a path."""
    found: _Mount | None = None
    for each in mounts:
        is_above = (path + "/").startswith(each.point.rstrip("/") + "/")
        if is_above and (found is None or len(each.point) >= len(found.point)):
            found = each
    return found


@cache
def _device_of_root() -> bytes:
    root = _mount_of("/", _mounts("self"))
    return root.device if root else b""


_budget = Budget(WITHIN_S)


def _ask_other_process(directory: str, handle: str) -> str | None:
    from porttui.host.programs import as_self, isolated_python, run_program

    within_s = _budget.left_s
    if not within_s:
        return None
    begun_at = time.monotonic()
    command = isolated_python(_FIND, directory, handle)
    asked = run_program(command, as_self(), within_s=within_s, most_bytes=4 * _PATH_CHARACTERS)
    _budget.spend(time.monotonic() - begun_at)
    return os.fsdecode(asked.output) or None if asked.status == 0 else None


_FIND = """\
import os
from porttui.host.project import find_project
os.write(1, os.fsencode(find_project(*sys.argv[1:]) or ""))
"""
