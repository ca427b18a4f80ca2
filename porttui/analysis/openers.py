"""Who opened a socket, and who was handed it.

Any user can hand a listening socket to another user's process (unix(7), SCM_RIGHTS; one datagram to
the system's logger is enough). That process must not be ended for the port. The kernel tells the
user and the control group that a socket was opened in: its opener has both.
"""

from __future__ import annotations

from collections.abc import Iterable

from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import SocketMaker


def has_opened(
    process: Process, makers: Iterable[SocketMaker], details: ProcessDetails | None
) -> bool | None:
    """Whether a process opened all the sockets it holds; None where that is not known.

    Args:
        process: A holder.
        makers: What the kernel tells of the sockets that it holds.
        details: What it tells of the process.
    """
    answers = [_has_opened(process, each, details) for each in makers]
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _has_opened(
    process: Process, maker: SocketMaker, details: ProcessDetails | None
) -> bool | None:
    uid = process.uid if details is None else details.uid
    if maker.uid is None or uid is None:
        return None
    if maker.uid != uid:
        return False
    if details is None or not maker.cgroup_id or not details.cgroup_id:
        # Without version 2 of control groups the same user is all that is told.
        return True
    return maker.cgroup_id == details.cgroup_id
