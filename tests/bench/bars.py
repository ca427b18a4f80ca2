"""Declares the bars that a person can feel, and says beside a figure whether it holds its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Bar(NamedTuple):
    """What a figure may be at most."""

    what: str
    limit: float
    unit: str

    def __str__(self) -> str:
        return f"<= {self.limit:g} {self.unit}"


class Judged(NamedTuple):
    """A figure in the unit of its bar."""

    bar: Bar
    value: float

    @property
    def holds(self) -> bool:
        """As measured, before any rounding."""
        return self.value <= self.bar.limit

    def __str__(self) -> str:
        return f"{self.bar}: {'held' if self.holds else 'MISSED'}"


_PASS = "x `python -c pass`"
_KEY = "key to frame at 60,000 rows"

ONE_SHOT = Bar("one-shot `list`, `who`, `check`, idle machine", 4, _PASS)
FIRST_FRAME = Bar("first frame", 1.25, "x a bare Textual application")
# In the same frame both come with one read of the terminal, or two that follow at once.
FIRST_ROWS = Bar("first rows, in the same frame", 1.02, "x the first frame")
WARM = Bar("reading the whole machine at 56,000 sockets, warm", 1.6, "x the kernel's bare dump")
COLD = Bar("the same, cold", 0.5, "x `ss -tanp`")
LISTENERS = Bar("listeners with holders, warm, at any load", 8, "ms")
DOWN = Bar(f"{_KEY}: down", 16, "ms, p95")
PAGE = Bar(f"{_KEY}: page", 25, "ms, p95")
FILTER = Bar(f"{_KEY}: filter", 60, "ms, p95")
LATE = Bar("event loop late, p99", 16, "ms")
LATEST = Bar("event loop late, most", 50, "ms")
CPU = Bar("CPU at 56,000 sockets, both processes", 10, "% of a core")
IDLE_CPU = Bar("CPU when idle, both processes", 1.5, "% of a core")
MEMORY = Bar("memory at 56,000 sockets, both processes", 130, "MB")

BARS = (
    ONE_SHOT,
    FIRST_FRAME,
    FIRST_ROWS,
    WARM,
    COLD,
    LISTENERS,
    DOWN,
    PAGE,
    FILTER,
    LATE,
    LATEST,
    CPU,
    IDLE_CPU,
    MEMORY,
)
"""In the order of docs/speed.md."""


class Report:
    """Prints figures as rows of a table, and remembers those that miss a bar."""

    def __init__(self, write: Callable[[str], object] = print) -> None:
        """`write`: called with each line."""
        self._write = write
        self._misses: list[str] = []

    def head(self, load: str, unit: str) -> None:
        """Begin a table of what was measured under a load."""
        self._write(f"\n| {load} | {unit} | against | bar |\n|---|---|---|---|")

    def row(self, name: str, figure: object, against: str = "", *judged: Judged) -> None:
        """Add a figure, with what it is compared with and the bars that apply to it."""
        self._write(f"| {name} | {figure} | {against} | {'; '.join(map(str, judged))} |")
        self._misses += [
            f"{name}: {each.value:.3g} {each.bar.unit} (bar {each.bar.limit:g})"
            for each in judged
            if not each.holds
        ]

    def finish(self) -> None:
        """Name the figures that fall short of their bar."""
        if not self._misses:
            self._write("\nEvery bar holds.")
            return
        self._write("\nThese fall short of their bar:\n")
        for miss in self._misses:
            self._write(f"- {miss}")
