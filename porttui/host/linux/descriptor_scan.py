"""Reads the descriptors of many processes, on all processors when they are very many.

Half of a first look at fifty thousand sockets is the reading of links, which a thread cannot
share: each link is a short call under the interpreter's lock. A forked process can.
"""

import os
from array import array
from collections.abc import Iterator, Mapping, Sequence

from porttui.host.linux.holders import open_descriptors, socket_inodes

WORTH_A_PROCESS = 6000
"""Descriptors: reading them takes ten times what a fork costs."""
_MOST_PROCESSES = 8


def scan(proc: str, pids: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """The inodes of the sockets that each process holds; none where this user may not look.

    Raises:
        HostError: no more files can be opened.
    """
    shares = _shares({pid: open_descriptors(f"{proc}/{pid}/fd") for pid in pids})
    forked = [each for share in shares[1:] if (each := _fork(proc, share))]
    inodes: dict[int, Sequence[int]] = {}
    try:
        inodes.update(_read(proc, shares[0]))
        for each in forked:
            inodes.update(each.answer())
    finally:
        for each in forked:
            each.end()
    inodes.update(_read(proc, [pid for pid in pids if pid not in inodes]))
    return inodes


def _shares(counts: Mapping[int, int]) -> list[list[int]]:
    """The processes by who is to read them, this process being the first."""
    processes = sum(counts.values()) // WORTH_A_PROCESS
    # A fork takes along only the thread that calls it: locks of others would stay locked.
    if processes < 2 or len(os.listdir("/proc/self/task")) > 1:
        return [list(counts)]
    processes = min(processes, len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    shares: list[list[int]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for pid in sorted(counts, key=counts.__getitem__, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(pid)
        loads[least] += counts[pid]
    return shares


def _read(proc: str, pids: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    return ((pid, socket_inodes(f"{proc}/{pid}/fd")) for pid in pids)


def _fork(proc: str, pids: Sequence[int]) -> "_Forked | None":
    """A process that reads a share and ends; None where there can be no more of them."""
    ends: tuple[int, ...] = ()
    try:
        ends = os.pipe()
        pid = os.fork()
    except OSError:
        for each in ends:
            os.close(each)
        return None
    reading, writing = ends
    if pid == 0:
        try:
            _write(writing, _packed(_read(proc, pids)))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    return _Forked(pid, reading)


class _Forked:
    """A forked process, seen from its parent."""

    def __init__(self, pid: int, end: int) -> None:
        self._pid = pid
        self._end = end

    def answer(self) -> Iterator[tuple[int, Sequence[int]]]:
        """What it read; nothing if it did not come to its end."""
        parts = []
        while part := os.read(self._end, 1 << 20):
            parts.append(part)
        if self._wait() == 0:
            yield from _unpacked(b"".join(parts))

    def end(self) -> None:
        """Await its end: without a reader it cannot go on."""
        os.close(self._end)
        if self._pid:
            self._wait()

    def _wait(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


def _packed(found: Iterator[tuple[int, Sequence[int]]]) -> bytes:
    numbers = array("Q")
    for pid, inodes in found:
        numbers.extend((pid, len(inodes)))
        numbers.extend(inodes)
    return numbers.tobytes()


def _unpacked(packed: bytes) -> Iterator[tuple[int, Sequence[int]]]:
    numbers = array("Q", packed)
    at = 0
    while at < len(numbers):
        pid, count = numbers[at : at + 2]
        at += 2
        yield pid, numbers[at : at + count]
        at += count


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
