"""porttui as pip installs it: compiled beforehand, and started by a console script."""

from __future__ import annotations

import atexit
import compileall
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

_SCRIPT = "import sys; from porttui.__main__ import run; sys.exit(run())"
"""What the console script does."""


def porttui(*arguments: str) -> list[str]:
    """The command line of a porttui command."""
    return [sys.executable, "-c", _SCRIPT, *arguments]


@cache
def environ() -> dict[str, str]:
    """Finds this porttui, and its bytecode, wherever the machine would have it kept."""
    root = Path(__file__).parents[2]
    directory = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, directory)
    changes = {"PYTHONPYCACHEPREFIX": directory, "PYTHONPATH": str(root)}
    before, sys.pycache_prefix = sys.pycache_prefix, directory
    compileall.compile_dir(root / "porttui", quiet=1)
    sys.pycache_prefix = before
    # Not the size of somebody else's terminal either: each has its own.
    foreign = ("PYTHONDONTWRITEBYTECODE", "COLUMNS", "LINES")
    kept = {name: text for name, text in os.environ.items() if name not in foreign}
    return {**kept, **changes, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
