"""What to type to see what is hidden."""

from __future__ import annotations

import sys
from pathlib import Path

from porttui.host.elevation import elevation_command


def test_where_sudo_finds_porttui(tmp_path: Path) -> None:
    (tmp_path / "porttui").touch(mode=0o755)
    path = f"/nowhere:{tmp_path}"
    assert elevation_command("/usr/local/bin/porttui", path) == "sudo porttui"


def test_where_only_this_shell_finds_porttui(tmp_path: Path) -> None:
    (tmp_path / "porttui").touch(mode=0o644)  # it is there, and is no program
    command = elevation_command("/home/ana/.venv/bin/porttui", str(tmp_path))
    assert command == 'sudo "$(which porttui)"'


def test_for_a_module(tmp_path: Path) -> None:
    (tmp_path / "porttui").touch(mode=0o755)
    command = elevation_command("/home/ana/porttui/__main__.py", str(tmp_path))
    assert command == f"sudo {sys.executable} -I -m porttui"
