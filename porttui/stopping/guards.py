"""Refuse or warn about processes before a signal."""

from __future__ import annotations

from porttui.analysis.openers import SocketAcquisition, socket_acquisitions
from porttui.host.contract import Host
from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import StopTarget
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
        # Where nothing is told (macOS, Windows, psutil) a user can only end processes of their own.
        self._openings = socket_acquisitions(target, details, default=not host.is_elevated)
        self.openers = tuple(
            holder
            for holder in target.holders
            if self._openings[holder] is SocketAcquisition.OPENED
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
        if self._openings.get(process) is not SocketAcquisition.PASSED:
            return None
        credentials = self._target.credentials_of(process.pid)
        users = sorted({each.user for each in credentials if each.user})
        return text.received_socket(process, users)

    def warning(self, process: Process) -> str | None:
        """Why a person has to type the name of `process` before it is signalled; None for
        others."""
        danger = self.danger(process)
        if danger is not None:
            return danger
        if (
            self._openings.get(process) is SocketAcquisition.AMBIGUOUS
            and len(self._target.holders) > 1
        ):
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


def target_refusal(target: StopTarget, host: Host) -> str | None:
    """Why nothing can be stopped for `target`; None when it has a process in sight."""
    if not host.pids_match:
        return text.FOREIGN_PIDS
    if target.holders:
        return None
    return text.no_visible_process(target.hidden_user, is_elevated=host.is_elevated)


def _is_foreign(process: Process, host: Host) -> bool:
    """The kernel's rule for signals, less capabilities (kill(2))."""
    if host.uid is None or host.is_elevated or process.uid is None:
        return False
    return process.uid != host.uid
