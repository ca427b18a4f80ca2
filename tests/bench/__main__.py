"""`python -m tests.bench`: everything side by side, with the bars. Root on Linux."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.bench import bars, interface
from tests.bench import collection as collecting
from tests.bench.bars import Judged, Report
from tests.bench.timing import Timing

_IN_NAMESPACE = "PORTTUI_BENCH_INSIDE"


def main() -> None:
    """Run in a network namespace of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=28000)
    parser.add_argument("--time-wait", type=int, default=20000)
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--busy", type=int, default=0, help="processes with sockets that talk")
    parser.add_argument("--idle", type=int, default=0, help="processes without sockets")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10.0, help="for lag and idling, each")
    arguments = parser.parse_args()
    if os.environ.get(_IN_NAMESPACE) != "1":
        command = ["unshare", "--net", sys.executable, "-m", "tests.bench", *sys.argv[1:]]
        done = subprocess.run(command, env={**os.environ, _IN_NAMESPACE: "1"}, check=False)
        raise SystemExit(done.returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, {_versions()}")
    report = Report()
    report.head("on an idle machine", "ms, or as said")
    _report_one_shot(report, collecting.one_shot(4 * arguments.rounds))
    _report_start(report, interface.start(2 * arguments.rounds))
    idle = interface.idling(arguments.seconds)
    cpu = f"{idle.cpu_percent:.1f} % of a core"
    report.row("idling, both processes", cpu, "", Judged(bars.IDLE_CPU, idle.cpu_percent))
    report.row("memory, both processes", f"{idle.memory_mb:.0f} MB")
    with _load(arguments) as end_load:
        busy = f", {arguments.busy:,} of them busy" if arguments.busy else ""
        report.head(
            f"{2 * arguments.pairs:,} sockets, {arguments.time_wait:,} TIME_WAIT, "
            f"{arguments.processes + arguments.idle:,} processes{busy}",
            "ms, median (least to most)",
        )
        _report_collection(report, collecting.collection(arguments.rounds))
        _report_interface(report, arguments.rounds, arguments.seconds)
        lag = interface.lag(2 * arguments.seconds, at_half=end_load)
        _report_lag(report, "event loop late while all connections close", lag, is_closing=True)
    report.finish()


@contextmanager
def _load(arguments: argparse.Namespace) -> Iterator[Callable[[], object]]:
    """While it lasts the load is there, or until what it gives is called."""
    argv = [sys.executable, "-m", "tests.bench.load"]
    for name in ("pairs", "time_wait", "processes", "busy", "idle"):
        argv += [f"--{name.replace('_', '-')}", str(getattr(arguments, name))]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        assert load.stdout.readline() == "ready\n", "the load did not get ready"
        yield load.stdin.close


def _report_one_shot(report: Report, times: Mapping[str, Timing]) -> None:
    bare = times[collecting.PASS].median
    for name, took in times.items():
        ratio = took.median / bare
        if name in (collecting.PASS, collecting.SAMPLE):
            report.row(name, took)
        else:
            report.row(name, took, f"{ratio:.2f} x pass", Judged(bars.ONE_SHOT, ratio))


def _report_start(report: Report, times: Mapping[str, Timing]) -> None:
    bare, frame, rows = times["bare"], times["frame"], times["rows"]
    slower, later = frame.median / bare.median, rows.median / frame.median
    report.row("first frame of a bare Textual application", bare)
    report.row("first frame", frame, f"{slower:.2f} x bare", Judged(bars.FIRST_FRAME, slower))
    report.row("first rows", rows, f"{later:.2f} x first frame", Judged(bars.FIRST_ROWS, later))


def _report_collection(report: Report, times: Mapping[str, Timing]) -> None:
    against = {
        collecting.WARM: [collecting.RAW, collecting.PSUTIL],
        collecting.COLD: [collecting.SS_ALL],
        collecting.FORECAST: [collecting.RAW, collecting.WARM],
        collecting.LIST_LISTENERS: [collecting.SS_LISTENERS],
    }
    barred = {
        collecting.WARM: (bars.WARM, collecting.RAW),
        collecting.COLD: (bars.COLD, collecting.SS_ALL),
    }
    for name, took in times.items():
        ratios = [
            f"{took.median / times[other].median:.2f} x {other}"
            for other in against.get(name, [])
            if other in times
        ]
        if name == collecting.CHECK:
            beside = took.median - 3 * times[collecting.PASS].median
            ratios = [f"3 x pass + {beside / times[collecting.RAW].median:.2f} x {collecting.RAW}"]
        judged = []
        if name in barred:
            bar, other = barred[name]
            judged = [Judged(bar, took.median / times[other].median)] if other in times else []
        elif name == collecting.LISTENERS:
            judged = [Judged(bars.LISTENERS, took.median)]
        report.row(name, took, "; ".join(ratios), *judged)


def _report_interface(report: Report, rounds: int, seconds: float) -> None:
    small, large = interface.table(rounds).values()
    report.row("table: 600 rows replaced", small)
    report.row("table: 60,000 rows replaced", large, f"{large.median / small.median:.2f} x 600")
    # Many, for the slowest twentieth of them: those that meet a sample.
    keys = interface.keys(5 * rounds)
    for name, took, bar in (
        ("key to frame: cursor down", keys.down, bars.DOWN),
        ("key to frame: page down", keys.page, bars.PAGE),
        ("filter key: first frame", keys.filter_first, bars.FILTER),
        ("filter key: filtered rows", keys.filter_rows, bars.FILTER),
        ("filter key of a word: first frame", keys.word_first, bars.FILTER),
        ("filter key of a word: filtered rows", keys.word_rows, bars.FILTER),
    ):
        report.row(name, took, f"p95 {took.p95:.1f}", Judged(bar, took.p95))
    _report_lag(report, "event loop late, p99 / most", interface.lag(seconds))
    idle = interface.idling(seconds)
    cpu, memory = f"{idle.cpu_percent:.1f} % of a core", f"{idle.memory_mb:.0f} MB"
    report.row("running, both processes", cpu, "", Judged(bars.CPU, idle.cpu_percent))
    report.row("memory, both processes", memory, "", Judged(bars.MEMORY, idle.memory_mb))


def _report_lag(report: Report, name: str, lag: interface.Lag, *, is_closing: bool = False) -> None:
    """`is_closing`: 200 processes that close 56,000 sockets keep both processors from the loop."""
    judged = (
        Judged(bars.LATE, lag.p99),
        Judged(bars.LATEST, lag.most_own if is_closing else lag.most),
    )
    report.row(name, lag, f"{lag.samples} ticks", *judged)


def _versions() -> str:
    import psutil
    import textual

    return (
        f"Python {platform.python_version()}, Textual {textual.__version__}, "
        f"psutil {psutil.__version__}"
    )


if __name__ == "__main__":
    main()
