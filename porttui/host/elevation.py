"""How this very program is run with more rights."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping

from porttui.host.programs import HOME_OF_PACKAGE, TRUSTED_PATH, find_program


def elevation_command(
    argv0: str | None = None,
    secure_path: str = TRUSTED_PATH,
    environ: Mapping[str, str] = os.environ,
    home: str = HOME_OF_PACKAGE,
) -> str:
    """The command that shows what is hidden: sudo does not find programs of a venv by name.

    Args:
        argv0: How this program was called; None for how it really was.
        secure_path: Where sudo looks for commands, unless it is told otherwise (sudoers(5)).
        environ: With the PATH of the shell.
        home: The folder that porttui was imported from.
    """
    called = sys.argv[0] if argv0 is None else argv0
    if os.path.basename(called) != "porttui":
        # Not from the working directory, which may have a porttui/ of somebody else's.
        python = shlex.quote(sys.executable)
        if os.path.basename(home) in ("site-packages", "dist-packages"):
            return f"sudo {python} -I -m porttui"
        return f"sudo env PYTHONPATH={shlex.quote(home)} {python} -P -m porttui"
    if find_program("porttui", secure_path):
        return "sudo porttui"
    if find_program("porttui", environ.get("PATH")):
        return 'sudo "$(which porttui)"'
    return f"sudo {shlex.quote(os.path.abspath(called))}"
