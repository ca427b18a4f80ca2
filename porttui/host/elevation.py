"""Builds the sudo command that reruns porttui."""

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
    """The command that reruns this porttui as root: sudo finds no program of a venv by name.

    Args:
        argv0: The name that this program was started by; None for the real one.
        secure_path: Where sudo looks for commands by default (sudoers(5)).
        environ: Environment with the PATH of the shell.
        package_root: Folder that porttui was imported from.
    """
    program_path = sys.argv[0] if argv0 is None else argv0
    if os.path.basename(program_path) != "porttui":
        # Not from the working directory: it may contain another user's porttui/.
        python = shlex.quote(sys.executable)
        if os.path.basename(package_root) in ("site-packages", "dist-packages"):
            return f"sudo {python} -I -m porttui"
        return f"sudo env PYTHONPATH={shlex.quote(package_root)} {python} -P -m porttui"
    if find_program("porttui", secure_path):
        return "sudo porttui"
    if find_program("porttui", environ.get("PATH")):
        return 'sudo "$(which porttui)"'
    return f"sudo {shlex.quote(os.path.abspath(program_path))}"
