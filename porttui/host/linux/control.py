"""Sends signals through pidfds, which never refer to a later process (pidfd_open(2))."""

from __future__ import annotations

import os
import select
import signal

from porttui.host.contract import (
    ProcessChangedError,
    ProcessGoneError,
    ProcessHandle,
    SignalDeniedError,
)
from porttui.host.linux.processes import read_stat
from porttui.host.request import HostError
from porttui.model.process import ProcessIdentity
from porttui.model.stop import StopSignal

_SIGNAL_NUMBERS = {
    StopSignal.TERM: signal.SIGTERM,
    StopSignal.KILL: signal.SIGKILL,
    StopSignal.CONT: signal.SIGCONT,
}
_STOPPED_STATES = (b"T", b"t")
"""Stopped by job control or a signal, and by a tracer (proc_pid_stat(5))."""


def supports_pidfds() -> bool:
    """Whether signals can be sent through pidfds: since Linux 5.3, unless a sandbox forbids it."""
    try:
        descriptor = os.pidfd_open(os.getpid())
        try:
            signal.pidfd_send_signal(descriptor, 0)  # sends nothing (kill(2))
        finally:
            os.close(descriptor)
    except (AttributeError, OSError):
        return False
    return True


class PidfdControl:
    """Opens processes as pidfds."""

    supports_sigterm = True

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        pid = identity.pid
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError as error:
            raise ProcessGoneError(f"process {pid} has exited") from error
        except OSError as error:
            raise HostError(f"pid {pid} cannot be opened: {error.strerror}") from error
        handle = PidfdHandle(pid, descriptor)
        # Only now: from here on a reuse of the pid cannot go unnoticed.
        try:
            stat = read_stat(pid)
            if stat is None or handle.has_exited():
                raise ProcessGoneError(f"process {pid} has exited")
            inode = os.fstat(descriptor).st_ino
            if stat.started != identity.started or (
                identity.pidfd_inode and inode != identity.pidfd_inode
            ):
                raise ProcessChangedError(f"pid {pid} now belongs to another process")
        except HostError:
            handle.close()
            raise
        return handle


class PidfdHandle:
    """One process, as an open pidfd."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self._pid = pid
        self._descriptor = descriptor

    def send(self, signal_: StopSignal) -> None:
        try:
            signal.pidfd_send_signal(self._descriptor, _SIGNAL_NUMBERS[signal_])
        except ProcessLookupError as error:
            raise ProcessGoneError(f"process {self._pid} has exited") from error
        except PermissionError as error:
            raise SignalDeniedError(f"not permitted to signal process {self._pid}") from error

    def resume(self) -> bool:
        stat = read_stat(self._pid)
        # The pid belongs to this process as long as the pidfd shows that it has not ended.
        if stat is None or stat.state not in _STOPPED_STATES or self.has_exited():
            return False
        self.send(StopSignal.CONT)
        return True

    def has_exited(self, timeout_s: float = 0.0) -> bool:
        """A pidfd becomes readable when its process ends, zombie or not."""
        poller = select.poll()
        poller.register(self._descriptor, select.POLLIN)
        return bool(poller.poll(timeout_s * 1000))

    def close(self) -> None:
        os.close(self._descriptor)
