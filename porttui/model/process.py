"""Processes, and what tells one from another that got its pid later."""

from __future__ import annotations

from porttui.light_typing import NamedTuple


class ProcessIdentity(NamedTuple):
    """A pid is given out again when its process is gone; with its start mark it is unique."""

    pid: int
    started: int
    """Start mark of the host: clock ticks after boot on Linux (/proc/PID/stat, field 22:
    untouched by changes of the wall clock), milliseconds since the epoch elsewhere."""


class Process(NamedTuple):
    """A process as it was at sample time. All text is safe to print."""

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

    @property
    def identity(self) -> ProcessIdentity:
        """What a stop checks again before it signals."""
        return ProcessIdentity(self.pid, self.started)

    @property
    def label(self) -> str:
        """ "node 4213" """
        return f"{self.name} {self.pid}"

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
        name = program.rpartition("/")[2] if is_path else program
        return " ".join((name or program, *arguments))
