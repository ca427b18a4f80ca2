"""Measures the session: start, table, keys and idling."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from textual.app import App, ComposeResult

from porttui.ui.widgets.columns import Cell, Column
from porttui.ui.widgets.keyed_table import KeyedTable
from tests.bench.installed import environ, porttui
from tests.bench.terminal import FRAME_END, Terminal
from tests.bench.timing import Timing, timing

_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare")
Bare().run()
"""


class Row(NamedTuple):
    """A row of the table that is measured."""

    key: int


class Keys(NamedTuple):
    """Key to frame, in ms."""

    down: Timing
    page: Timing
    filter_first: Timing
    filter_rows: Timing
    """Until the rows are filtered."""
    word_first: Timing
    word_rows: Timing


def start(rounds: int) -> dict[str, Timing]:
    """First frames: a bare application's and porttui's, and porttui's first rows, in turns."""
    times: dict[str, list[float]] = {"bare": [], "frame": [], "rows": []}
    for _ in range(rounds):
        bare = Terminal([sys.executable, "-c", _BARE], environ())
        times["bare"].append(bare.read_until(b"bare"))
        bare.close()
        app = _porttui()
        times["frame"].append(app.read_until(FRAME_END))
        times["rows"].append(app.read_until(b"by port"))
        app.close()
    return {name: timing(values) for name, values in times.items()}


def keys(rounds: int) -> Keys:
    """In a real pty, on the loopback pane."""
    app = _porttui()
    try:
        app.read_until(b"by address")
        app.press(b"2")
        down = [app.press(b"j") for _ in range(rounds)]
        page = [app.press(b"\x1b[6~") for _ in range(rounds)]
        ports = [_filter_key(app, b"1") for _ in range(rounds)]
        words = [_filter_key(app, b"p") for _ in range(rounds)]
    finally:
        app.close()
    filters = [
        timing(list(values)) for pairs in (ports, words) for values in zip(*pairs, strict=True)
    ]
    return Keys(timing(down), timing(page), *filters)


def _filter_key(app: Terminal, key: bytes) -> tuple[float, float]:
    """The first key of a filter: ms to its first frame, and to the frame with its rows."""
    app.press(b"/")
    timings = app.press_until(key, b" match " + key)
    app.press(b"\x15")
    app.press(b"\r")
    return timings


def table(rounds: int, sizes: tuple[int, int] = (600, 60000)) -> dict[int, Timing]:
    """Replacing all rows of a table, until the screen is painted, in turns."""
    return asyncio.run(_table(rounds, sizes))


async def _table(rounds: int, sizes: tuple[int, int]) -> dict[int, Timing]:
    column = Column[Row]("key", "KEY", 8, lambda row: Cell(str(row.key)))
    table_widget = KeyedTable([column])

    class TableApp(App[None]):
        def compose(self) -> ComposeResult:
            yield table_widget

    rows = {
        size: [[Row(number + offset) for number in range(size)] for offset in (0, 1)]
        for size in sizes
    }
    times: dict[int, list[float]] = {size: [] for size in sizes}
    async with TableApp().run_test(size=(120, 40)) as pilot:
        for round_number in range(rounds):
            for size in sizes:
                # CPU time: Textual waits for its own ticks.
                start = time.process_time()
                table_widget.show(rows[size][round_number % 2])
                await pilot.pause()
                times[size].append((time.process_time() - start) * 1000)
    return {size: timing(values) for size, values in times.items()}


class Idling(NamedTuple):
    """Of the application with its sampling process."""

    cpu_percent: float
    """Of one core."""
    memory_mb: float
    """PSS of session and child: shared pages count once."""


def idling(seconds: float) -> Idling:
    """Let it run, pressing nothing."""
    app = _porttui()
    try:
        app.read_until(b"by port")
        app.settle()
        pids = [app.pid, *_children(app.pid)]
        before, start = sum(map(_cpu_s, pids)), time.perf_counter()
        while time.perf_counter() - start < seconds:
            app.settle(quiet_s=0.5)
        cpu_seconds = sum(map(_cpu_s, pids)) - before
        cpu = 100 * cpu_seconds / (time.perf_counter() - start)
        return Idling(cpu, sum(map(_memory_mb, pids)))
    finally:
        app.close()


class Lag(NamedTuple):
    """Delays in ms of a ticker of 10 ms while the application samples every second."""

    p99: float
    most: float
    most_own: float
    """The most that this process itself caused: a delay is no longer than its processor time."""
    samples: int

    def __str__(self) -> str:
        return f"{self.p99:.1f} / {self.most:.1f}, by itself {self.most_own:.1f}"


def lag(seconds: float, at_half: Callable[[], object] = lambda: None) -> Lag:
    """Run the application headless with a ticker in its event loop; `at_half`: of the time."""
    return asyncio.run(_lag(seconds, at_half))


async def _lag(seconds: float, at_half: Callable[[], object]) -> Lag:
    from porttui.host.clipboard import SystemClipboard
    from porttui.host.local import local_host
    from porttui.host.request import SourceName
    from porttui.sampling.process import SamplingProcess
    from porttui.sampling.sampler import Sampler
    from porttui.stopping.stopper import Stopper
    from porttui.ui.app import PorttuiApp
    from porttui.ui.services import Services

    host = local_host()
    sampler = Sampler(host)
    dashboards = SamplingProcess(SourceName.AUTO)
    app = PorttuiApp(
        dashboards, lambda: Services(host, sampler, Stopper(host, sampler), SystemClipboard())
    )
    delays: list[float] = []
    own: list[float] = []
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for part in range(2):
            end = time.perf_counter() + seconds / 2
            while time.perf_counter() < end:
                start, cpu_start = time.perf_counter(), time.process_time()
                await asyncio.sleep(0.01)
                delays.append((time.perf_counter() - start - 0.01) * 1000)
                own.append(min(delays[-1], (time.process_time() - cpu_start) * 1000))
            if part == 0:
                at_half()
    return Lag(statistics.quantiles(delays, n=100)[98], max(delays), max(own), len(delays))


def _porttui() -> Terminal:
    return Terminal(porttui(), environ())


def _children(pid: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6
