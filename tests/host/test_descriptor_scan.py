"""Descriptors of many processes, read by this one and by forked ones."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

import psutil
import pytest

from porttui.host.linux import descriptor_scan
from porttui.host.linux.descriptor_scan import scan
from porttui.host.linux.holders import socket_inodes
from tests.servers import Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")

NO_SUCH_PID = 2**22 + 1
"""Above the highest that Linux gives (proc_sys_kernel(5), pid_max)."""


@pytest.fixture
def pids(servers: Servers) -> Sequence[int]:
    """Processes with one to three sockets each, and one that is none."""
    sockets = [servers.start({"sockets": [{}] * count}) for count in (1, 2, 3)]
    return [*(each.pid for each in sockets), NO_SUCH_PID]


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pids of the processes that are forked, for which every descriptor is worth it."""
    made: list[int] = []

    def fork() -> int:
        pid = os_fork()
        made.append(pid)
        return pid

    os_fork = os.fork
    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(descriptor_scan, "WORTH_A_PROCESS", 1)
    return made


def expected(pids: Sequence[int]) -> dict[int, set[int]]:
    return {pid: set(socket_inodes(f"/proc/{pid}/fd")) for pid in pids}


def found(pids: Sequence[int]) -> dict[int, set[int]]:
    return {pid: set(inodes) for pid, inodes in scan("/proc", pids).items()}


def test_few_descriptors_are_read_alone(
    pids: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    assert found(pids) == expected(pids)
    assert [len(inodes) for inodes in found(pids).values()] == [1, 2, 3, 0]


def test_forked_processes_find_the_same_and_end(pids: Sequence[int], forks: list[int]) -> None:
    assert found(pids) == expected(pids)
    assert len(forks) == 2
    assert not set(forks) & {child.pid for child in psutil.Process().children()}


def test_what_a_process_could_not_read_is_read_here(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_descriptor: int, _content: bytes) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(descriptor_scan, "_write", ended)
    assert found(pids) == expected(pids)
    assert len(forks) == 2


def test_where_nothing_can_be_forked_all_is_read_here(
    pids: Sequence[int], forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: the kernel says so to users with too many processes, never to root."""

    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    before = os.listdir("/proc/self/fd")
    assert found(pids) == expected(pids)
    assert os.listdir("/proc/self/fd") == before
    assert not forks


def test_a_process_with_threads_is_not_forked(pids: Sequence[int], forks: list[int]) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert found(pids) == expected(pids)
        assert not forks
    finally:
        done.set()
        thread.join()
