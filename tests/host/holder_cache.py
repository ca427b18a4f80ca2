"""Asks the cache of holders, and picks from what it answers."""

from __future__ import annotations

from porttui.host.linux.owners import HolderCache, Holders
from tests.host.actors import Actor


def cache_with_listener(actor: Actor) -> tuple[HolderCache, int]:
    """A cache that has looked at everything, and a listener that the actor had then."""
    cache = HolderCache()
    inode = actor.act("listen", "a")
    cache.read()
    return cache, inode


def pids_in(holders: Holders, inode: int) -> set[int]:
    """The pids of a socket's holders."""
    return {holder.pid for holder in holders.sets[holders.set_by_inode.get(inode, 0)]}


def all_holders(cache: HolderCache, inode: int) -> set[int]:
    """Those that the cache gives when everything is asked for."""
    return pids_in(cache.read(), inode)


def asked_holders(cache: HolderCache, inode: int) -> set[int]:
    """Those that it gives when only this socket is asked for."""
    return pids_in(cache.read({inode}), inode)
