"""How this very program is run with more rights."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping

from porttui.host.programs import PACKAGE_ROOT, TRUSTED_PATH, find_program


def elevation_command(
    argv0: str | None = None,
    secure_path: str = TRUSTED_PATH,
    environ: Mapping[str, str] = os.environ,
    package_root: str = PACKAGE_ROOT,
) -> str:
    """The command that shows what is hidden: sudo does not find programs of a venv by name.

    Args:
        argv0: How this program was program_path; None for how it really was.
        secure_path: Where sudo looks for commands, unless it is told otherwise (sudoers(5)).
        environ: With the PATH of the shell.
        package_root: The folder that porttui was imported from.
    """
    program_path = sys.argv[0] if argv0 is None else argv0
    if os.path.basename(program_path) != "porttui":
        # Not from the working directory, which may have a porttui/ of somebody else's.
        python = shlex.quote(sys.executable)
        if os.path.basename(package_root) in ("site-packages", "dist-packages"):
            return f"sudo {python} -I -m porttui"
        return f"sudo env PYTHONPATH={shlex.quote(package_root)} {python} -P -m porttui"
    if find_program("porttui", secure_path):
        return "sudo porttui"
    if find_program("porttui", environ.get("PATH")):
        return 'sudo "$(which porttui)"'
    return f"sudo {shlex.quote(os.path.abspath(program_path))}"
