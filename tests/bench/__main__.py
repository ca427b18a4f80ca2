"""`python -m tests.bench`: everything side by side, as tables for the README. Root on Linux."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.bench import collection as collecting
from tests.bench import interface
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
    print(f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, {_versions()}\n")
    print("| on an idle machine | ms, or as said | against |")
    print("|---|---|---|")
    _print_one_shot(collecting.one_shot(4 * arguments.rounds))
    _print_start(interface.start(2 * arguments.rounds))
    idle = interface.idling(arguments.seconds)
    print(f"| idling, both processes | {idle.cpu_percent:.1f} % of a core | |")
    print(f"| memory, both processes | {idle.memory_mb:.0f} MB | |")
    with _load(arguments) as end_load:
        busy = f", {arguments.busy:,} of them busy" if arguments.busy else ""
        print(
            f"\n| {2 * arguments.pairs:,} sockets, {arguments.time_wait:,} TIME_WAIT, "
            f"{arguments.processes + arguments.idle:,} processes{busy} | ms, "
            "median (least to most) | against |"
        )
        print("|---|---|---|")
        _print_collection(collecting.collection(arguments.rounds))
        _print_interface(arguments.rounds, arguments.seconds)
        lag = interface.lag(2 * arguments.seconds, at_half=end_load)
        print(f"| event loop late while all connections close | {lag} | {lag.samples} ticks |")


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


def _print_one_shot(times: Mapping[str, Timing]) -> None:
    bare = times[collecting.PASS].median
    start = times[collecting.LIST_LISTENERS].median - times[collecting.SAMPLE].median
    comparisons = {
        collecting.LIST_LISTENERS: f"{start / bare:.2f} x pass + sample",
        collecting.CHECK: f"{times[collecting.CHECK].median / bare:.2f} x pass",
    }
    for name, timing in times.items():
        print(f"| {name} | {timing} | {comparisons.get(name, '')} |")


def _print_start(times: Mapping[str, Timing]) -> None:
    bare, frame, rows = times["bare"], times["frame"], times["rows"]
    print(f"| first frame of a bare Textual application | {bare} | |")
    print(f"| first frame | {frame} | {frame.median / bare.median:.2f} x bare |")
    print(f"| first rows | {rows} | {rows.median / frame.median:.2f} x first frame |")


def _print_collection(times: Mapping[str, Timing]) -> None:
    comparisons = {
        collecting.WARM: [collecting.RAW, collecting.PSUTIL],
        collecting.COLD: [collecting.SS_ALL],
        collecting.FORECAST: [collecting.RAW, collecting.WARM],
        collecting.LIST_LISTENERS: [collecting.SS_LISTENERS],
    }
    for name, timing in times.items():
        ratios = [
            f"{timing.median / times[other].median:.2f} x {other}"
            for other in comparisons.get(name, [])
            if other in times
        ]
        if name == collecting.CHECK:
            beside = timing.median - 3 * times[collecting.PASS].median
            ratios = [f"3 x pass + {beside / times[collecting.RAW].median:.2f} x {collecting.RAW}"]
        print(f"| {name} | {timing} | {'; '.join(ratios)} |")


def _print_interface(rounds: int, seconds: float) -> None:
    small, large = interface.table(rounds).values()
    print(f"| table: 600 rows replaced | {small} | |")
    print(f"| table: 60,000 rows replaced | {large} | {large.median / small.median:.2f} x 600 |")
    # Many, for the slowest twentieth of them: those that meet a sample.
    keys = interface.keys(5 * rounds)
    for name, timing in (
        ("key to frame: cursor down", keys.down),
        ("key to frame: page down", keys.page),
        ("filter key: first frame", keys.filter_first),
        ("filter key: settled", keys.filter_settled),
        ("filter key of a word: first frame", keys.word_first),
        ("filter key of a word: settled", keys.word_settled),
    ):
        print(f"| {name} | {timing} | p95 {timing.p95:.1f} |")
    lag = interface.lag(seconds)
    print(f"| event loop late, p99 / most | {lag} | {lag.samples} ticks |")
    idle = interface.idling(seconds)
    print(f"| running, both processes | {idle.cpu_percent:.1f} % of a core | |")
    print(f"| memory, both processes | {idle.memory_mb:.0f} MB | |")


def _versions() -> str:
    import psutil
    import textual

    return (
        f"Python {platform.python_version()}, Textual {textual.__version__}, "
        f"psutil {psutil.__version__}"
    )


if __name__ == "__main__":
    main()
