"""A missing program is installed if possible; otherwise its test is skipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.host import tools
from tests.host.fake_tool import FakeTool
from tests.host.tools import require_tool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="apt-get")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH; the user is root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tools._install.cache_clear()
    return tmp_path


def test_root_gets_it_installed(folder: Path) -> None:
    FakeTool(folder, "apt-get", f"echo '#!/bin/sh' > {folder}/tmux; /bin/chmod +x {folder}/tmux")
    assert require_tool("tmux") == f"{folder}/tmux"


def test_it_is_tried_once_and_the_test_is_skipped(folder: Path) -> None:
    apt_get = FakeTool(folder, "apt-get", "exit 100")
    for _ in range(2):
        with pytest.raises(pytest.skip.Exception, match="Debian package xvfb"):
            require_tool("Xvfb")
    assert [call.split()[1] for call in apt_get.calls] == ["update", "install"]


def test_elsewhere_than_on_debian_the_test_is_skipped(folder: Path) -> None:
    assert list(folder.iterdir()) == []
    with pytest.raises(pytest.skip.Exception, match="xclip is not on this machine"):
        require_tool("xclip")


def test_nobody_but_root_installs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    apt_get = FakeTool(folder, "apt-get", "exit 0")
    with pytest.raises(pytest.skip.Exception):
        require_tool("ss")
    assert apt_get.calls == []
