"""Ends the session in order, or after a timeout; the terminal is restored in both cases."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from types import FrameType
from typing import Any

if sys.platform != "win32":
    import termios

SHUTDOWN_TIMEOUT_S = 3.0
"""The time for an orderly end: writing to a stopped terminal can block for ever."""

_FATAL_SIGNALS = (
    *("SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM"),
    *("SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGSTKFLT"),
    *("SIGTRAP", "SIGSYS"),
)
"""Signals whose default action ends the process, except faults (signal(7))."""
_RESTORE_SEQUENCE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What Textual 8.2.8's driver writes on exit: modes off, main screen, cursor."""


class ShutdownGuard:
    """Enforces the end of a session. Create it before the terminal changes."""

    def __init__(self, timeout_s: float = SHUTDOWN_TIMEOUT_S) -> None:
        """`timeout_s`: the time from `start_timeout` to `finish`."""
        self._timeout_s = timeout_s
        self._terminal_attributes = _read_terminal_attributes()
        self._status = SimpleQueue[int]()
        self._is_finished = threading.Event()
        self._signal_statuses: list[int] = []
        """The exit statuses of received signals, in order."""
        self._request_exit: Callable[[int], object] | None = None

    def install_signal_handlers(self) -> None:
        """Handle every fatal signal, so that the terminal is restored. Call it in the main thread.

        Raises:
            RuntimeError: The watchdog thread cannot be started.
        """
        threading.Thread(target=self._enforce_timeout, name="ending", daemon=True).start()

        def end(number: int, _: FrameType | None) -> None:
            # Runs in the main thread, even while that waits for the terminal.
            self._signal_statuses.append(128 + number)
            self.start_timeout(128 + number)
            if self._request_exit is not None:
                with suppress(RuntimeError):  # the loop is closed: the session has ended anyway
                    self._request_exit(128 + number)

        for number in _fatal_signals():
            signal.signal(number, end)

    def call_on_signal(self, exit_app: Callable[[int], object]) -> None:
        """Have a function called in the event loop with the exit status of a signal,
        received or to come. Call it in the loop's thread."""
        loop = asyncio.get_running_loop()
        self._request_exit = lambda status: loop.call_soon_threadsafe(exit_app, status)
        for status in self._signal_statuses[:1]:
            exit_app(status)

    def start_timeout(self, status: int) -> None:
        """Start the timeout of an end with this exit status. Safe in a signal handler."""
        self._status.put(status)

    def finish(self) -> None:
        """The session has ended in order."""
        self._is_finished.set()

    def _enforce_timeout(self) -> None:
        status = self._status.get()
        if not self._is_finished.wait(self._timeout_s):
            # Writing may block, as it does for the session.
            threading.Thread(target=self._restore_terminal, daemon=True).start()
            self._is_finished.wait(self._timeout_s / 10)
            os._exit(status)

    def _restore_terminal(self) -> None:
        if self._terminal_attributes is not None and sys.platform != "win32":
            with suppress(OSError, termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._terminal_attributes)
            with suppress(OSError):
                os.write(2, _RESTORE_SEQUENCE)


class UnjoinedThreadPool(ThreadPoolExecutor):
    """A pool that is not joined at exit: a worker may hang in a file system or name service."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Do not wait for running workers."""
        super().shutdown(wait=False, cancel_futures=True)


def _fatal_signals() -> list[int]:
    numbers = [int(getattr(signal, name)) for name in _FATAL_SIGNALS if hasattr(signal, name)]
    if hasattr(signal, "SIGRTMIN"):
        numbers += range(signal.SIGRTMIN, signal.SIGRTMAX + 1)
    return numbers


def _read_terminal_attributes() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None
