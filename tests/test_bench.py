"""The benchmark runs, on a load that is nothing; what it measures is not judged here."""

from __future__ import annotations

import subprocess
import sys

from tests.host.namespaces import require_root
from tests.host.tools import require_tool
from tests.servers import ROOT


def test_it_measures_everything_on_a_small_load() -> None:
    require_root()
    for tool in ("unshare", "ip", "ss"):
        require_tool(tool)
    small = ["--pairs", "40", "--time-wait", "20", "--processes", "4", "--idle", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *small, "--rounds", "1", "--seconds", "0.5"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "first rows",
        "80 sockets, 20 TIME_WAIT, 6 processes",
        "porttui: all sockets and holders, warm",
        "porttui: the forecast of all sockets",
        "table: 60,000 rows replaced",
        "filter key: settled",
        "event loop late, p99",
        "event loop late while all connections close",
        "% of a core",
    ):
        assert words in done.stdout
