"""Among many processes only those that hold what is asked for are asked whether they have run."""

from __future__ import annotations

import sys

import pytest

from porttui.host.linux import owners
from porttui.host.linux.owners import HolderCache
from tests.host.actors import Actor
from tests.host.asking import asked_holders, known_listener

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


@pytest.fixture(autouse=True)
def _two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "_FEW", 0)


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
    monkeypatch.setattr(owners, "_FEW", 1_000_000)
    assert asked_holders(cache, inode) == {actors[0].pid}
    assert actors[1].pid in cache.pids_read


def test_who_has_begun_is_read(actors: list[Actor]) -> None:
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
