"""The processes that share one socket."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.model.process import Process


def by_seniority(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Each process once; parents before their children, then the oldest first.

    The first is whom to ask: the master of a prefork server rather than one of its workers.
    """
    unique = {process.identity: process for process in processes}
    pids = {process.pid for process in unique.values()}
    return tuple(
        sorted(
            unique.values(),
            key=lambda each: (each.ppid in pids and each.ppid != each.pid, each.started, each.pid),
        )
    )
