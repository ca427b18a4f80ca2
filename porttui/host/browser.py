"""Opens an address in the person's browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from porttui.host.asking import HostError

_PATIENCE_S = 15.0


def open_url(url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Hand `url` to the browser that this system prefers; nobody tells whether it was shown.

    Waits until the browser has been started, in the background where that is its way.

    Raises:
        HostError: there is no graphical browser to hand it to.
    """
    if sys.platform not in ("win32", "darwin") and not (
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    ):
        # A browser for the terminal would start in this very terminal.
        raise HostError("there is no graphical display here")
    import subprocess

    try:
        # By a process of its own: browsers write what they like to where they were started.
        subprocess.run(
            [sys.executable, "-m", "webbrowser", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(environ),
            timeout=_PATIENCE_S,
            check=False,
        )
    except OSError as error:
        raise HostError(f"the browser cannot be started: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise HostError("the browser does not come up") from error
