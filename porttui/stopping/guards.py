"""Whom porttui does not signal, and whom only when a person has named it."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.openers import has_opened
from porttui.analysis.roles import wider_role
from porttui.host.contract import Host
from porttui.model.process import Process, ProcessDetails
from porttui.model.stop import StopTarget

SYSTEM_PIDS = frozenset({0, 1, 2})
"""The idle task, init, and on Linux the parent of the kernel's threads."""


_FOREIGN_PIDS = (
    "/proc shows another PID namespace, so its pids mean other processes here. "
    "Run porttui where /proc was mounted"
)


def refusal(process: Process, host: Host) -> str | None:
    """Why `process` must not be signalled; None when it may be tried."""
    if not host.pids_match:
        return _FOREIGN_PIDS
    if process.pid == host.pid:
        return "that is porttui itself"
    if process.pid in SYSTEM_PIDS:
        return f"pid {process.pid} is the system itself: ending it could take everything down"
    if process.is_kernel_thread:
        return f"{process.label} is a thread of the kernel: signals do not end it"
    if _is_foreign(process, host):
        owner = process.user or "another user"
        return (
            f"{process.label} belongs to {owner}, not to you: "
            f"sudo kill -TERM {process.pid} would ask it to exit"
        )
    return None


def danger(process: Process, target: StopTarget, host: Host) -> str | None:
    """Why `process` is not ended by itself, without a person who names it; None for one that
    opened the port and only serves it."""
    if process.pid in host.ancestor_pids():
        return f"{process.label} is what porttui itself runs in: ending it may end this session"
    details = host.process_details(process)
    role = wider_role(process, details)
    if role is not None:
        return f"{process.label} has more than this port: {role}"
    return _doubt(process, target, host, details)


def warning(process: Process, target: StopTarget, host: Host) -> str | None:
    """Why a person has to type the name of `process` before it is signalled; None for others."""
    found = danger(process, target, host)
    if found is not None:
        return found
    strangers = host.is_elevated and None not in (host.person_uid, process.uid)
    if strangers and process.uid != host.person_uid:
        return f"{process.label} belongs to {process.user or 'another user'}, not to you"
    return None


def openers(target: StopTarget, host: Host) -> tuple[Process, ...]:
    """Those holders that opened the port, by seniority; nobody where that is not certain."""
    return tuple(
        process
        for process in target.holders
        if _opens(process, target, host, host.process_details(process))
    )


def target_refusal(target: StopTarget, host: Host) -> str | None:
    """Why nothing can be stopped for `target`; None when it has a process in sight."""
    if not host.pids_match:
        return _FOREIGN_PIDS
    if target.holders:
        return None
    owner = f" (the socket is {target.hidden_user}'s)" if target.hidden_user else ""
    if host.is_elevated:
        return (
            f"no process in sight holds it{owner}: the kernel does, or a process in another "
            "PID namespace, a container's for example"
        )
    return f"its process is hidden from you{owner}: run porttui with sudo to see and stop it"


def _doubt(
    process: Process, target: StopTarget, host: Host, details: ProcessDetails | None
) -> str | None:
    if process not in target.holders or _opens(process, target, host, details):
        return None
    if not target.makers:
        return None  # its sockets have gone from the sample: the stop will find it so
    if _inherited(process, target.holders, host, target):
        return None
    users = sorted({each.user for each in target.makers_of(process.pid) if each.user})
    whose = f" {' and '.join(users)} opened it" if users else " who opened it is not known"
    return f"{process.label} may have been handed this socket:{whose}"


def _opens(
    process: Process, target: StopTarget, host: Host, details: ProcessDetails | None
) -> bool:
    found = has_opened(process, target.makers_of(process.pid), details)
    # Where nothing is told (macOS, Windows, psutil) a user can only end processes of their own.
    return not host.is_elevated if found is None else found


def _inherited(
    process: Process, holders: Sequence[Process], host: Host, target: StopTarget
) -> bool:
    """Whether it is a child of a holder that opened the port, a worker with another user."""
    parents = [each for each in holders if each.pid == process.ppid and each != process]
    return any(
        _opens(each, target, host, host.process_details(each))
        or _inherited(each, [one for one in holders if one != process], host, target)
        for each in parents
    )


def _is_foreign(process: Process, host: Host) -> bool:
    """The kernel's rule for signals, less capabilities (kill(2))."""
    if host.uid is None or host.is_elevated or process.uid is None:
        return False
    return process.uid != host.uid
