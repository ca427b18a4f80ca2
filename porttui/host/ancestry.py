"""A process's parent, its parent, and so on."""

from __future__ import annotations

from collections.abc import Callable

from porttui.model.process import Process

_MOST = 32


def ancestors_of(
    process: Process, read_process: Callable[[int], Process | None]
) -> tuple[Process, ...]:
    """From the parent upwards, as far as this user may see them."""
    found: list[Process] = []
    pid = process.ppid
    while pid > 0 and len(found) < _MOST and all(pid != each.pid for each in found):
        ancestor = read_process(pid)
        if ancestor is None:
            break
        found.append(ancestor)
        pid = ancestor.ppid
    return tuple(found)
