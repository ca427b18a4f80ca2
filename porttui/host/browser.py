"""Opens an address in the person's browser."""

from __future__ import annotations

import sys

from porttui.host.asking import HostError
from porttui.host.programs import RunAs, as_person, isolated_python, run_program

_PATIENCE_S = 15.0


def open_url(url: str, whose: RunAs | None = None) -> None:
    """Hand `url` to the browser that this system prefers; nobody tells whether it was shown.

    Waits until the browser has been started, or some seconds: some stay in the foreground.

    Args:
        url: What to open.
        whose: Whose browser it is; by default the person's who sits here.

    Raises:
        HostError: there is no graphical browser to hand it to.
    """
    whose = whose or as_person()
    if sys.platform not in ("win32", "darwin") and not (
        whose.environ.get("DISPLAY") or whose.environ.get("WAYLAND_DISPLAY")
    ):
        # A browser for the terminal would start in this very terminal.
        raise HostError("there is no graphical display here")
    # By a process of its own: browsers write what they like to where they were started.
    command = isolated_python(_OPEN, url)
    opening = run_program(command, whose, within_s=_PATIENCE_S, may_stay=True)
    if opening.status != 0:
        by = f" of {whose.name}" if whose.name else ""
        raise HostError(f"the browser{by} {opening.failure}")


_OPEN = "import webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
