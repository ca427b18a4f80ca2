"""Programs that only tests need."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

_PACKAGES = {
    "Xvfb": "xvfb",
    "xclip": "xclip",
    "tmux": "tmux",
    "ss": "iproute2",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "unshare": "util-linux",
}
"""Debian's package for each program."""


def require_tool(name: str) -> str:
    """The path of the program `name`.

    Where it can be installed, in CI and as root on Linux, its absence is a failure: a test that
    is always skipped tests nothing. Elsewhere the test is skipped.
    """
    path = shutil.which(name)
    if path is not None:
        return path
    package = _PACKAGES[name]
    can_install = sys.platform == "linux" and (os.environ.get("CI") == "true" or os.geteuid() == 0)
    if can_install:
        pytest.fail(f"{name} is missing: apt-get install {package}")
    pytest.skip(f"{name} is not on this machine (Debian package {package})")


def open_to_all(folder: Path) -> None:
    """Let every user reach what is in a folder of pytest's, which are for one user alone."""
    while folder != folder.parent:
        folder.chmod(folder.stat().st_mode | 0o011)
        folder = folder.parent
