"""Textual's driver for the terminal, with guarded input."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from porttui.ui.app import PorttuiApp
from porttui.ui.input_guard import InputGuard

_READ_BYTES = 4096
_LOOK_S = 0.02
"""An escape is the key when nothing has followed for a while: this often it is looked at."""


class TerminalDriver(LinuxDriver):
    """Reads the terminal through an `InputGuard` (see there why), and Textual reads that."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._burst = app.burst if isinstance(app, PorttuiApp) else None

    def start_application_mode(self) -> None:
        """Leave the terminal as it was where no thread can be started that reads it."""
        try:
            super().start_application_mode()  # type: ignore[no-untyped-call]
        except RuntimeError:
            self.stop_application_mode()
            raise

    def close(self) -> None:
        """End writing; there is nothing to end where its thread could not be started."""
        with suppress(RuntimeError):
            super().close()

    def run_input_thread(self) -> None:
        """Read, as long as Textual does, from a pipe that guarded input is written to."""
        terminal = self.fileno
        reading, writing = os.pipe()
        over = threading.Event()
        feeding = (terminal, writing, over)
        feeder = threading.Thread(target=self._feed, args=feeding, name="input", daemon=True)
        feeder.start()
        self.fileno = reading
        try:
            super().run_input_thread()
        finally:
            # Nobody else uses it while this thread runs: the terminal's modes are set before and
            # restored after it.
            self.fileno = terminal
            over.set()
            os.close(reading)
            feeder.join()

    def _feed(self, terminal: int, writing: int, over: threading.Event) -> None:
        guard = InputGuard()
        with suppress(OSError), os.fdopen(writing, "wb") as pipe:
            while not over.is_set():
                passed = guard.pause(time.monotonic())
                if _is_readable(terminal, _LOOK_S):
                    try:
                        data = os.read(terminal, _READ_BYTES)
                    except OSError:
                        data = b""
                    if not data:
                        # The terminal is gone, and nobody has said so.
                        os.kill(os.getpid(), signal.SIGHUP)
                        return
                    passed += guard.feed(data, time.monotonic())
                    if self._burst is not None:
                        self._burst.input_read_at = guard.heard_at
                pipe.write(passed)
                pipe.flush()  # fails where Textual reads no more


def _is_readable(descriptor: int, within_s: float) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(within_s * 1000))
