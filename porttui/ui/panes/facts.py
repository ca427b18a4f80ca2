"""Details of processes that several panes show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from porttui.analysis.holders import by_seniority
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.text import rows as row_text
from porttui.text.numbers import age
from porttui.ui.local_time import date_and_time
from porttui.ui.panes.pane import Fact
from porttui.ui.widgets.columns import Tone


def process_facts(snapshot: Snapshot, processes: Iterable[Process]) -> Iterator[Fact]:
    """A few lines for each process."""
    now = snapshot.taken_at
    for process in by_seniority(processes):
        yield Fact(process.label)
        yield Fact("user", process.user or "unknown")
        running = age(max(0.0, now - process.create_time))
        yield Fact("started", f"{date_and_time(process.create_time)}, running {running}")
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
