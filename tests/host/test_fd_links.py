"""Sockets of processes: read by this process and by forks; and its own."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import psutil
import pytest

from porttui.host.linux import fd_links
from porttui.host.linux.fd_links import FdScan, OwnDescriptors, read_socket_fds, start_fd_scan
from porttui.host.linux.fd_links import _pid_queue as queue_of
from porttui.host.linux.owners import HolderCache
from porttui.host.linux.schedstat import read_schedstats
from tests.servers import Servers, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


NO_SUCH_PID = 2**22 + 1
"""Above the highest pid of Linux (proc_sys_kernel(5), pid_max)."""


@pytest.fixture
def pids(servers: Servers) -> Sequence[int]:
    """Processes with one to three sockets each, and a pid without a process."""
    sockets = [servers.start({"sockets": [{}] * count}) for count in (1, 2, 3)]
    return [*(sock.pid for sock in sockets), NO_SUCH_PID]


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pids of the forks; every descriptor is worth one."""
    made: list[int] = []

    def fork() -> int:
        pid = os_fork()
        made.append(pid)
        return pid

    os_fork = os.fork
    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(fd_links, "DESCRIPTORS_PER_FORK", 1)
    return made


def expected(pids: Sequence[int]) -> dict[int, set[int]]:
    return {pid: set(read_socket_fds(f"/proc/{pid}/fd")) for pid in pids}


def found(pending_scan: FdScan) -> dict[int, set[int]]:
    return {pid: set(fds.sockets) for pid, fds in pending_scan.result().items()}


def start_scan(pids: Sequence[int]) -> FdScan:
    pending_scan = start_fd_scan("/proc", pids)
    assert pending_scan is not None
    return pending_scan


def test_few_descriptors_are_not_worth_a_process(
    pids: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    assert start_fd_scan("/proc", pids) is None


def test_forked_processes_find_all_and_end(pids: Sequence[int], forks: list[int]) -> None:
    assert found(start_scan(pids)) == expected(pids)
    assert len(forks) == 3
    assert not set(forks) & {child.pid for child in psutil.Process().children()}


def test_they_read_the_counts_first(pids: Sequence[int], forks: list[int]) -> None:
    """Sleeping processes have the same ones before and after."""
    started = [psutil.Process(pid) for pid in pids if pid != NO_SUCH_PID]
    until(lambda: all(child.status() == psutil.STATUS_SLEEPING for child in started), "they sleep")
    read = start_scan(pids).result()
    assert {pid: fds.schedstat for pid, fds in read.items()} == {
        pid: read_schedstats(f"/proc/{pid}") for pid in pids
    }
    assert forks


def test_what_a_process_could_not_read_is_read_here(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_descriptor: int, _content: bytes) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(fd_links, "_write", ended)
    assert found(start_scan(pids)) == expected(pids)
    assert len(forks) == 3


def test_more_pids_than_a_pipe_takes_are_read_here(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fd_links, "_pid_queue", lambda _: queue_of([]))
    assert found(start_scan(pids)) == expected(pids)
    assert forks


def test_without_a_descriptor_left_for_a_pipe_there_is_no_scan(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: with few descriptors and processes the kernel would fail elsewhere first."""

    def refuse_pipe() -> tuple[int, int]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe", refuse_pipe)
    assert start_fd_scan("/proc", pids) is None
    assert not forks


def test_where_nothing_can_be_forked_all_is_read_here(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: the kernel refuses users with too many processes, never root."""

    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    before = os.listdir("/proc/self/fd")
    assert found(start_scan(pids)) == expected(pids)
    assert os.listdir("/proc/self/fd") == before
    assert not forks


def test_nothing_is_left_of_a_scan_that_nobody_waits_for(
    pids: Sequence[int], forks: list[int]
) -> None:
    before = os.listdir("/proc/self/fd")
    start_scan(pids)
    assert os.listdir("/proc/self/fd") == before
    assert not set(forks) & {child.pid for child in psutil.Process().children()}


def test_what_nobody_waits_for_ends_though_it_has_more_to_say_than_a_pipe_takes(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fork waits for its reader, and none may wait for another fork."""
    much = fd_links.ProcessFds(dict.fromkeys(range(200_000), "3"))
    monkeypatch.setattr(fd_links, "_scan_process", lambda *_: much)
    monkeypatch.setattr(fd_links, "_take_pids", lambda _: [pids[0]])
    start_scan(pids).end()
    assert len(forks) == 3
    assert not set(forks) & {child.pid for child in psutil.Process().children()}


def test_a_process_with_threads_is_not_forked(pids: Sequence[int], forks: list[int]) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert start_fd_scan("/proc", pids) is None
        assert not forks
    finally:
        done.set()
        thread.join()


def test_the_cache_goes_on_from_what_was_begun(pids: Sequence[int], forks: list[int]) -> None:
    """What the forks read is stored as if this process had read it."""
    cache = HolderCache()
    cache.prefetch()
    holders = cache.read()
    assert forks
    for pid, inodes in expected(pids).items():
        for inode in inodes:
            assert [holder.pid for holder in holders.sets[holders.set_by_inode[inode]]] == [pid]
    cache.read()
    assert not set(pids) & cache.scanned_pids


@pytest.fixture
def held() -> Iterator[set[str]]:
    """Open files that are known not to be sockets."""
    with ExitStack() as open_files:
        files = [open_files.enter_context(open(os.devnull, "rb")) for _ in range(20)]
        yield {str(file.fileno()) for file in files}


def inode(of: socket.socket) -> int:
    return os.fstat(of.fileno()).st_ino


def test_a_socket_is_there_while_it_is_open(held: set[str]) -> None:
    own = OwnDescriptors()
    before = own.sockets(held)
    with socket.socket() as opened:
        assert sorted(own.sockets(held)) == sorted([*before, inode(opened)])
    assert own.sockets(held) == before


def test_another_socket_with_the_same_number_is_another_one(held: set[str]) -> None:
    own = OwnDescriptors()
    first = socket.socket()
    number, old = first.fileno(), inode(first)
    assert old in own.sockets(held)
    first.close()
    with socket.socket() as second:
        assert second.fileno() == number
        found = own.sockets(held)
        assert inode(second) in found
        assert old not in found


def test_a_socket_in_place_of_a_file_is_found(held: set[str]) -> None:
    own = OwnDescriptors()
    with open(os.devnull, "rb") as file:
        own.sockets(held)
        with socket.socket() as opened:
            number = inode(opened)
            os.dup2(opened.fileno(), file.fileno())
        assert own.sockets(held)[number] == str(file.fileno())


def test_while_nothing_is_opened_nothing_is_listed(
    held: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = OwnDescriptors()
    with socket.socket() as opened:
        first = own.sockets(held)
        monkeypatch.setattr("porttui.host.linux.fd_links.os.listdir", None)
        assert own.sockets(held) == first
        assert inode(opened) in first


def test_where_descriptors_are_not_counted_they_are_listed(
    held: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: kernels before 6.2 give 0."""
    monkeypatch.setattr("porttui.host.linux.fd_links.count_descriptors", lambda _: 0)
    own = OwnDescriptors()
    own.sockets(held)
    with socket.socket() as opened:
        assert inode(opened) in own.sockets(held)
