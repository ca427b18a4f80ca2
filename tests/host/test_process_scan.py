"""What waits if busy processes have very many descriptors, and what never does."""

from __future__ import annotations

import sys

import pytest

from porttui.host.linux import owners
from porttui.host.linux.owners import HolderCache
from tests.host.actors import Actor
from tests.host.holder_cache import all_holders, asked_holders, cache_with_listener

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


@pytest.fixture(autouse=True)
def _nothing_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """One descriptor already exceeds the budget."""
    monkeypatch.setattr(owners, "RESCAN_BUDGET", 0)


def cache_before_fork(actor: Actor) -> tuple[HolderCache, int, int]:
    """A cache with the actor's listener, the listener, and a child that got it since."""
    return *cache_with_listener(actor), actor.act("fork")


def test_who_still_holds_what_is_asked_for_is_not_read(actors: list[Actor]) -> None:
    cache, inode = cache_with_listener(actors[0])
    actors[0].act("listen", "b")
    assert asked_holders(cache, inode) == {actors[0].pid}
    assert actors[0].pid not in cache.scanned_pids


def test_what_was_put_off_the_next_look_at_everything_reads(actors: list[Actor]) -> None:
    cache = HolderCache()
    cache.read()
    inode = actors[0].act("listen", "a")
    child = actors[0].act("fork")
    for _ in range(2):
        cache.read(set())
        assert not {actors[0].pid, child} & cache.scanned_pids
    assert all_holders(cache, inode) == {actors[0].pid, child}


def test_where_all_have_few_descriptors_all_are_read(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, inode, child = cache_before_fork(actors[0])
    monkeypatch.setattr(owners, "RESCAN_BUDGET", 1_000_000)
    assert asked_holders(cache, inode) == {actors[0].pid, child}
    assert {actors[0].pid, child} <= cache.scanned_pids


def test_what_has_few_descriptors_is_read_at_once(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, inode, child = cache_before_fork(actors[0])
    monkeypatch.setattr(
        owners, "count_descriptors", lambda path: 5 if f"/{child}/" in path else 5000
    )
    monkeypatch.setattr(owners, "RESCAN_BUDGET", 1000)
    assert asked_holders(cache, inode) == {actors[0].pid, child}
    assert child in cache.scanned_pids
    assert actors[0].pid not in cache.scanned_pids


def test_what_cannot_be_read_is_not_counted(
    actors: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: another user's busy server delays nothing."""
    cache, inode, child = cache_before_fork(actors[0])
    assert asked_holders(cache, inode) == {actors[0].pid}
    monkeypatch.setattr("porttui.host.linux.owners.os.access", lambda *_: False)
    assert asked_holders(cache, inode) == {actors[0].pid, child}
