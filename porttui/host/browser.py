"""Opens an address in the person's browser."""

from __future__ import annotations

import sys

from porttui.host.programs import RunAs, isolated_python, run_as_invoking_user, run_program
from porttui.host.request import HostError

_TIMEOUT_S = 15.0


def open_url(url: str, run_as: RunAs | None = None) -> None:
    """Hand `url` to the browser that this system prefers; nobody tells whether it was shown.

    Waits until the browser has been started, or some seconds: some stay in the foreground.

    Args:
        url: What to open.
        run_as: Whose browser it is; by default the person's who sits here.

    Raises:
        HostError: there is no graphical browser to hand it to.
    """
    run_as = run_as or run_as_invoking_user()
    if sys.platform not in ("win32", "darwin") and not (
        run_as.environ.get("DISPLAY") or run_as.environ.get("WAYLAND_DISPLAY")
    ):
        # A browser for the terminal would start in this very terminal.
        raise HostError("there is no graphical display here")
    # By a process of its own: browsers write what they like to where they were started.
    command = isolated_python(_OPEN_SCRIPT, url)
    result = run_program(command, run_as, timeout_s=_TIMEOUT_S, may_keep_running=True)
    if result.status != 0:
        owner = f" of {run_as.name}" if run_as.name else ""
        raise HostError(f"the browser{owner} {result.failure}")


_OPEN_SCRIPT = "import webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
