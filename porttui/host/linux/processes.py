"""Reads processes, their groups and provenance, and the PID namespace from /proc.

proc_pid_stat(5), proc_pid_status(5), setpgid(2), cgroups(7), pid_namespaces(7).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from porttui.host.accounts import effective_uid, invoking_uid, user_name
from porttui.host.request import HostError
from porttui.host.safe_text import PATH_CHARACTERS, safe_argv, safe_text
from porttui.model.process import Process, ProcessDetails, Suspension
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.model.provenance import Provenance

_ARGV_CHARACTERS = 4096
_ARGV_BYTES = 4 * _ARGV_CHARACTERS
"""Enough for so many characters of UTF-8."""
_COMM_BYTES = 15
_STAT_FIELDS = 20
"""Fields behind the name, up to the start time."""
_SIGTERM = 15
"""signal(7), on every architecture; the module `signal` costs a one-shot command too much."""
_KERNEL_THREAD = 0x00200000
"""PF_KTHREAD (include/linux/sched.h)."""
_ENDED_STATES = (b"Z", b"X")
_SUSPENSIONS = {
    b"T": Suspension.STOPPED,
    b"t": Suspension.TRACED,
    b"D": Suspension.UNINTERRUPTIBLE,
}
"""By the state in /proc/PID/stat."""
_CGROUP_BYTES = 16384
_ROOT_CGROUP_ID = 1
"""Of the whole hierarchy (fs/kernfs/dir.c): where version 1 is in use all processes are in it."""
_INITIAL_CGROUP_NAMESPACE = 0xEFFFFFFB
"""PROC_CGROUP_INIT_INO (linux/proc_ns.h)."""


def list_pids() -> list[int]:
    """All pids, ascending.

    Raises:
        HostError: /proc cannot be listed.
    """
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())
    except OSError as error:
        raise HostError(f"/proc cannot be listed: {error.strerror}") from error


class ProcessStat(NamedTuple):
    """The fields of /proc/PID/stat that porttui uses."""

    comm: bytes
    state: bytes
    ppid: int
    group: int
    """The process group; 0 if its leader is in another PID namespace."""
    flags: int
    started: int
    """Clock ticks after boot."""


def read_stat(pid: int) -> ProcessStat | None:
    """None if there is no such process, or hidepid hides it from this user."""
    content = _read(f"/proc/{pid}/stat", 4096)
    # The name is in parentheses and may contain some: the last one closes it.
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


def start_time_of(pid: int) -> int | None:
    """Clock ticks after boot; None if there is no such process or it is hidden."""
    stat = read_stat(pid)
    return None if stat is None else stat.started


def read_process(pid: int) -> Process | None:
    """The process that has `pid` now; None if there is none or it is hidden."""
    inode = _pidfd_inode(pid)
    stat = read_stat(pid)
    status = _read(f"/proc/{pid}/status", 8192)
    if stat is None or not status:
        return None
    argv = _split_argv(_read(f"/proc/{pid}/cmdline", _ARGV_BYTES + 1))
    uid = int(_status_field(status, b"Uid").split()[0])
    ignored = int(_status_field(status, b"SigIgn") or b"0", 16)
    return Process(
        pid=pid,
        started=stat.started,
        name=_process_name(stat.comm, argv),
        user=user_name(uid),
        uid=uid,
        cmdline=safe_argv(argv, _ARGV_CHARACTERS),
        create_time=_boot_time() + stat.started / _ticks_per_second(),
        ppid=stat.ppid,
        is_kernel_thread=bool(stat.flags & _KERNEL_THREAD),
        ignores_sigterm=bool(ignored >> (_SIGTERM - 1) & 1),
        pidfd_inode=inode,
    )


def _pidfd_inode(pid: int) -> int:
    """Before Linux 6.9, without pidfs, all pidfds have the same inode."""
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return 0
    try:
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def read_process_details(process: Process) -> ProcessDetails | None:
    """What a stop needs beside the sample; None if the process has exited."""
    status = _read(f"/proc/{process.pid}/status", 8192)
    executable = _read_link(f"/proc/{process.pid}/exe") or ""
    cgroup = cgroup_of(process.pid)
    details = ProcessDetails(
        executable=safe_text(executable.removesuffix(" (deleted)"), PATH_CHARACTERS),
        uid=int(_status_field(status, b"Uid").split()[3]) if status else None,
        cgroup_id=cgroup_id(cgroup),
    )
    # Read last: the process that has the pid now also had it for the reads above. The command line
    # is not read: that waits for the lock of the process's memory.
    stat = read_stat(process.pid)
    is_same = stat is not None and stat.started == process.started
    is_same = is_same and process.pidfd_inode in (0, _pidfd_inode(process.pid))
    if stat is None or not is_same:
        return None
    suspension = Suspension.FROZEN if _is_frozen(cgroup) else _SUSPENSIONS.get(stat.state)
    return details._replace(suspension=suspension)


def _is_frozen(cgroup: str) -> bool:
    """Whether the control group, or one above it, is frozen."""
    mount = _cgroup_mount()
    if not mount or not cgroup.startswith("/") or cgroup.startswith("/.."):
        return False
    return b"frozen 1" in _read(f"{mount}{cgroup}/cgroup.events", 256).splitlines()


def read_process_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    """By process the members of its group, with itself; without zombies.

    A process that has exited is left out, as is one with a group of another PID namespace.

    Raises:
        HostError: /proc cannot be listed.
    """
    stats = {pid: stat for pid in list_pids() if (stat := read_stat(pid)) is not None}
    # Groups with a leader in another PID namespace all read 0 here.
    groups = {
        process: stat.group
        for process in processes
        if (stat := stats.get(process.pid)) is not None
        and stat.started == process.started
        and stat.group > 0
    }
    members: dict[int, list[Process]] = {group: [] for group in groups.values()}
    for pid, stat in stats.items():
        if stat.group in members and stat.state not in _ENDED_STATES:
            member = read_process(pid)
            # Since the group was read another process may have got the pid.
            if member is not None and member.started == stat.started:
                members[stat.group].append(member)
    return {process: tuple(members[group]) for process, group in groups.items()}


def read_provenance(
    process: Process, read_process: Callable[[int], Process | None] = read_process
) -> Provenance:
    """Provenance without the parts that this user may not read (proc_pid_cwd(5)).

    `read_process` gives the ancestors the start times of the source in use.
    """
    # Late: `list` does not need them.
    from porttui.host.provenance import ancestors_of, project_of
    from porttui.model.provenance import Provenance

    cwd = _read_link(f"/proc/{process.pid}/cwd")
    is_untrusted = effective_uid() == 0 and process.uid not in (0, invoking_uid())
    return Provenance(
        process=process,
        cwd=None if cwd is None else safe_text(cwd, PATH_CHARACTERS),
        project=cwd and project_of(cwd, process.pid, is_untrusted=is_untrusted),
        ancestors=ancestors_of(process, read_process),
        cgroups=_cgroups(process.pid),
        executable=safe_text(_read_link(f"/proc/{process.pid}/exe") or "", PATH_CHARACTERS),
    )


def _cgroups(pid: int) -> tuple[str, ...]:
    """Paths other than the root, those of the unified hierarchy and of systemd first."""
    lines = [line for line in cgroup_lines(pid) if line[2] not in (b"/", b"")]
    lines.sort(key=lambda line: line[1] not in (b"", b"name=systemd"))
    return tuple(dict.fromkeys(_safe_path(path) for _, _, path in lines))


def _safe_path(raw: bytes) -> str:
    """Escaped only if necessary: systemd's own names contain backslashes."""
    text = os.fsdecode(raw)
    is_plain = text.isascii() and text.isprintable() and len(text) <= PATH_CHARACTERS
    return text if is_plain else safe_text(raw, PATH_CHARACTERS)


def _read_link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def cgroup_lines(pid: int) -> list[list[bytes]]:
    """Hierarchy, controllers and path of each control group; none if the process has exited."""
    try:
        with open(f"/proc/{pid}/cgroup", "rb") as file:
            content = file.read(_CGROUP_BYTES)
    except OSError:
        return []
    lines = [line.split(b":", 2) for line in content.splitlines()]
    return [line for line in lines if len(line) == 3]


def cgroup_of(pid: int) -> str:
    """The path in the unified hierarchy; "" without one."""
    paths = [path for number, names, path in cgroup_lines(pid) if number == b"0" and not names]
    return os.fsdecode(paths[0]) if paths else ""


def cgroup_id(path: str) -> int:
    """The id that sock_diag uses: the inode of its directory; 0 if it is not visible."""
    mount = _cgroup_mount()
    if not mount:
        return _ROOT_CGROUP_ID if path == "/" and _sees_root_cgroup() else 0
    if not path.startswith("/") or path.startswith("/.."):
        return 0
    try:
        return os.stat(mount + path).st_ino
    except OSError:
        return 0


@cache
def _cgroup_mount(mountinfo: str = "/proc/self/mountinfo") -> str:
    """The mount point of the unified hierarchy's visible root; "" if it is not mounted
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
def _sees_root_cgroup() -> bool:
    """Whether "/" is the root of the whole hierarchy (cgroup_namespaces(7))."""
    try:
        return os.stat("/proc/self/ns/cgroup").st_ino == _INITIAL_CGROUP_NAMESPACE
    except OSError:
        return False


def shows_own_pids() -> bool:
    """Whether pids in /proc are the pids of this process's system calls.

    In a PID namespace that still sees its parent's /proc (`unshare --pid`, some containers) a pid
    from there means another process here: signals would reach a bystander.
    """
    try:
        listed = os.readlink("/proc/self")
        with open("/proc/self/status", "rb", buffering=0) as file:
            status = file.read(4096)
    except OSError:
        return False  # this process is not listed there
    # One pid for each namespace, from that of /proc down to this process's own.
    _, _, pids = status.partition(b"\nNSpid:")
    is_own_namespace = len(pids.partition(b"\n")[0].split()) <= 1
    return listed == str(os.getpid()) and is_own_namespace


def own_pid() -> int:
    """The pid of this process in /proc; its pid in system calls if it is not listed."""
    try:
        return int(os.readlink("/proc/self"))
    except (OSError, ValueError):
        return os.getpid()


def _read(path: str, size: int) -> bytes:
    """Up to `size` bytes; b"" if the process has exited or this user may not read it.

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


def _status_field(status: bytes, name: bytes) -> bytes:
    _, _, rest = status.partition(b"\n" + name + b":")
    return rest.partition(b"\n")[0].strip()


def _split_argv(content: bytes) -> list[bytes]:
    """Arguments end in NUL; a process that rewrote its title often has blanks instead."""
    if not content:
        return []
    if content.endswith(b"\0") or len(content) > _ARGV_BYTES:
        return content.rstrip(b"\0").split(b"\0")
    return content.split(b" ")


def _process_name(comm: bytes, argv: list[bytes]) -> str:
    """The kernel keeps 15 bytes of a name; argv[0] completes it if it begins with them."""
    if len(comm) >= _COMM_BYTES and argv:
        whole = os.path.basename(argv[0])
        if whole.startswith(comm):
            return safe_text(whole)
    return safe_text(comm)


@cache
def _ticks_per_second() -> int:
    return os.sysconf("SC_CLK_TCK")


@cache
def _boot_time() -> float:
    """Seconds since the epoch. Read once, so that start times never move with the clock."""
    for line in _read("/proc/stat", 1 << 20).splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    # A /proc of processes alone has no stat (proc(5), subset=pid).
    return float(int(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)))
