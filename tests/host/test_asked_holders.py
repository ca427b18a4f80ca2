"""Reads for the holders of some sockets: what they report at once, and what may wait.

That there is very much to look at is made up: few descriptors count as many.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host.linux import owners
from porttui.host.linux.owners import HolderCache
from porttui.host.linux.socket_dump import SockDiagReader
from porttui.host.linux.source import LinuxSource
from porttui.host.request import SocketRequest
from tests.host.actors import Actor
from tests.host.holder_cache import all_holders, asked_holders, cache_with_listener
from tests.servers import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


@pytest.fixture(params=["busy processes", "processes with few sockets"], autouse=True)
def _there_is_very_much(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "busy processes":
        monkeypatch.setattr(owners, "RESCAN_BUDGET", 0)


def pass_listener(name: str, giver: Actor, taker: Actor) -> int:
    """Share the listener of `giver` with `taker`."""
    path = f"\0porttui-test-{giver.pid}"
    taker.act("receive_at", path)
    giver.act("send", name, path)
    return taker.act("receive", path)


@pytest.mark.parametrize("verb", ["close", "replace", "swap_for_file"])
@pytest.mark.parametrize("threads", [1, 2])
def test_who_let_go_of_what_is_asked_for_is_read(
    actors: list[Actor], verb: str, threads: int
) -> None:
    """Also if another socket or a file has the same number now."""
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    if threads == 2:
        actors[0].act("open_in_thread", "b")
    cache.read()
    actors[0].act(verb, "a")
    assert asked_holders(cache, inode) == set()
    assert actors[0].pid in cache.scanned_pids


def test_one_of_two_holders_that_let_go_is_dropped(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    cache.read()
    actors[0].act("close", "a")
    assert asked_holders(cache, inode) == {child}


def test_who_is_gone_is_dropped(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    cache.read()
    actors[0].act("end", str(child))
    assert asked_holders(cache, inode) == {actors[0].pid}


def test_a_holder_that_became_another_program_has_its_name(actors: list[Actor]) -> None:
    cache, inode = cache_with_listener(actors[0])
    actors[0].act("become", "sleep")
    until(lambda: Path(f"/proc/{actors[0].pid}/comm").read_text() == "sleep\n", "it is sleep")
    until(lambda: actors[0].state == "S", "it sleeps")
    found = cache.read({inode})
    [after] = found.sets[found.set_by_inode[inode]]
    assert (after.name, after.cmdline) == ("sleep", ("sleep", "1000"))


def test_one_more_holder_of_a_socket_may_wait_for_the_next_look_at_everything(
    actors: list[Actor],
) -> None:
    cache, inode = cache_with_listener(actors[0])
    assert pass_listener("a", *actors) == inode
    assert asked_holders(cache, inode) == {actors[0].pid}
    both = {actors[0].pid, actors[1].pid}
    assert all_holders(cache, inode) == both
    assert asked_holders(cache, inode) == both


def test_who_had_none_of_what_is_asked_for_the_next_look_at_everything_reads(
    actors: list[Actor],
) -> None:
    cache = HolderCache()
    cache.read()
    inode = actors[0].act("listen", "a")
    for _ in range(3):
        cache.read(set())
        assert actors[0].pid not in cache.scanned_pids
    assert all_holders(cache, inode) == {actors[0].pid}


def test_only_who_looks_again_may_be_told_less(actors: list[Actor]) -> None:
    source = LinuxSource(SockDiagReader())
    inode = actors[0].act("listen", "a")

    def told(request: SocketRequest) -> set[int]:
        [found] = [listed for listed in source.read(request).sockets if listed.inode == inode]
        return {holder.pid for holder in found.holders}

    assert told(SocketRequest.ALL) == {actors[0].pid}
    pass_listener("a", *actors)
    assert told(SocketRequest.LISTENING_REFRESH) == {actors[0].pid}
    assert told(SocketRequest.LISTENING) == {actors[0].pid, actors[1].pid}
    assert told(SocketRequest.LISTENING_REFRESH) == {actors[0].pid, actors[1].pid}


def test_a_listener_that_was_handed_over_has_its_new_holder(actors: list[Actor]) -> None:
    source = LinuxSource(SockDiagReader())
    inode = actors[0].act("listen", "a")
    source.read(SocketRequest.ALL)
    pass_listener("a", *actors)
    actors[0].act("close", "a")
    [found] = [
        listed
        for listed in source.read(SocketRequest.LISTENING_REFRESH).sockets
        if listed.inode == inode
    ]
    assert [holder.pid for holder in found.holders] == [actors[1].pid]


def test_a_new_listener_has_its_process(actors: list[Actor]) -> None:
    source = LinuxSource(SockDiagReader())
    source.read(SocketRequest.ALL)
    inode = actors[0].act("listen", "a")
    [found] = [
        listed
        for listed in source.read(SocketRequest.LISTENING_REFRESH).sockets
        if listed.inode == inode
    ]
    assert [holder.pid for holder in found.holders] == [actors[0].pid]


def test_without_a_look_before_everything_is_read(actors: list[Actor]) -> None:
    inode = actors[0].act("listen", "a")
    assert asked_holders(HolderCache(), inode) == {actors[0].pid}
