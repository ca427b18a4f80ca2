"""The walls between the rooms hold: breaking one is noticed, and none is gone round at run time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.servers import PATIENCE_S, ROOT

HEAVY = ("textual", "rich", "asyncio", "psutil", "pyperclip", "subprocess", "dataclasses")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package that can be spoilt."""
    shutil.copytree(
        ROOT / "porttui", tmp_path / "porttui", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_an_unspoilt_copy_keeps_every_contract(copy: Path) -> None:
    """Else what follows would prove nothing."""
    status, said = _lint_imports(copy)
    assert status == 0, said
    assert "BROKEN" not in said
    contracts = tomllib.loads((copy / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert said.count(" KEPT") == len(contracts["contracts"])


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("host/services.py", "import textual", "Only the user interface knows Textual"),
        ("cli/list_sockets.py", "import rich", "Only the user interface knows Textual"),
        ("sampling/sampler.py", "import psutil", "Only the host layer knows psutil"),
        ("ui/panes/formatting.py", "import subprocess", "Only the host layer knows psutil"),
        ("stopping/verdict.py", "import pyperclip", "Only the host layer knows psutil"),
        ("analysis/holders.py", "import os", "The core is pure"),
        ("model/snapshot.py", "import time", "The core is pure"),
        ("forecast/connect.py", "import time", "The core is pure"),
        ("text/stop.py", "import time", "The core is pure"),
        ("cli/free.py", "import porttui.text.session", "Only the user interface speaks of keys"),
        ("text/numbers.py", "import textual", "Only the user interface knows Textual"),
        ("text/stop.py", "import porttui.ui.keymap", "Rooms import downwards only"),
        ("analysis/usage.py", "import porttui.text.numbers", "Rooms import downwards only"),
        ("forecast/gauges.py", "import textual", "Only the user interface knows Textual"),
        ("forecast/gauges.py", "import psutil", "Only the host layer knows psutil"),
        ("forecast/gauges.py", "import porttui.host.local", "Rooms import downwards only"),
        ("model/address.py", "import porttui.analysis.filter", "Rooms import downwards only"),
        ("analysis/usage.py", "import porttui.host.local", "Rooms import downwards only"),
        ("host/accounts.py", "import porttui.sampling.sampler", "Rooms import downwards only"),
        ("sampling/sampler.py", "import porttui.stopping.stopper", "Rooms import downwards only"),
        ("cli/list_sockets.py", "import porttui.ui.keymap", "Rooms import downwards only"),
        ("ui/keymap.py", "import porttui.cli.arguments", "Rooms import downwards only"),
    ],
)
def test_an_import_through_a_wall_is_noticed(
    copy: Path, module: str, line: str, contract: str
) -> None:
    spoilt = copy / "porttui" / module
    spoilt.write_text(f"{spoilt.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    status, said = _lint_imports(copy)
    assert status == 1, said
    assert any(contract in told and told.endswith("BROKEN") for told in said.splitlines()), said


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("model", ()),
        ("analysis", ()),
        ("forecast", ()),
        ("text", ()),
        ("sampling", ()),
        ("stopping", ()),
        ("cli", ()),
        ("host.linux", ()),
        ("host.local", ()),
        ("host.portable", ("psutil", "subprocess", "dataclasses")),
        ("__main__", ()),
    ],
)
def test_a_room_loads_nothing_heavy(room: str, allowed: tuple[str, ...]) -> None:
    """One-shot commands start in a few hundredths of a second; Textual takes a quarter."""
    loaded = _loaded_by(f"porttui.{room}")
    assert f"porttui.{room}" in loaded
    assert loaded & set(HEAVY) - set(allowed) == set()


def _loaded_by(package: str) -> set[str]:
    """All modules in memory when this one, with all below it, is imported alone."""
    code = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module({package!r})\n"
        "below = getattr(package, '__path__', [])\n"
        "for found in pkgutil.walk_packages(below, f'{package.__name__}.'):\n"
        "    importlib.import_module(found.name)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def _lint_imports(directory: Path) -> tuple[int, str]:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.fail("lint-imports is missing: pip install '.[test]'")
    done = subprocess.run(
        [str(program), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=directory,
        timeout=4 * PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
