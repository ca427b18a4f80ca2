"""Queries of the holder cache."""

from __future__ import annotations

from porttui.host.linux.owners import HolderCache, Holders
from tests.host.actors import Actor


def cache_with_listener(actor: Actor) -> tuple[HolderCache, int]:
    """A cache after a full read, and a listener that the actor had then."""
    cache = HolderCache()
    inode = actor.act("listen", "a")
    cache.read()
    return cache, inode


def pids_in(holders: Holders, inode: int) -> set[int]:
    """The pids of a socket's holders."""
    return {holder.pid for holder in holders.sets[holders.set_by_inode.get(inode, 0)]}


def all_holders(cache: HolderCache, inode: int) -> set[int]:
    """The holders according to a full read."""
    return pids_in(cache.read(), inode)


def asked_holders(cache: HolderCache, inode: int) -> set[int]:
    """The holders according to a read for this socket alone."""
    return pids_in(cache.read({inode}), inode)
