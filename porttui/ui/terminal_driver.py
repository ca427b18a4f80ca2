"""A LinuxDriver whose input goes through an `InputGuard`."""

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
_POLL_S = 0.02
"""How often the guard is asked for a lone Escape."""


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
        """Restore the terminal if the input thread cannot be started."""
        try:
            super().start_application_mode()  # type: ignore[no-untyped-call]
        except RuntimeError:
            self.stop_application_mode()
            raise

    def close(self) -> None:
        """Close; the output thread may not have been started."""
        with suppress(RuntimeError):
            super().close()

    def run_input_thread(self) -> None:
        """Run Textual's input thread on a pipe that another thread fills with guarded input."""
        terminal = self.fileno
        read_end, write_end = os.pipe()
        stopped = threading.Event()
        arguments = (terminal, write_end, stopped)
        copier = threading.Thread(
            target=self._copy_input, args=arguments, name="input", daemon=True
        )
        copier.start()
        self.fileno = read_end
        try:
            super().run_input_thread()
        finally:
            # Nobody else uses it while this thread runs: the terminal's modes are set before and
            # restored after it.
            self.fileno = terminal
            stopped.set()
            os.close(read_end)
            copier.join()

    def _copy_input(self, terminal: int, write_end: int, stopped: threading.Event) -> None:
        guard = InputGuard()
        with suppress(OSError), os.fdopen(write_end, "wb") as pipe:
            while not stopped.is_set():
                output = guard.poll(time.monotonic())
                if _is_readable(terminal, _POLL_S):
                    try:
                        data = os.read(terminal, _READ_BYTES)
                    except OSError:
                        data = b""
                    if not data:
                        # The terminal is gone, without a SIGHUP.
                        os.kill(os.getpid(), signal.SIGHUP)
                        return
                    output += guard.feed(data, time.monotonic())
                    if self._burst is not None:
                        self._burst.input_read_at = guard.last_input_at
                pipe.write(output)
                pipe.flush()  # fails where Textual reads no more


def _is_readable(descriptor: int, within_s: float) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(within_s * 1000))
