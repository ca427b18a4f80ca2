"""Processes and their identity."""

from __future__ import annotations

from enum import StrEnum

from porttui.record import NamedTuple

_IN_NAMES = "-_.+:@/()[]*#=~%…\\"
"""Beside letters and digits: what stands in a name that is a single word."""


class ProcessIdentity(NamedTuple):
    """A pid with its start time, which is unique even when the pid is reused."""

    pid: int
    started: int
    """Start time on the host's clock: clock ticks after boot on Linux (/proc/PID/stat, field 22:
    untouched by changes of the wall clock), milliseconds since the epoch elsewhere."""
    pidfd_inode: int = 0
    """Of its pidfd, from Linux 6.9 on given to no other process while the machine runs (pidfs);
    0 where it is unknown."""


class Process(NamedTuple):
    """A process at sample time. All text is safe to print."""

    pid: int
    started: int
    name: str
    user: str | None
    uid: int | None
    cmdline: tuple[str, ...]
    create_time: float
    """Seconds since the epoch, as psutil reckons it. For people; identity is `started`."""
    ppid: int
    is_kernel_thread: bool = False
    ignores_sigterm: bool = False
    """The kernel drops SIGTERM for it (/proc/PID/status, SigIgn)."""
    pidfd_inode: int = 0
    """See `ProcessIdentity`."""

    @property
    def identity(self) -> ProcessIdentity:
        """What a stop checks again before it signals."""
        return ProcessIdentity(self.pid, self.started, self.pidfd_inode)

    @property
    def label(self) -> str:
        """ "node 4213"; of a name that could be read as more than one "'Web Content' 7"."""
        return f"{self.shown_name} {self.pid}"

    @property
    def shown_name(self) -> str:
        """The name, in quotes where it is no single word."""
        if self.name and all(sign.isalnum() or sign in _IN_NAMES for sign in self.name):
            return self.name
        inner = self.name.replace("'", '"')
        return f"'{inner}'"

    @property
    def command(self) -> str:
        """The command line in one line; the name where there is none."""
        return " ".join(self.cmdline) or self.name

    @property
    def short_command(self) -> str:
        """The command line with the program's name alone: "python3 -m http.server"."""
        if not self.cmdline:
            return self.name
        program, *arguments = self.cmdline
        # A title that a process gave itself may hold a "/", too: "sshd: ana@pts/0".
        is_path = not any(sign in program for sign in " :")
        name = base_name(program) if is_path else program
        return " ".join((name or program, *arguments))


def base_name(path: str) -> str:
    """The last part of a path that was made safe; isolated as the whole was (UAX #9)."""
    name = path.rpartition("/")[2]
    return name if name.endswith("\u2069") == name.startswith("\u2068") else f"\u2068{name}"


class Suspension(StrEnum):
    """Why a process does not run, whatever it has to do."""

    STOPPED = "stopped"
    """By a signal: SIGSTOP, or Ctrl+Z."""
    TRACED = "traced"
    """Stopped by a debugger."""
    FROZEN = "frozen"
    """By its control group (cgroups(7), the freezer)."""
    UNINTERRUPTIBLE = "uninterruptible"
    """It waits in the kernel for a device or a file system: state D of proc_pid_stat(5)."""


class ProcessDetails(NamedTuple):
    """What the kernel tells of a process beside what it says of itself."""

    executable: str = ""
    """The path of its program; safe to print, "" where this user may not know it."""
    uid: int | None = None
    """Whose the sockets are that it opens now: its file system user id (credentials(7))."""
    cgroup_id: int = 0
    """See `Socket.cgroup_id`."""
    suspension: Suspension | None = None
    """At this moment; None where it runs or waits for work."""
