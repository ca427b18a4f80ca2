"""The environment of the sampling child makes it return freed memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host.child_process import CHILD_ENVIRONMENT, ChildProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's")


def _environment(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def test_a_child_process_is_told() -> None:
    [(variable, threshold)] = CHILD_ENVIRONMENT.items()
    child = ChildProcess("porttui.sampling.child", ["auto"])
    try:
        assert _environment(child.pid)[variable] == threshold
    finally:
        child.close()
