"""What is put off where busy processes have very many descriptors, and what never is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host.contract import Want
from porttui.host.linux import due, holder_cache
from porttui.host.linux.diag_reader import SockDiagReader
from porttui.host.linux.holder_cache import HolderCache
from porttui.host.linux.source import LinuxSource
from tests.host.actors import Actor
from tests.servers import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


@pytest.fixture(autouse=True)
def _nothing_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """One descriptor is too many to be read at once."""
    monkeypatch.setattr(due, "AT_ONCE", 0)
    monkeypatch.setattr(due, "WHERE_MORE", 0)


def holders(cache: HolderCache, inode: int) -> set[int]:
    """The pids that the cache gives, when only this socket is asked for."""
    found = cache.look({inode})
    return {each.pid for each in found.groups[found.group_of.get(inode, 0)]}


def forked_since_a_look(actor: Actor) -> tuple[HolderCache, int, int]:
    """A cache that knows the actor with a listener; the listener, and a child that has it since."""
    cache = HolderCache()
    inode = actor.act("listen", "a")
    cache.look()
    return cache, inode, actor.act("fork")


def test_who_still_holds_what_is_asked_for_is_not_read(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    cache.look()
    actors[0].act("listen", "b")
    assert holders(cache, inode) == {actors[0].pid}
    assert actors[0].pid not in cache.pids_read


def test_what_was_put_off_the_next_look_at_everything_reads(actors: list[Actor]) -> None:
    cache = HolderCache()
    cache.look()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    for _ in range(2):
        cache.look(set())
        assert not {actors[0].pid, child} & cache.pids_read
    found = cache.look()
    assert {each.pid for each in found.groups[found.group_of[inode]]} == {actors[0].pid, child}


@pytest.mark.parametrize("verb", ["close", "replace", "swap_for_file"])
def test_who_let_go_of_what_is_asked_for_is_read(actors: list[Actor], verb: str) -> None:
    """Also where another socket, or a file, has the same number now."""
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    cache.look()
    actors[0].act(verb, "a")
    assert holders(cache, inode) == set()
    assert actors[0].pid in cache.pids_read


def test_one_of_two_holders_that_let_go_is_dropped(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    cache.look()
    actors[0].act("close", "a")
    assert holders(cache, inode) == {child}


def test_who_is_gone_is_dropped(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    cache.look()
    actors[0].act("end", str(child))
    assert holders(cache, inode) == {actors[0].pid}


def test_a_holder_that_became_another_program_has_its_name(actors: list[Actor]) -> None:
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    cache.look()
    actors[0].act("become", "sleep")
    until(lambda: Path(f"/proc/{actors[0].pid}/comm").read_text() == "sleep\n", "it is sleep")
    until(lambda: actors[0].state == "S", "it sleeps")
    found = cache.look({inode})
    [after] = found.groups[found.group_of[inode]]
    assert (after.name, after.cmdline) == ("sleep", ("sleep", "1000"))


def test_where_all_have_few_descriptors_all_are_read(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, inode, child = forked_since_a_look(actors[0])
    monkeypatch.setattr(due, "AT_ONCE", 1_000_000)
    assert holders(cache, inode) == {actors[0].pid, child}
    assert {actors[0].pid, child} <= cache.pids_read


def test_what_has_few_descriptors_is_read_at_once(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, inode, child = forked_since_a_look(actors[0])
    monkeypatch.setattr(due, "open_descriptors", lambda path: 5 if f"/{child}/" in path else 5000)
    monkeypatch.setattr(due, "WHERE_MORE", 1000)
    assert holders(cache, inode) == {actors[0].pid, child}
    assert child in cache.pids_read
    assert actors[0].pid not in cache.pids_read


def test_what_cannot_be_read_is_not_counted(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: another user's busy server puts nothing off."""
    cache, inode, child = forked_since_a_look(actors[0])
    monkeypatch.setattr(due, "open_descriptors", lambda _: 5000)
    monkeypatch.setattr(due, "AT_ONCE", 1000)
    assert holders(cache, inode) == {actors[0].pid}
    monkeypatch.setattr("porttui.host.linux.due.os.access", lambda *_: False)
    assert holders(cache, inode) == {actors[0].pid, child}


def test_only_who_looks_again_may_be_told_less(actors: list[Actor]) -> None:
    source = LinuxSource(SockDiagReader())
    inode = actors[0].act("listen", "a")

    def told(want: Want) -> set[int]:
        [found] = [each for each in source.read(want).sockets if each.inode == inode]
        return {each.pid for each in found.holders}

    assert told(Want.ALL) == {actors[0].pid}
    child = actors[0].act("fork")
    assert told(Want.LISTENING_AGAIN) == {actors[0].pid}
    assert told(Want.LISTENING) == {actors[0].pid, child}
    assert told(Want.LISTENING_AGAIN) == {actors[0].pid, child}


def test_a_new_listener_of_a_busy_process_has_its_process(actors: list[Actor]) -> None:
    source = LinuxSource(SockDiagReader())
    source.read(Want.ALL)
    inode = actors[0].act("listen", "a")
    [found] = [each for each in source.read(Want.LISTENING_AGAIN).sockets if each.inode == inode]
    assert [each.pid for each in found.holders] == [actors[0].pid]


def test_without_a_look_before_everything_is_read(actors: list[Actor]) -> None:
    inode = actors[0].act("listen", "a")
    for once in (False, True):
        assert holders(HolderCache(once=once), inode) == {actors[0].pid}


def test_who_looks_once_puts_nothing_off() -> None:
    assert holder_cache.HolderCache(once=True)._due is None
