"""How a session ends: in order, with the terminal as it was; at the latest some seconds later."""

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

ENDING_S = 3.0
"""How long a session has to end in order: a terminal that nobody reads keeps it from that."""

_ENDING = (
    *("SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM"),
    *("SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGSTKFLT"),
    *("SIGTRAP", "SIGSYS"),
)
"""Signals that end a process which does not handle them, and tell of no fault of its own
(signal(7)); the real-time ones are alike."""
_RESTORING = (
    b"\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What Textual 8.2.8's driver writes at its end: modes off, the first screen, the cursor."""


class Ending:
    """Sees to it that a session which is to end does so. Make one before the terminal changes."""

    def __init__(self, within_s: float = ENDING_S) -> None:
        """`within_s`: how long the session has from `begin` to `over`."""
        self._within_s = within_s
        self._settings = _terminal_settings()
        self._status = SimpleQueue[int]()
        self._is_over = threading.Event()
        self._caught: list[int] = []
        """Exit statuses by the signals that came, the first one first."""
        self._leave_soon: Callable[[int], object] | None = None

    def catch(self) -> None:
        """From the main thread: no signal that would end this process leaves the terminal changed.

        Raises:
            RuntimeError: no thread can be started that sees to it.
        """
        threading.Thread(target=self._see_to_it, name="ending", daemon=True).start()

        def end(number: int, _: FrameType | None) -> None:
            # It runs in the main thread wherever that is, even where it waits for the terminal.
            self._caught.append(128 + number)
            self.begin(128 + number)
            if self._leave_soon is not None:
                with suppress(RuntimeError):  # the loop is closed: the session has ended anyway
                    self._leave_soon(128 + number)

        for number in _ending_signals():
            signal.signal(number, end)

    def watch(self, leave: Callable[[int], object]) -> None:
        """From the loop's thread: have `leave` called there, with an exit status, when a signal
        has come or comes."""
        loop = asyncio.get_running_loop()
        self._leave_soon = lambda status: loop.call_soon_threadsafe(leave, status)
        for status in self._caught[:1]:
            leave(status)

    def begin(self, status: int) -> None:
        """The session is to end with this exit status. May be called in a signal handler."""
        self._status.put(status)

    def over(self) -> None:
        """It has ended in order."""
        self._is_over.set()

    def _see_to_it(self) -> None:
        status = self._status.get()
        if not self._is_over.wait(self._within_s):
            # Whoever writes may wait as the session does.
            threading.Thread(target=self._restore, daemon=True).start()
            self._is_over.wait(self._within_s / 10)
            os._exit(status)

    def _restore(self) -> None:
        if self._settings is not None and sys.platform != "win32":
            with suppress(OSError, termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._settings)
            with suppress(OSError):
                os.write(2, _RESTORING)


class AbandonedWorkers(ThreadPoolExecutor):
    """Workers that nobody waits for at the end: one may wait for a filesystem or a name server."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Let those that run, run: the process ends without them."""
        super().shutdown(wait=False, cancel_futures=True)


def _ending_signals() -> list[int]:
    numbers = [int(getattr(signal, name)) for name in _ENDING if hasattr(signal, name)]
    if hasattr(signal, "SIGRTMIN"):
        numbers += range(signal.SIGRTMIN, signal.SIGRTMAX + 1)
    return numbers


def _terminal_settings() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None
