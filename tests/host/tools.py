"""Programs that only tests need."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
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
"""Debian's package of each program."""

_INSTALL_S = 120.0


def require_tool(name: str) -> str:
    """The path of the program `name`; the test is skipped without it.

    Root on Debian gets what is missing installed, so that there nothing is skipped.
    """
    path = shutil.which(name)
    if path is None and sys.platform != "win32" and os.geteuid() == 0:
        _install(_PACKAGES[name])
        path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not on this machine (Debian package {_PACKAGES[name]})")
    return path


@functools.cache
def _install(package: str) -> None:
    """Try it once: without a network the second try would take as long as the first."""
    apt_get = shutil.which("apt-get")
    if apt_get is None:
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", package)):
        try:
            subprocess.run(
                [apt_get, "-qq", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environ,
                timeout=_INSTALL_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return


def open_to_all(folder: Path) -> None:
    """Give all users access to a folder of pytest, which is private by default."""
    while folder != folder.parent:
        mode = folder.stat().st_mode
        if mode & 0o011 != 0o011:  # others, /tmp for example, are not always ours to change
            folder.chmod(mode | 0o011)
        folder = folder.parent
