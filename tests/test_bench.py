"""The benchmark runs, on a load that is nothing, and judges figures by the bars."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench.bars import BARS, DOWN, LATE, LATEST, LISTENERS, Bar, Judged, Report
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
        "filter key: filtered rows",
        "event loop late, p99",
        "event loop late while all connections close",
        "% of a core",
    ):
        assert words in done.stdout
    for bar in BARS:
        assert f"| {bar}: " in done.stdout or f"; {bar}: " in done.stdout, bar.what
    assert "Every bar holds" in done.stdout or "These fall short" in done.stdout


@pytest.mark.parametrize(("value", "holds"), [(7.0, True), (8.0, True), (8.001, False)])
def test_a_bar_is_what_a_figure_may_be_at_most(value: float, holds: bool) -> None:
    judged = Judged(Bar("listeners", 8, "ms"), value)
    assert judged.holds is holds
    assert str(judged) == f"<= 8 ms: {'held' if holds else 'MISSED'}"


def test_the_report_has_the_bar_beside_the_figure_and_says_which_fall_short() -> None:
    lines: list[str] = []
    report = Report(lines.append)
    report.head("on an idle machine", "ms")
    report.row("listeners", "9.2 (8.0 to 9.9)", "", Judged(LISTENERS, 9.2))
    report.row("ss", "12.0")
    report.row("key", "4.4", "p95 4.9", Judged(DOWN, 4.9))
    report.row("late", "4.0 / 242.7", "971 ticks", Judged(LATE, 4.0), Judged(LATEST, 242.7))
    report.finish()
    assert "\n".join(lines).splitlines() == [
        "",
        "| on an idle machine | ms | against | bar |",
        "|---|---|---|---|",
        "| listeners | 9.2 (8.0 to 9.9) |  | <= 8 ms: MISSED |",
        "| ss | 12.0 |  |  |",
        "| key | 4.4 | p95 4.9 | <= 16 ms, p95: held |",
        "| late | 4.0 / 242.7 | 971 ticks | <= 16 ms: held; <= 50 ms: MISSED |",
        "",
        "These fall short of their bar:",
        "",
        "- listeners: 9.2 ms (bar 8)",
        "- late: 243 ms (bar 50)",
    ]


def test_the_report_says_when_every_bar_holds() -> None:
    lines: list[str] = []
    report = Report(lines.append)
    report.row("key", "4.4", "p95 4.9", Judged(DOWN, 4.9))
    report.finish()
    assert lines[-1] == "\nEvery bar holds."
