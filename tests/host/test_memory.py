"""What is freed goes back to the system, in real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from porttui.host import memory
from porttui.host.child_process import ChildProcess
from tests.servers import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's")

_MB = 1 << 20

# A large block that is freed makes glibc keep twice its size; then many small ones are made and
# freed, as of a look at very many sockets.
FREEING = """
import sys
from porttui.host.memory import give_back_what_is_freed

if sys.argv[1] == "sparing":
    give_back_what_is_freed()
del (large := [bytes(24 << 20)])[:]
small = [bytes(100_000) for _ in range(300)]
del small
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


def _resident_bytes(how: str) -> int:
    said = subprocess.run(
        [sys.executable, "-c", FREEING, how], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return int(said.stdout) * 1024


def test_what_is_freed_is_given_back() -> None:
    kept = _resident_bytes("as it comes") - _resident_bytes("sparing")
    assert kept > 10 * _MB


def _environment(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def test_a_second_process_is_told() -> None:
    [(variable, usual)] = memory.ENVIRONMENT.items()
    child = ChildProcess("porttui.sampling.child", ["auto"])
    try:
        assert _environment(child.pid)[variable] == usual
    finally:
        child.close()
