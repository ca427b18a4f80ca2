"""What /proc tells about one process (proc_pid_stat(5), proc_pid_status(5))."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import NamedTuple

from porttui.host.accounts import user_name
from porttui.host.asking import HostError
from porttui.host.foreign_text import safe, safe_argv
from porttui.host.linux.cgroups import cgroup_id, cgroup_of
from porttui.model.process import Process, ProcessDetails

_ARGV_CHARACTERS = 4096
_ARGV_BYTES = 4 * _ARGV_CHARACTERS
"""Enough for that many characters of UTF-8."""
_COMM_BYTES = 15
_PATH_CHARACTERS = 1000
_STAT_FIELDS = 20
"""Those behind the name that are used, to the start time."""
_SIGTERM = 15
"""signal(7), on every architecture; the module `signal` costs a one-shot command too much."""
_KERNEL_THREAD = 0x00200000
"""PF_KTHREAD (include/linux/sched.h)."""


class ProcessStat(NamedTuple):
    """The fields of /proc/PID/stat that porttui uses."""

    comm: bytes
    state: bytes
    ppid: int
    group: int
    """The process group; 0 where its leader is of another PID namespace."""
    flags: int
    started: int
    """Clock ticks after boot."""


def read_stat(pid: int) -> ProcessStat | None:
    """None when there is no such process, or hidepid keeps it from this user."""
    content = _read(f"/proc/{pid}/stat", 4096)
    # The name stands in parentheses and may hold some itself: the last one closes it.
    opening, closing = content.find(b"("), content.rfind(b")")
    if opening < 0 or closing < 0:
        return None
    fields = content[closing + 2 :].split(None, _STAT_FIELDS)
    return ProcessStat(
        comm=content[opening + 1 : closing],
        state=fields[0],
        ppid=int(fields[1]),
        group=int(fields[2]),
        flags=int(fields[6]),
        started=int(fields[19]),
    )


def start_mark_of(pid: int) -> int | None:
    """Clock ticks after boot; None when nothing has `pid` or it cannot be seen."""
    stat = read_stat(pid)
    return None if stat is None else stat.started


class ProcessText(NamedTuple):
    """What /proc tells of a process, as it stands there.

    While it stands it need not be read for its meaning again, which takes as long as to have it.
    """

    pid: int
    started: int
    comm: bytes
    cmdline: bytes
    ppid: int
    is_kernel_thread: bool
    uids: bytes
    ignored_signals: bytes
    pidfd_inode: int

    def process(self) -> Process:
        """What it means."""
        argv = _argv(self.cmdline)
        uid = int(self.uids.split()[0])
        ignored = int(self.ignored_signals or b"0", 16)
        return Process(
            pid=self.pid,
            started=self.started,
            name=_name(self.comm, argv),
            user=user_name(uid),
            uid=uid,
            cmdline=safe_argv(argv, _ARGV_CHARACTERS),
            create_time=_boot_time() + self.started / _ticks_per_second(),
            ppid=self.ppid,
            is_kernel_thread=self.is_kernel_thread,
            ignores_sigterm=bool(ignored >> (_SIGTERM - 1) & 1),
            pidfd_inode=self.pidfd_inode,
        )


def read_text(pid: int) -> ProcessText | None:
    """None when there is no such process, or it cannot be seen."""
    inode = _pidfd_inode(pid)
    stat = read_stat(pid)
    status = _read(f"/proc/{pid}/status", 8192)
    if stat is None or not status:
        return None
    return ProcessText(
        pid=pid,
        started=stat.started,
        comm=stat.comm,
        cmdline=_read(f"/proc/{pid}/cmdline", _ARGV_BYTES + 1),
        ppid=stat.ppid,
        is_kernel_thread=bool(stat.flags & _KERNEL_THREAD),
        uids=_field(status, b"Uid"),
        ignored_signals=_field(status, b"SigIgn"),
        pidfd_inode=inode,
    )


def _pidfd_inode(pid: int) -> int:
    """Where pidfds are no files of pidfs (before Linux 6.9) all have the same."""
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return 0
    try:
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def read_details(process: Process) -> ProcessDetails | None:
    """What there is to know before a stop; None where the process is gone."""
    status = _read(f"/proc/{process.pid}/status", 8192)
    try:
        executable = os.readlink(f"/proc/{process.pid}/exe")
    except OSError:
        executable = ""
    details = ProcessDetails(
        executable=safe(executable.removesuffix(" (deleted)"), _PATH_CHARACTERS),
        uid=int(_field(status, b"Uid").split()[3]) if status else None,
        cgroup_id=cgroup_id(cgroup_of(process.pid)),
    )
    # Asked for last: whoever has the pid now has had it when the others were read. Its command
    # line is not read: that waits for whatever holds its memory's lock.
    stat = read_stat(process.pid)
    is_same = stat is not None and stat.started == process.started
    is_same = is_same and process.pidfd_inode in (0, _pidfd_inode(process.pid))
    return details if is_same else None


def read_process(pid: int) -> Process | None:
    """The process that has `pid` now; None when there is none or it cannot be seen."""
    text = read_text(pid)
    return None if text is None else text.process()


def _read(path: str, size: int) -> bytes:
    """Up to `size` bytes; b"" when the process is gone or not for this user.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return os.read(descriptor, size)
    except ProcessLookupError:
        return b""
    finally:
        os.close(descriptor)


def _field(status: bytes, name: bytes) -> bytes:
    _, _, rest = status.partition(b"\n" + name + b":")
    return rest.partition(b"\n")[0].strip()


def _argv(content: bytes) -> list[bytes]:
    """Arguments end in NUL; a process that rewrote its title often has blanks instead."""
    if not content:
        return []
    if content.endswith(b"\0") or len(content) > _ARGV_BYTES:
        return content.rstrip(b"\0").split(b"\0")
    return content.split(b" ")


def _name(comm: bytes, argv: list[bytes]) -> str:
    """The kernel keeps 15 bytes of a name; the rest is taken from argv[0] where that agrees."""
    if len(comm) >= _COMM_BYTES and argv:
        whole = os.path.basename(argv[0])
        if whole.startswith(comm):
            return safe(whole)
    return safe(comm)


@lru_cache(maxsize=1)
def _ticks_per_second() -> int:
    return os.sysconf("SC_CLK_TCK")


@lru_cache(maxsize=1)
def _boot_time() -> float:
    """Seconds since the epoch. Read once, so that start times never move with the clock."""
    for line in _read("/proc/stat", 1 << 20).splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    return 0.0
