"""Who opened a socket, and who was handed it.

Any user can hand a listening socket to another user's process (unix(7), SCM_RIGHTS; one datagram to
the system's logger is enough). That process must not be ended for the port. The kernel tells the
user and the control group that a socket was opened in: its opener has both. Of several such holders
it is the one that the others descend from, as workers from their master.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from enum import Enum, auto

from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import SocketMaker, StopTarget


class Opening(Enum):
    """How a holder came by its socket."""

    OPENED = auto()
    INHERITED = auto()
    """A process that it descends from opened it."""
    AMBIGUOUS = auto()
    """It may have opened it, and so may others."""
    HANDED = auto()
    """The socket's user or control group is another one, or is not told."""


def openings(
    target: StopTarget, details: Mapping[Process, ProcessDetails | None], *, untold: bool
) -> dict[Process, Opening]:
    """For each holder.

    Args:
        target: With the holders, and the makers of their sockets.
        details: What the kernel tells of each holder.
        untold: What is taken to be so where nobody tells who opened a socket.
    """
    parents = {each.pid: each.ppid for each in target.holders}
    able: dict[int, bool] = {}
    for each in target.holders:
        may_have = may_have_opened(each, target.makers_of(each.pid), details[each])
        able[each.pid] = untold if may_have is None else may_have
    certain: set[int] = set()
    for pids in _sharing(target):
        able_ones = {pid for pid in pids if able[pid]}
        masters = set(_topmost(able_ones, parents).values())
        if len(masters) == 1:
            certain |= masters
    heirs = _topmost(certain, parents)

    def opening(pid: int) -> Opening:
        if able[pid] and pid in certain:
            return Opening.OPENED
        if pid in heirs:
            return Opening.INHERITED
        # What has gone from the sample will be found gone before anything is signalled.
        return Opening.AMBIGUOUS if able[pid] or not target.makers else Opening.HANDED

    return {each: opening(each.pid) for each in target.holders}


def may_have_opened(
    process: Process, makers: Iterable[SocketMaker], details: ProcessDetails | None
) -> bool | None:
    """Whether a process is of the user and control group of all the sockets that it holds; None
    where that is not told."""
    answers = [_is_maker(process, each, details) for each in makers]
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _is_maker(process: Process, maker: SocketMaker, details: ProcessDetails | None) -> bool | None:
    uid = process.uid if details is None else details.uid
    if maker.uid is None or uid is None:
        return None
    if maker.uid != uid:
        return False
    if details is None or not maker.cgroup_id:
        # Where control groups of version 2 are not told the same user is all that is.
        return True
    return None if not details.cgroup_id else maker.cgroup_id == details.cgroup_id


def _sharing(target: StopTarget) -> Iterator[Set[int]]:
    """The holders of each socket, by pid."""
    sharing: dict[int, set[int]] = {}
    for pid, maker in target.makers:
        sharing.setdefault(maker.inode, set()).add(pid)
    everyone = {each.pid for each in target.holders}
    for pids in {frozenset(pids) for pids in sharing.values()}:
        yield pids & everyone


def _topmost(among: Set[int], parents: Mapping[int, int]) -> dict[int, int]:
    """For each process that is `among` these, or descends from one, the topmost of them above it.

    `parents`: by pid; whoever is not in it ends a line.
    """
    found: dict[int, int | None] = {}
    for pid in parents:
        line: list[int] = []
        at = pid
        while at in parents and at not in found:
            found[at] = None  # a circle ends here
            line.append(at)
            at = parents[at]
        top = found.get(at)
        for each in reversed(line):
            if top is None and each in among:
                top = each
            found[each] = top
    return {pid: top for pid, top in found.items() if top is not None}
