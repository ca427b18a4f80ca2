"""Whether a process may have begun since all were listed.

The kernel gives pids in turn, and tells the last one it gave (proc_loadavg(5); fs/proc/loadavg.c):
while that stays, none has begun, neither in this PID namespace nor in those within it. To list two
thousand processes takes a third of a look at the listeners.

Beyond it, and narrow: a process that is given a pid of choice (clone3(2), set_tid: CRIU alone does
that), and as many new pids between two looks as there can be.
"""

from __future__ import annotations

import os


class Births:
    """To be asked at the beginning of each look, and told when processes were listed."""

    def __init__(self, proc: str) -> None:
        """`proc`: where processes are told of."""
        self._path = f"{proc}/loadavg"
        self._is_told = _is_told(proc)
        self._before: int | None = None
        self._now: int | None = None
        self._settled: int | None = None

    def none_since_listed(self) -> bool:
        """Whether all processes that there are were listed; some may have ended."""
        self._before, self._now = self._now, self._last_pid()
        return self._now is not None and self._now == self._settled

    def listed(self) -> None:
        """All that there are have been listed since `none_since_listed` was asked."""
        # A process has its pid a moment before it is listed: so the pid must have been the last
        # one for a whole look before.
        self._settled = self._now if self._now == self._before else None

    def forget(self) -> None:
        """They are to be listed at the next look."""
        self._settled = None

    def _last_pid(self) -> int | None:
        if not self._is_told:
            return None
        try:
            return int(_read(self._path).split()[4]) or None
        except (OSError, IndexError, ValueError):
            return None


def _is_told(proc: str) -> bool:
    """Whether the last pid is the kernel's own word, and of those processes that are listed.

    In a container another file may lie over it (lxcfs), and the processes of another PID namespace
    may be listed; then this process has a pid in each of both.
    """
    try:
        in_their_place = os.stat(f"{proc}/loadavg").st_dev != os.stat(proc).st_dev
        _, _, pids = _read(f"{proc}/self/status").partition(b"\nNSpid:")
    except OSError:
        return False
    return not in_their_place and len(pids.partition(b"\n")[0].split()) == 1


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(4096)
