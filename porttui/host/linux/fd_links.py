"""Reads the sockets of processes from /proc/PID/fd (proc_pid_fd(5)), in forks if there are many.

Reading links takes half of a first read of 50,000 sockets. Threads cannot share that work: each
link is a short call under the interpreter's lock. Forked processes can, while this process dumps
the sockets.
"""

from __future__ import annotations

import marshal
import os
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from stat import S_ISSOCK

from porttui.host.linux.schedstat import read_schedstats
from porttui.host.request import HostError
from porttui.record import NamedTuple

_SOCKET_PREFIX = "socket:["

DESCRIPTORS_PER_FORK = 6000
"""Reading so many descriptors takes ten times as long as a fork."""
_MAX_FORKS = 8
_PID = struct.Struct("=I")
_SIGKILL = 9
"""signal(7), on every architecture; the module `signal` costs a one-shot command too much."""

_FileIdentity = tuple[int, int, int]
"""Device, inode and type of an open file."""


def count_descriptors(directory: str) -> int:
    """Number of links in a /proc/PID/fd; 0 if the process has ended, and before Linux 6.2."""
    try:
        return os.stat(directory).st_size
    except OSError:
        return 0


def socket_link(inode: int) -> str:
    """The target of a descriptor's link to this socket."""
    return f"{_SOCKET_PREFIX}{inode}]"


def read_socket_fds(directory: str) -> dict[int, str]:
    """The sockets in a /proc/PID/fd: by inode one of its descriptors.

    Empty if this user may not read the directory.

    Raises:
        HostError: no more files can be opened.
    """
    fd_by_inode: dict[int, str] = {}
    try:
        for descriptor in os.listdir(directory):
            try:
                target = os.readlink(f"{directory}/{descriptor}")
            except (FileNotFoundError, ProcessLookupError):
                continue  # closed since it was listed
            if target.startswith(_SOCKET_PREFIX):
                fd_by_inode[int(target[len(_SOCKET_PREFIX) : -1])] = descriptor
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # it has ended, or belongs to another user
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return fd_by_inode


class ProcessFds(NamedTuple):
    """The sockets of a process."""

    sockets: Mapping[int, str]
    """By inode one of its descriptors; empty if this user may not read them."""
    schedstat: bytes = b""
    """Of its threads, read before the descriptors; b"" if it is not needed."""


class FdScan:
    """Reads descriptors in forked processes; each takes pids from a pipe, as this process does."""

    def __init__(self, proc: str, pids: Sequence[int], queue: int, processes: int) -> None:
        """Start the forks; `result` reads what they do not deliver.

        `queue`: the pipe with the pids; this object closes it.
        """
        self._proc = proc
        self._pids = pids
        self._queue = queue
        self._forks = [fork for _ in range(processes) if (fork := self._fork())]

    def result(self) -> dict[int, ProcessFds]:
        """Wait for the forks; read the rest in this process.

        Raises:
            HostError: no more files can be opened.
        """
        fds_by_pid: dict[int, ProcessFds] = {}
        try:
            fds_by_pid.update(
                (pid, _scan_process(self._proc, pid)) for pid in _take_pids(self._queue)
            )
            for fork in self._forks:
                fds_by_pid.update(fork.answer())
        finally:
            self.end()
        for pid in self._pids:
            if pid not in fds_by_pid:
                fds_by_pid[pid] = _scan_process(self._proc, pid)
        return fds_by_pid

    def end(self) -> None:
        """End all forks and close the pipe, with or without a result."""
        for fork in self._forks:
            fork.end()
        self._forks = []
        if self._queue >= 0:
            os.close(self._queue)
        self._queue = -1

    def __del__(self) -> None:
        """End forks whose result was never used."""
        self.end()

    def _fork(self) -> _Fork | None:
        """A process that reads its share and ends; None if the system permits no more."""
        pipe_ends: tuple[int, ...] = ()
        try:
            pipe_ends = os.pipe()
            pid = os.fork()
        except OSError:
            for fd in pipe_ends:
                os.close(fd)
            return None
        read_end, write_end = pipe_ends
        if pid == 0:
            try:
                os.close(read_end)
                scanned = {
                    pid: tuple(_scan_process(self._proc, pid)) for pid in _take_pids(self._queue)
                }
                _write(write_end, marshal.dumps(scanned))
                os._exit(0)
            finally:
                os._exit(1)
        os.close(write_end)
        return _Fork(pid, read_end)


def start_fd_scan(proc: str, pids: Sequence[int]) -> FdScan | None:
    """Fork if there are very many descriptors, else None."""
    counts = {pid: count_descriptors(f"{proc}/{pid}/fd") for pid in pids}
    fork_count = min(sum(counts.values()) // DESCRIPTORS_PER_FORK, _usable_cpus(), _MAX_FORKS)
    if fork_count < 2 or not _is_single_threaded():
        return None
    longest_first = sorted(counts, key=counts.__getitem__, reverse=True)
    try:
        pid_queue = _pid_queue(longest_first)
    except OSError:
        return None  # out of descriptors: `read` works without forks, or reports why not
    return FdScan(proc, longest_first, pid_queue, fork_count)


def _is_single_threaded() -> bool:
    """A fork copies only the calling thread: locks of other threads would stay locked."""
    return len(os.listdir("/proc/self/task")) == 1


def _usable_cpus() -> int:
    """CPUs that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except OSError:
        return 1  # a sandbox refuses the call


class _Fork:
    """A forked process, seen from its parent."""

    def __init__(self, pid: int, read_end: int) -> None:
        self._pid = pid
        self._read_end = read_end

    def answer(self) -> Iterator[tuple[int, ProcessFds]]:
        """What it read; nothing if it failed."""
        chunks = []
        while chunk := os.read(self._read_end, 1 << 20):
            chunks.append(chunk)
        if self._wait() == 0:
            try:
                scanned: dict[int, tuple[dict[int, str], bytes]] = marshal.loads(b"".join(chunks))
            except (EOFError, ValueError, TypeError):
                return  # truncated, and its exit status is unknown
            for pid, (sockets, schedstat) in scanned.items():
                yield pid, ProcessFds(sockets, schedstat)

    def end(self) -> None:
        """Kill it if it still runs: nothing can be lost."""
        os.close(self._read_end)
        if self._pid:
            os.kill(self._pid, _SIGKILL)
            self._wait()

    def _wait(self) -> int:
        pid, self._pid = self._pid, 0
        try:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except ChildProcessError:
            return 0  # SIGCHLD is ignored, by inheritance: its exit status is lost


def _scan_process(proc: str, pid: int) -> ProcessFds:
    """Schedstat first: the next read sees all that happens afterwards."""
    schedstat = read_schedstats(f"{proc}/{pid}")
    return ProcessFds(read_socket_fds(f"{proc}/{pid}/fd"), schedstat)


def _pid_queue(pids: Sequence[int]) -> int:
    """The read end of a pipe that holds as many of the pids as fit."""
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        os.write(write_end, b"".join([_PID.pack(pid) for pid in pids]))
    finally:
        os.close(write_end)
    return read_end


def _take_pids(queue: int) -> Iterator[int]:
    """Pids that no other process has taken (pipe(7): a read of a few bytes is atomic)."""
    while packed_pid := os.read(queue, _PID.size):
        yield _PID.unpack(packed_pid)[0]


def _write(descriptor: int, content: bytes) -> None:
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]


class OwnDescriptors:
    """The sockets of this process. It runs whenever it reads, so each read includes it.

    Most of its descriptors are other processes' schedstat files, perhaps thousands. They are not
    listed while the kernel counts as many descriptors as are known, and all others are the same
    files as before.
    """

    def __init__(self) -> None:
        self._identities: dict[int, _FileIdentity] = {}

    def sockets(self, excluded: Collection[str]) -> dict[int, str]:
        """By inode one of its descriptors.

        `excluded`: descriptors that are known not to be sockets.
        """
        if not self._is_unchanged(len(excluded)):
            numbers = [int(name) for name in os.listdir("/proc/self/fd") if name not in excluded]
            identities = ((number, _file_identity(number)) for number in numbers)
            self._identities = {
                number: identity for number, identity in identities if identity is not None
            }
        return {
            inode: str(number)
            for number, (_, inode, mode) in self._identities.items()
            if S_ISSOCK(mode)
        }

    def _is_unchanged(self, excluded_count: int) -> bool:
        # Before Linux 6.2 the count is 0: then all are listed.
        known = self._identities
        return count_descriptors("/proc/self/fd") == excluded_count + len(known) and all(
            _file_identity(number) == identity for number, identity in known.items()
        )


def _file_identity(descriptor: int) -> _FileIdentity | None:
    try:
        stat = os.fstat(descriptor)
    except OSError:
        return None  # it was open only for the listing
    return stat.st_dev, stat.st_ino, stat.st_mode
