"""The style, the types and the walls of the code, by the tools that watch over them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.servers import ROOT

PATIENCE_S = 600.0
"""mypy reads all of Textual when nothing is in its cache."""


def test_lint() -> None:
    _assert_clean([sys.executable, "-m", "ruff", "check", "."])


def test_format() -> None:
    _assert_clean([sys.executable, "-m", "ruff", "format", "--check", "."])


def test_types() -> None:
    _assert_clean([sys.executable, "-m", "mypy"])


def test_walls_between_the_rooms() -> None:
    # The package has no __main__: the script stands beside the interpreter.
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.fail("lint-imports is missing: pip install '.[test]'")
    _assert_clean([str(program)])


def _assert_clean(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
