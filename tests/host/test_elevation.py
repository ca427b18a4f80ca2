"""The sudo command that reruns porttui."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host.programs import elevation_command


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder with a program."""
    (tmp_path / "porttui").touch(mode=0o755)
    return str(tmp_path)


def test_where_sudo_finds_porttui(folder: str) -> None:
    assert elevation_command("/usr/local/bin/porttui", f"/nowhere:{folder}") == "sudo porttui"


def test_where_only_this_shell_finds_porttui(folder: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "porttui").touch(mode=0o644)  # a file, but not executable
    command = elevation_command("/home/ana/.venv/bin/porttui", str(other), {"PATH": folder})
    assert command == 'sudo "$(which porttui)"'


def test_where_no_shell_finds_porttui(tmp_path: Path) -> None:
    command = elevation_command("/home/a na/bin/porttui", str(tmp_path), {"PATH": str(tmp_path)})
    assert command == "sudo '/home/a na/bin/porttui'"


@pytest.mark.parametrize(
    ("package_root", "command"),
    [
        ("/usr/lib/python3/dist-packages", f"sudo {sys.executable} -I -m porttui"),
        ("/home/ana/src", f"sudo env PYTHONPATH=/home/ana/src {sys.executable} -P -m porttui"),
    ],
)
def test_for_a_module(folder: str, package_root: str, command: str) -> None:
    """A checkout is found by its path, never in the working directory."""
    called = "/home/ana/porttui/__main__.py"
    assert elevation_command(called, folder, package_root=package_root) == command
