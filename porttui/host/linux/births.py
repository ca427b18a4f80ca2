"""Which processes may have begun since all were listed.

The kernel gives pids in turn, and tells the last one it gave (proc_loadavg(5); fs/proc/loadavg.c):
what has begun since, in this PID namespace or in those within it, has one of those between. To list
two thousand processes takes twice as long as all else in a look at the listeners.

Beyond it, and narrow: a process that is given a pid of choice (clone3(2), set_tid: CRIU alone does
that), and as many new pids between two looks as there can be.
"""

from __future__ import annotations

import os

from porttui.host.linux.pid_namespace import shows_own_pids


class Births:
    """To be asked at the beginning of each look, and told when one came to its end."""

    def __init__(self, proc: str) -> None:
        """`proc`: where processes are told of."""
        self._path = f"{proc}/loadavg"
        self._is_told = _is_told(proc)
        self._before: int | None = None
        self._now: int | None = None
        self._settled: int | None = None

    def since(self) -> range | None:
        """The pids that processes may have which were not looked at, some of them threads';
        None where only a list of all tells."""
        self._before, self._now = self._now, self._last_pid()
        if self._settled is None or self._now is None or self._now < self._settled:
            return None
        return range(self._settled + 1, self._now + 1)

    def looked(self) -> None:
        """All that have these pids, or all that there are, were looked at."""
        # A process has its pid a moment before it can be seen: what was given since the look
        # before is asked for once more.
        self._settled = self._before

    def forget(self) -> None:
        """All are to be listed at the next look."""
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
        in_its_place = os.stat(f"{proc}/loadavg").st_dev != os.stat(proc).st_dev
    except OSError:
        return False
    return not in_its_place and shows_own_pids(proc)


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(4096)
