"""Sends signals through psutil, which compares start times before."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from porttui.host.contract import (
    ProcessChangedError,
    ProcessGoneError,
    ProcessHandle,
    SignalDeniedError,
)
from porttui.host.portable.processes import start_time_of
from porttui.model.process import ProcessIdentity
from porttui.model.stop import StopSignal


class PsutilControl:
    """Opens processes through psutil, on every system.

    Between psutil's check and its signal a pid could in theory be reused. A pidfd prevents that.
    """

    supports_sigterm = bool(psutil.POSIX)

    def __init__(self, read_start_time: Callable[[int], int | None] = start_time_of) -> None:
        """`read_start_time` gives a pid's start time in the unit of `ProcessIdentity.started`."""
        self._read_start_time = read_start_time

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        pid = identity.pid
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                raise ProcessGoneError(f"process {pid} has exited")
            if self._read_start_time(pid) != identity.started:
                raise ProcessChangedError(f"pid {pid} now belongs to another process")
        except psutil.NoSuchProcess as error:
            raise ProcessGoneError(f"process {pid} has exited") from error
        except psutil.AccessDenied as error:
            raise SignalDeniedError(f"not permitted to read process {pid}") from error
        return PsutilHandle(process)


class PsutilHandle:
    """One process, identified by pid and start time."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    def send(self, signal: StopSignal) -> None:
        try:
            if signal is StopSignal.TERM:
                self._process.terminate()
            elif signal is StopSignal.CONT:
                self._process.resume()
            else:
                self._process.kill()
        except psutil.NoSuchProcess as error:
            raise ProcessGoneError(f"process {self._process.pid} has exited") from error
        except psutil.AccessDenied as error:
            raise SignalDeniedError(
                f"not permitted to signal process {self._process.pid}"
            ) from error

    def resume(self) -> bool:
        try:
            if self._process.status() != psutil.STATUS_STOPPED:
                return False
        except psutil.Error:
            return False
        self.send(StopSignal.CONT)
        return True

    def has_exited(self, timeout_s: float = 0.0) -> bool:
        """A zombie counts as exited, although psutil calls it running."""
        deadline = time.monotonic() + timeout_s
        while not self._has_ended():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def _has_ended(self) -> bool:
        try:
            running = self._process.is_running()
            return not running or self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False

    def close(self) -> None:
        pass
