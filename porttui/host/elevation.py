"""How this very program is run with more rights."""

from __future__ import annotations

import os
import shlex
import sys

from porttui.host.programs import TRUSTED_PATH


def elevation_command(argv0: str | None = None, secure_path: str = TRUSTED_PATH) -> str:
    """The command that shows what is hidden: sudo does not find programs of a venv by name.

    Args:
        argv0: How this program was called; None for how it really was.
        secure_path: Where sudo looks for commands, unless it is told otherwise (sudoers(5)).
    """
    called = sys.argv[0] if argv0 is None else argv0
    if os.path.basename(called) != "porttui":
        # Isolated: root would run a porttui/ of the working directory otherwise.
        return f"sudo {shlex.quote(sys.executable)} -I -m porttui"
    # Not `shutil.which`: to import that costs a one-shot command a fifth of its time.
    if any(os.access(f"{each}/porttui", os.X_OK) for each in secure_path.split(os.pathsep)):
        return "sudo porttui"
    return 'sudo "$(which porttui)"'
