"""Every test is a unit, a pilot's or a real one, and only real ones open the machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.marks import MARKS, REAL, mark_of
from tests.servers import ROOT


def test_every_test_has_exactly_one_mark(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        marks = [mark.name for mark in item.iter_markers() if mark.name in MARKS]
        assert marks == [mark_of(item)], item.nodeid


def test_this_one_is_a_unit_test(request: pytest.FixtureRequest) -> None:
    assert mark_of(request.node) == "unit"


@pytest.mark.parametrize("name", REAL)
def test_what_is_listed_as_real_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    text = (ROOT / "tests" / path).read_text(encoding="utf-8")
    assert not function or f"def {function.partition('[')[0]}(" in text


def _bind() -> None:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))


def _connect() -> None:
    with socket.socket() as opened:
        opened.connect(("127.0.0.1", 9))


@pytest.mark.parametrize(
    "open_machine",
    [
        _bind,
        _connect,
        lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        pytest.param(
            lambda: os.fork(),
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork"),
        ),
    ],
    ids=["bind", "connect", "start", "fork"],
)
def test_a_unit_test_cannot_open_the_machine(open_machine: Callable[[], object]) -> None:
    with pytest.raises(AssertionError, match="has not the mark real"):
        open_machine()
