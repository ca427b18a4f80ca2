"""Cells and details that several panes show of processes and endpoints."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.text import rows as row_text
from porttui.text.numbers import age
from porttui.ui.panes.pane import Fact
from porttui.ui.widgets.columns import Cell, Tone


def holders_cell(processes: Sequence[Process], suffix: str = "") -> Cell:
    """The first holder and the number of others: "node 4213 +2". `suffix` is appended."""
    first, *others = processes
    more = f" +{len(others)}" if others else ""
    return Cell(first.shown_name, tail=f" {first.pid}{more}{suffix}")


def endpoint_cell(endpoint: Endpoint, prefix: str = "") -> Cell:
    """An endpoint; a long address is cut, its port never."""
    port = f":{endpoint.port}"
    return Cell(f"{prefix}{str(endpoint).removesuffix(port)}", tail=port)


def process_facts(snapshot: Snapshot, processes: Iterable[Process]) -> Iterator[Fact]:
    """A few lines for each process."""
    now = snapshot.taken_at
    for process in by_seniority(processes):
        yield Fact(process.label)
        yield Fact("user", process.user or "unknown")
        running = age(max(0.0, now - process.create_time))
        started = row_text.running_text(date_and_time(process.create_time), running)
        yield Fact("started", started)
        yield Fact("parent", f"pid {process.ppid}")
        yield Fact("command", process.command)
        if process.ignores_sigterm:
            yield Fact("signals", row_text.IGNORES_SIGTERM, Tone.WARNING)


def hidden_holder_facts(snapshot: Snapshot, user: str | None, elevation: str) -> Iterator[Fact]:
    """The details of a socket whose holder is hidden."""
    yield Fact("process", "hidden", Tone.MUTED)
    yield Fact("user", row_text.socket_user(user))
    explanation = row_text.hidden_because(elevation, elevated=snapshot.coverage.elevated)
    yield Fact("why", explanation)


def time_of_day(epoch_s: float) -> str:
    """The time of day here: "14:03:55"."""
    return time.strftime("%H:%M:%S", time.localtime(epoch_s))


def date_and_time(epoch_s: float) -> str:
    """Date and time here: "2026-11-21 14:03:55"."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch_s))
