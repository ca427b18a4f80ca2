"""Among many processes only those that hold what is asked for are asked whether they have run."""

from __future__ import annotations

import os
import sys

import pytest

from porttui.host.linux import holder_cache
from porttui.host.linux.holder_cache import HolderCache
from tests.host.actors import Actor
from tests.host.asking import asked_holders, known_listener

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


@pytest.fixture(autouse=True)
def _two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder_cache, "_FEW", 0)


def test_who_holds_nothing_of_it_is_not_read(actors: list[Actor]) -> None:
    cache, inode = known_listener(actors[0])
    actors[1].act("listen", "b")
    assert asked_holders(cache, inode) == {actors[0].pid}
    assert actors[1].pid not in cache.pids_read


def test_where_processes_are_few_all_are_asked(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, inode = known_listener(actors[0])
    actors[1].act("listen", "b")
    monkeypatch.setattr(holder_cache, "_FEW", 1_000_000)
    assert asked_holders(cache, inode) == {actors[0].pid}
    assert actors[1].pid in cache.pids_read


@pytest.mark.parametrize("as_list", [0, 1_000_000], ids=["by its pid", "in a list"])
def test_who_has_begun_is_read(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch, as_list: int
) -> None:
    monkeypatch.setattr(holder_cache, "_AS_LIST", as_list)
    cache = HolderCache()
    inode = actors[0].act("listen", "a")
    for _ in range(3):
        cache.look({inode})
    child = actors[0].act("fork")
    assert asked_holders(cache, inode) == {actors[0].pid, child}
    actors[0].act("end", str(child))
    assert asked_holders(cache, inode) == {actors[0].pid}
    cache.look()
    assert child not in cache.known_counts()


def test_a_thread_that_has_begun_is_no_process(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder_cache, "_AS_LIST", 0)
    cache = HolderCache()
    for _ in range(3):
        cache.look(set())
    before = cache.known_counts().keys()
    actors[0].act("open_in_thread", "a")
    threads = {int(each) for each in os.listdir(f"/proc/{actors[0].pid}/task")}
    assert len(threads) == 2
    cache.look(set())
    assert before <= cache.known_counts().keys()
    assert threads & cache.known_counts().keys() == {actors[0].pid}


def test_who_was_given_the_pid_of_a_known_process_is_read(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: on most machines pids come round after millions, so this one is only said to be."""
    cache = HolderCache()
    for _ in range(3):
        cache.look(set())
    monkeypatch.setattr(cache._births, "since", lambda: range(actors[1].pid, actors[1].pid + 1))
    monkeypatch.setattr(holder_cache, "_AS_LIST", 0)
    inode = actors[1].act("listen", "a")
    assert asked_holders(cache, inode) == {actors[1].pid}
