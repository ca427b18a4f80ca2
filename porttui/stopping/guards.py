"""Refuse or warn about processes before a signal.

Any user can hand a listening socket to another user's process (unix(7), SCM_RIGHTS; one datagram to
the system's logger is enough). That process must not be ended for the port. The kernel tells the
user and the control group that a socket was opened in: its opener has both. Of several such holders
it is the one that the others descend from, as workers from their master.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from enum import Enum, auto

from porttui.host.contract import Host
from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import SocketCredentials, StopTarget
from porttui.text import stop as text

SYSTEM_PIDS = frozenset({0, 1, 2})
"""The idle task, init, and on Linux the parent of the kernel's threads."""


def refusal(process: Process, host: Host) -> str | None:
    """Why `process` must not be signalled; None when it may be tried."""
    if not host.pids_match:
        return text.FOREIGN_PIDS
    if process.pid == host.pid:
        return text.ITSELF
    if process.pid in SYSTEM_PIDS:
        return text.system_process(process.pid)
    if process.is_kernel_thread:
        return text.kernel_thread(process)
    if _is_foreign(process, host):
        return text.other_users_process(process)
    return None


def _is_foreign(process: Process, host: Host) -> bool:
    """The kernel's rule for signals, less capabilities (kill(2))."""
    if host.uid is None or host.is_elevated or process.uid is None:
        return False
    return process.uid != host.uid


def target_refusal(target: StopTarget, host: Host) -> str | None:
    """Why nothing can be stopped for `target`; None when it has a process in sight."""
    if not host.pids_match:
        return text.FOREIGN_PIDS
    if target.holders:
        return None
    return text.no_visible_process(target.hidden_user, is_elevated=host.is_elevated)


class Guard:
    """What keeps the processes of one target from being signalled without a person's word.

    Each is asked about once: what a dialog says does not change while a person reads it.
    """

    def __init__(self, target: StopTarget, host: Host) -> None:
        """Ask about all holders. Nothing that can hold this up is read."""
        self._target = target
        self._host = host
        self._details: dict[Process, ProcessDetails | None] = {}
        self._ancestors = host.ancestor_pids()
        details = {holder: self._details_of(holder) for holder in target.holders}
        # Where this is unknown (macOS, Windows, psutil) a user can only end processes of their own.
        self._openings = _socket_acquisitions(target, details, default=not host.is_elevated)
        self.openers = tuple(
            holder for holder in target.holders if self._openings[holder] is _Acquisition.OPENED
        )
        """Those holders that opened the port, by seniority; nobody where that is not certain."""

    def danger(self, process: Process) -> str | None:
        """Why a process is not ended by itself, without a person who names it; None for one that
        may have opened the port and only serves it."""
        if process.pid in self._ancestors:
            return text.ancestor_of_porttui(process)
        consequence = text.consequence(process, self._details_of(process))
        if consequence is not None:
            return consequence
        if self._openings.get(process) is not _Acquisition.PASSED:
            return None
        credentials = self._target.credentials_of(process.pid)
        users = sorted({credential.user for credential in credentials if credential.user})
        return text.received_socket(process, users)

    def warning(self, process: Process) -> str | None:
        """Why a person has to type the name of `process` before it is signalled; None for
        others."""
        danger = self.danger(process)
        if danger is not None:
            return danger
        if self._openings.get(process) is _Acquisition.AMBIGUOUS and len(self._target.holders) > 1:
            return text.unknown_opener(len(self._target.holders))
        host = self._host
        knows_both_users = host.is_elevated and None not in (host.invoking_uid, process.uid)
        if knows_both_users and process.uid != host.invoking_uid:
            return text.not_the_callers(process)
        return None

    def has_changed(self, process: Process) -> bool:
        """Whether a process runs another program than when it was asked about (execve(2))."""
        before, now = self._details_of(process), self._host.process_details(process)
        known = (before, now) if before and now else ()
        programs = {details.executable for details in known if details.executable}
        return len(programs) > 1

    def _details_of(self, process: Process) -> ProcessDetails | None:
        if process not in self._details:
            self._details[process] = self._host.process_details(process)
        return self._details[process]


class _Acquisition(Enum):
    """How a holder came by its socket."""

    OPENED = auto()
    INHERITED = auto()
    """A process that it descends from opened it."""
    AMBIGUOUS = auto()
    """It may have opened it, and so may others."""
    PASSED = auto()
    """The socket's user or control group is another one, or unknown."""


def _socket_acquisitions(
    target: StopTarget, details: Mapping[Process, ProcessDetails | None], *, default: bool
) -> dict[Process, _Acquisition]:
    """For each holder.

    Args:
        target: With the holders, and the credentials of their sockets.
        details: What the kernel tells of each holder.
        default: Assumed where the opener of a socket is unknown.
    """
    parents = {holder.pid: holder.ppid for holder in target.holders}
    may_open: dict[int, bool] = {}
    for holder in target.holders:
        may_have = _may_have_opened(holder, target.credentials_of(holder.pid), details[holder])
        may_open[holder.pid] = default if may_have is None else may_have
    certain: set[int] = set()
    for pids in _pids_by_socket(target):
        candidates = {pid for pid in pids if may_open[pid]}
        masters = set(_topmost_ancestors(candidates, parents).values())
        if len(masters) == 1:
            certain |= masters
    heirs = _topmost_ancestors(certain, parents)

    def acquisition(pid: int) -> _Acquisition:
        if may_open[pid] and pid in certain:
            return _Acquisition.OPENED
        if pid in heirs:
            return _Acquisition.INHERITED
        # What has gone from the sample will be found gone before anything is signalled.
        return (
            _Acquisition.AMBIGUOUS
            if may_open[pid] or not target.credentials
            else _Acquisition.PASSED
        )

    return {holder: acquisition(holder.pid) for holder in target.holders}


def _may_have_opened(
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
    topmost: dict[int, int | None] = {}
    for pid in parents:
        line: list[int] = []
        at = pid
        while at in parents and at not in topmost:
            topmost[at] = None  # a circle ends here
            line.append(at)
            at = parents[at]
        top = topmost.get(at)
        for ancestor in reversed(line):
            if top is None and ancestor in among:
                top = ancestor
            topmost[ancestor] = top
    return {pid: top for pid, top in topmost.items() if top is not None}
