"""Runs the application, and gives the terminal back however it ends."""

from __future__ import annotations

import asyncio
import errno
import gc
import io
import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console

from porttui.host.programs import elevation_command
from porttui.text import session as session_text
from porttui.ui.app import PorttuiApp
from porttui.ui.shutdown import ShutdownGuard, UnjoinedThreadPool

if TYPE_CHECKING:
    from textual.driver import Driver

    from porttui.host.request import SourceName
    from porttui.sampling.process import SamplingProcess
    from porttui.settings import Settings
    from porttui.ui.services import Services

_WRITER = "textual-output"
_TERMINAL_THREADS = (_WRITER, "textual-input", "input")
_TERMINAL_GONE_ERRORS = (errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBADF)
_FAULT_STATUS = 1
"""The exit status of an internal error, as in Textual."""
_SIGHUP = 1
"""signal(7); Windows has none."""
_SHORTAGES = {
    "Too many open files": session_text.OUT_OF_FILES,
    "MemoryError": session_text.OUT_OF_MEMORY,
    "can't start new thread": session_text.OUT_OF_THREADS,
}
"""By what stands in a traceback, which is how Textual tells why it ended."""


def run_session(dashboards: SamplingProcess, settings: Settings) -> int:
    """Run until the person leaves or a signal ends it; the result is the exit status.

    `dashboards` is what is shown, and what reads the machine for actions, too.
    """
    shutdown_guard = ShutdownGuard()
    try:
        shutdown_guard.install_signal_handlers()
    except RuntimeError as error:
        _print_failure(str(error))
        return _FAULT_STATUS
    failure_output = io.StringIO()
    app = _TerminalApp(shutdown_guard, dashboards, settings)
    app.error_console = Console(file=failure_output, width=100, markup=False, highlight=False)
    threading.excepthook = partial(_end_after_thread, shutdown_guard)
    try:
        app.run()
    finally:
        shutdown_guard.finish()
        threading.excepthook = threading.__excepthook__
    _print_failure(failure_output.getvalue())
    return app.return_code or 0


def _print_failure(traceback: str) -> None:
    """Print a shortage as one sentence, and an internal error as a traceback."""
    if traceback.strip():
        messages = [message for text, message in _SHORTAGES.items() if text in traceback]
        print(f"porttui: {messages[0]}" if messages else traceback, file=sys.stderr)


def _end_after_thread(shutdown_guard: ShutdownGuard, error: threading.ExceptHookArgs) -> None:
    """End when a thread that serves the terminal has ended.

    Textual writes from a thread of its own; whatever writes after that has ended waits for ever,
    and with it the session and its sampling process. Where the terminal is gone, and no SIGHUP has
    said so, nothing is left to restore.
    """
    name = "" if error.thread is None else error.thread.name
    is_gone = (
        isinstance(error.exc_value, OSError) and error.exc_value.errno in _TERMINAL_GONE_ERRORS
    )
    if is_gone and name == _WRITER:
        os._exit(128 + _SIGHUP)
    threading.__excepthook__(error)
    if name in _TERMINAL_THREADS:
        shutdown_guard.start_timeout(_FAULT_STATUS)


def _services(source: SourceName, dashboards: SamplingProcess) -> Services:
    from porttui.host.clipboard import SystemClipboard
    from porttui.host.local import local_host
    from porttui.stopping.stopper import Stopper
    from porttui.ui.services import Services

    host = local_host(source)
    return Services(host, dashboards, Stopper(host, dashboards), SystemClipboard())


class _TerminalApp(PorttuiApp):
    """The application in a real terminal, with the process's signals in hand."""

    def __init__(
        self, shutdown_guard: ShutdownGuard, dashboards: SamplingProcess, settings: Settings
    ) -> None:
        services = partial(_services, settings.source, dashboards)
        super().__init__(dashboards, services, settings, elevation=elevation_command())
        self._shutdown_guard = shutdown_guard

    def get_driver_class(self) -> type[Driver]:
        """The one with guarded input. (Not one that TEXTUAL_DRIVER names: root may run this.)"""
        if sys.platform == "win32":
            return super().get_driver_class()
        from porttui.ui.terminal_driver import TerminalDriver

        return TerminalDriver

    def on_mount(self) -> None:
        """Textual leaves the terminal raw at a deadly signal: end in order instead.

        (Textual calls every class's own `on_mount`, so there is no super() here.)
        """
        self.call_after_refresh(_freeze_startup_objects)
        asyncio.get_running_loop().set_default_executor(UnjoinedThreadPool())
        self._shutdown_guard.call_on_signal(lambda status: self.exit(return_code=status))

    def on_unmount(self) -> None:
        """Whatever ends it, it does not wait for a terminal that nobody reads."""
        self._shutdown_guard.start_timeout(self.return_code or 0)


def _freeze_startup_objects() -> None:
    """What starting has made stays until the end: it is never looked through again."""
    gc.freeze()
    gc.enable()
