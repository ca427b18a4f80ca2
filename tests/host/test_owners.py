"""The rule of the cache, action by action, on real processes that sleep in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from array import array
from pathlib import Path

import pytest

from porttui.host.linux import owners
from porttui.host.linux.owners import HolderCache
from porttui.host.request import HostError
from tests.host.actors import Actor
from tests.host.holder_cache import asked_holders, cache_with_listener, pids_in
from tests.servers import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


def holders(cache: HolderCache, inode: int) -> set[int]:
    """The pids of a socket in the cache, alone and in a column."""
    found = cache.read()
    assert found.set_indexes(array("I", [1, inode]))[1] == found.set_by_inode.get(inode, 0)
    return pids_in(found, inode)


def known_schedstats(cache: HolderCache) -> dict[int, bytes]:
    """By pid its schedstat at its last scan."""
    return {pid: scan.schedstats for pid, scan in cache._scans.items()}


def share_with_children(cache: HolderCache, actor: Actor, inode: int, children: int) -> None:
    """Have children share a listener with the actor, one after the other: each makes a new set."""
    for _ in range(children):
        child = actor.act("fork")
        assert holders(cache, inode) == {actor.pid, child}
        actor.act("end", str(child))


def test_a_process_that_sleeps_is_not_read_again(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    assert holders(cache, inode) == {actors[0].pid}
    known = known_schedstats(cache)
    assert holders(cache, inode) == {actors[0].pid}
    again = known_schedstats(cache)
    assert again[actors[0].pid] == known[actors[0].pid]
    assert actors[0].pid not in cache.scanned_pids


def test_whom_a_look_that_failed_did_not_come_to_the_next_one_reads(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    with monkeypatch.context() as broken:

        def fail(_directory: str) -> dict[int, str]:
            raise HostError("too many open files")

        broken.setattr("porttui.host.linux.owners.read_socket_fds", fail)
        with pytest.raises(HostError):
            cache.read()
    assert holders(cache, inode) == {actors[0].pid}


def test_a_new_socket_is_found(actors: list[Actor]) -> None:
    cache = HolderCache()
    cache.read()
    inode = actors[0].act("listen", "a")
    assert holders(cache, inode) == {actors[0].pid}


def test_a_closed_socket_has_no_holder(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    assert holders(cache, inode) == {actors[0].pid}
    actors[0].act("close", "a")
    assert holders(cache, inode) == set()


def test_a_descriptor_number_that_is_used_again_names_the_new_socket(actors: list[Actor]) -> None:
    cache = HolderCache()
    before = actors[0].act("listen", "a")
    assert holders(cache, before) == {actors[0].pid}
    after = actors[0].act("replace", "a")
    assert holders(cache, after) == {actors[0].pid}
    assert holders(cache, before) == set()


def test_a_shared_socket_that_one_lets_go_of_keeps_the_others(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    assert holders(cache, inode) == {actors[0].pid, child}
    # As many descriptors as before, and the socket itself lives on in the child.
    actors[0].act("swap_for_file", "a")
    assert holders(cache, inode) == {child}
    actors[0].act("end", str(child))
    assert holders(cache, inode) == set()


def test_a_fork_that_exits_is_dropped(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    assert holders(cache, inode) == {actors[0].pid, child}
    actors[0].act("end", str(child))
    assert holders(cache, inode) == {actors[0].pid}


def test_a_socket_that_is_passed_on_has_both_holders(actors: list[Actor]) -> None:
    cache = HolderCache()
    path = f"\0porttui-test-{actors[0].pid}"
    inode = actors[0].act("listen", "a")
    actors[1].act("receive_at", path)
    assert holders(cache, inode) == {actors[0].pid}
    actors[0].act("send", "a", path)
    # The receiver gives up one descriptor for it: their number stays the same.
    assert actors[1].act("receive", path) == inode
    assert holders(cache, inode) == {actors[0].pid, actors[1].pid}


def test_a_program_that_is_executed_keeps_its_sockets_and_changes_its_name(
    actors: list[Actor],
) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    found = cache.read()
    [before] = found.sets[found.set_by_inode[inode]]
    actors[0].act("become", "sleep")
    until(lambda: Path(f"/proc/{actors[0].pid}/comm").read_text() == "sleep\n", "it is sleep")
    until(lambda: actors[0].state == "S", "it sleeps")
    found = cache.read()
    [after] = found.sets[found.set_by_inode[inode]]
    assert before.name.startswith("python")
    assert (after.name, after.cmdline) == ("sleep", ("sleep", "1000"))
    assert after.identity == before.identity


def test_a_thread_that_is_not_the_first_is_watched_too(actors: list[Actor]) -> None:
    cache = HolderCache()
    first = actors[0].act("open_in_thread", "a")
    assert holders(cache, first) == {actors[0].pid}
    second = actors[0].act("open_in_thread", "b")
    assert holders(cache, second) == {actors[0].pid}


def test_a_sleeping_process_is_adopted_when_its_parent_exits() -> None:
    script = (
        "import os, socket, sys, time\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "if os.fork():\n"
        "    server.close(); sys.stdin.read(); os._exit(0)\n"
        "print(os.getpid(), os.fstat(server.fileno()).st_ino, flush=True)\n"
        "time.sleep(600)\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        pid, inode = map(int, parent.stdout.readline().split())
        try:
            cache = HolderCache()

            def ppid() -> int:
                holders = cache.read()
                [holder] = holders.sets[holders.set_by_inode[inode]]
                assert holder.pid == pid
                return holder.ppid

            assert ppid() == parent.pid
            parent.stdin.close()
            parent.wait()
            assert ppid() != parent.pid, "it has another parent"
            assert Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0] == str(
                ppid()
            )
        finally:
            os.kill(pid, signal.SIGKILL)


def test_threads_that_begin_while_counts_are_read_are_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    threads: list[threading.Thread] = []
    read = owners._read_schedstat

    def read_and_start(path: str) -> bytes:
        counts = read(path)
        threads.append(threading.Thread(target=release.wait))
        threads[-1].start()
        return counts

    monkeypatch.setattr(owners, "_read_schedstat", read_and_start)
    try:
        assert owners.read_schedstats("/proc/self") == b"", "nothing is known of the new thread"
    finally:
        release.set()
        for thread in threads:
            thread.join()
    monkeypatch.setattr(owners, "_read_schedstat", read)
    until(lambda: owners.read_schedstats("/proc/self") != b"", "the threads have ended")


@pytest.mark.parametrize("told", [b"", b"0 0 0\n"], ids=["no such file", "not kept"])
def test_without_counts_everything_is_read_every_time(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch, told: bytes
) -> None:
    monkeypatch.setattr(owners, "_read_schedstat", lambda _path: told)
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    assert holders(cache, inode) == {actors[0].pid}
    assert holders(cache, inode) == {actors[0].pid}
    assert actors[0].pid in cache.scanned_pids


def test_groups_that_nobody_is_in_any_more_are_forgotten(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("porttui.host.linux.owners._MAX_UNUSED_SETS", 0)
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    share_with_children(cache, actors[0], inode, 3)
    assert holders(cache, inode) == {actors[0].pid}
    assert len(cache.read().sets) <= len(known_schedstats(cache)) + 2


def test_groups_with_other_numbers_are_told_by_those(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = HolderCache()
    shared = actors[0].act("listen", "a")
    share_with_children(cache, actors[0], shared, 8)
    inode = actors[1].act("listen", "b")
    assert holders(cache, inode) == {actors[1].pid}
    number = cache.read().set_by_inode[inode]
    monkeypatch.setattr(owners, "_MAX_UNUSED_SETS", -1000000)
    assert holders(cache, inode) == {actors[1].pid}
    assert cache.read().set_by_inode[inode] != number


def test_who_holds_nothing_of_it_is_not_read(actors: list[Actor]) -> None:
    cache, inode = cache_with_listener(actors[0])
    actors[1].act("listen", "b")
    assert asked_holders(cache, inode) == {actors[0].pid}
    assert actors[1].pid not in cache.scanned_pids


def test_who_has_begun_is_read(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    for _ in range(3):
        cache.read({inode})
    child = actors[0].act("fork")
    assert asked_holders(cache, inode) == {actors[0].pid, child}
    actors[0].act("end", str(child))
    assert asked_holders(cache, inode) == {actors[0].pid}
    cache.read()
    assert child not in known_schedstats(cache)
