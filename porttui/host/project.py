"""The project that a directory belongs to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence

from porttui.host.foreign_text import safe

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

_MOST_LEVELS = 12
_PATH_CHARACTERS = 1000
_WITHIN_S = 1.0
"""How long a filesystem that may be elsewhere has to tell what is in a directory."""
_HERE = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs"),
        *("tmpfs", "ramfs", "rootfs", "devtmpfs", "overlay", "squashfs", "erofs", "iso9660"),
        *("vfat", "exfat", "ntfs3", "udf", "hfsplus", "proc", "sysfs"),
    }
)
"""Filesystems that this kernel answers for by itself. Any other may be a server's or another
process's (NFS, FUSE), and a process that waits for it may not even be killed."""


def project_of(directory: str, pid: int | None = None) -> str | None:
    """The nearest directory from here upwards with a marker; None without one, and where the
    filesystem does not answer in time.

    A home directory or the root is no project, even where somebody keeps a .git there.

    Args:
        directory: Its path, as its process sees it.
        pid: On Linux the process that has it as its working directory: in a container the path
            leads elsewhere on this side.
    """
    if not os.path.isabs(directory):
        return None
    handle, mounts = directory, _mounts("/proc/self/mountinfo")
    if pid is not None:
        handle, mounts = f"/proc/{pid}/cwd", _mounts(f"/proc/{pid}/mountinfo")
    levels = [path for path, _ in _upwards(directory, handle)]
    if all(_filesystem(path, mounts) in _HERE for path in levels):
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


def _mounts(path: str) -> list[tuple[str, str]]:
    """Where filesystems are mounted, and of which kind they are (proc_pid_mountinfo(5)); none
    where that is not told."""
    try:
        with open(path, "rb") as file:
            lines = [line.split(b" ") for line in file.read().splitlines()]
        return [
            (os.fsdecode(_unescaped(line[4])), os.fsdecode(line[line.index(b"-") + 1]))
            for line in lines
        ]
    except (OSError, ValueError, IndexError):
        return []


def _unescaped(path: bytes) -> bytes:
    for sign in (b" ", b"\t", b"\n", b"\\"):
        path = path.replace(b"\\%03o" % ord(sign), sign)
    return path


def _filesystem(path: str, mounts: Sequence[tuple[str, str]]) -> str:
    """The kind that a path lies on: of the last one that is mounted nearest to it."""
    if not mounts:
        return "" if sys.platform == "linux" else "ext4"
    found, nearest = "", -1
    for point, kind in mounts:
        if len(point) >= nearest and (path + "/").startswith(point.rstrip("/") + "/"):
            found, nearest = kind, len(point)
    return found


def _ask_other_process(directory: str, handle: str) -> str | None:
    from porttui.host.programs import as_self, isolated_python, run_program

    now = time.monotonic()
    if now < _silent_until.get(directory, now):
        return None
    command = isolated_python(_FIND, directory, handle)
    asked = run_program(command, as_self(), within_s=_WITHIN_S, most_bytes=4 * _PATH_CHARACTERS)
    if asked.status is None:
        _silent_until[directory] = time.monotonic() + _REMEMBERED_S
    return os.fsdecode(asked.output) or None if asked.status == 0 else None


_FIND = """\
import os
from porttui.host.project import find_project
os.write(1, os.fsencode(find_project(*sys.argv[1:]) or ""))
"""
_REMEMBERED_S = 60.0
_silent_until: dict[str, float] = {}
"""When a directory that was not told of may be asked about again, in monotonic seconds."""
