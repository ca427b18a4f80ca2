"""Opens a URL in the user's browser."""

from __future__ import annotations

import sys

from porttui.host.programs import RunAs, isolated_python, run_as_invoking_user, run_program
from porttui.host.request import HostError

_TIMEOUT_S = 15.0


def open_url(url: str, run_as: RunAs | None = None) -> None:
    """Pass `url` to the default browser; whether it was shown is unknown.

    Waits up to 15 seconds for the browser's start: some stay in the foreground.

    Args:
        url: The URL.
        run_as: Owner of the browser; by default the user who called sudo, or porttui's own.

    Raises:
        HostError: there is no graphical browser.
    """
    run_as = run_as or run_as_invoking_user()
    if sys.platform not in ("win32", "darwin") and not (
        run_as.environ.get("DISPLAY") or run_as.environ.get("WAYLAND_DISPLAY")
    ):
        # A text browser would start in this terminal.
        raise HostError("there is no graphical display")
    # In another process: browsers write to the terminal that they were started from.
    command = isolated_python(_OPEN_SCRIPT, url)
    result = run_program(command, run_as, timeout_s=_TIMEOUT_S, may_keep_running=True)
    if result.status != 0:
        owner = f" of {run_as.name}" if run_as.name else ""
        raise HostError(f"the browser{owner} {result.failure}")


_OPEN_SCRIPT = "import webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
