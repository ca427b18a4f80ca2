"""Runs porttui as a person or a script would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.servers import PATIENCE_S, ROOT

PORTTUI = (sys.executable, "-m", "porttui")

_CHANGE_OUTPUT = {"PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8"}


def environment(**changes: str) -> Mapping[str, str]:
    """That of the tests without what changes Python's output, as UTF-8, but for `changes`."""
    inherited = {name: value for name, value in os.environ.items() if name not in _CHANGE_OUTPUT}
    return {**inherited, "PYTHONUTF8": "1", **changes}


def run(*argv: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """`porttui ARGV` with nothing on stdin and pipes for its output."""
    return subprocess.run(
        [*PORTTUI, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=environment(**changes),
        timeout=PATIENCE_S,
        check=False,
    )
