"""Tells the process that opened a socket from those that inherited it or were passed it.

Any user can hand a listening socket to another user's process (unix(7), SCM_RIGHTS; one datagram to
the system's logger is enough). That process must not be ended for the port. The kernel tells the
user and the control group that a socket was opened in: its opener has both. Of several such holders
it is the one that the others descend from, as workers from their master.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from enum import Enum, auto

from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import SocketCredentials, StopTarget


class SocketAcquisition(Enum):
    """How a holder came by its socket."""

    OPENED = auto()
    INHERITED = auto()
    """A process that it descends from opened it."""
    AMBIGUOUS = auto()
    """It may have opened it, and so may others."""
    PASSED = auto()
    """The socket's user or control group is another one, or unknown."""


def socket_acquisitions(
    target: StopTarget, details: Mapping[Process, ProcessDetails | None], *, default: bool
) -> dict[Process, SocketAcquisition]:
    """For each holder.

    Args:
        target: With the holders, and the credentials of their sockets.
        details: What the kernel tells of each holder.
        default: Assumed where the opener of a socket is unknown.
    """
    parents = {holder.pid: holder.ppid for holder in target.holders}
    may_open: dict[int, bool] = {}
    for holder in target.holders:
        may_have = may_have_opened(holder, target.credentials_of(holder.pid), details[holder])
        may_open[holder.pid] = default if may_have is None else may_have
    certain: set[int] = set()
    for pids in _pids_by_socket(target):
        candidates = {pid for pid in pids if may_open[pid]}
        masters = set(_topmost_ancestors(candidates, parents).values())
        if len(masters) == 1:
            certain |= masters
    heirs = _topmost_ancestors(certain, parents)

    def acquisition(pid: int) -> SocketAcquisition:
        if may_open[pid] and pid in certain:
            return SocketAcquisition.OPENED
        if pid in heirs:
            return SocketAcquisition.INHERITED
        # What has gone from the sample will be found gone before anything is signalled.
        return (
            SocketAcquisition.AMBIGUOUS
            if may_open[pid] or not target.credentials
            else SocketAcquisition.PASSED
        )

    return {holder: acquisition(holder.pid) for holder in target.holders}


def may_have_opened(
    process: Process, credentials: Iterable[SocketCredentials], details: ProcessDetails | None
) -> bool | None:
    """Whether a process is of the user and control group of all the sockets that it holds; None
    where that is unknown."""
    answers = [_matches(process, credential, details) for credential in credentials]
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _matches(
    process: Process, credential: SocketCredentials, details: ProcessDetails | None
) -> bool | None:
    uid = process.uid if details is None else details.uid
    if credential.uid is None or uid is None:
        return None
    if credential.uid != uid:
        return False
    if details is None or not credential.cgroup_id:
        # Without control groups of version 2 the user is all that can be compared.
        return True
    return None if not details.cgroup_id else credential.cgroup_id == details.cgroup_id


def _pids_by_socket(target: StopTarget) -> Iterator[Set[int]]:
    """The holders of each socket, by pid."""
    sharing: dict[int, set[int]] = {}
    for pid, credential in target.credentials:
        sharing.setdefault(credential.inode, set()).add(pid)
    everyone = {holder.pid for holder in target.holders}
    for pids in {frozenset(pids) for pids in sharing.values()}:
        yield pids & everyone


def _topmost_ancestors(among: Set[int], parents: Mapping[int, int]) -> dict[int, int]:
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
        for ancestor in reversed(line):
            if top is None and ancestor in among:
                top = ancestor
            found[ancestor] = top
    return {pid: top for pid, top in found.items() if top is not None}
