"""A process's parent, its parent, and so on."""

from __future__ import annotations

from collections.abc import Callable

from porttui.model.process import Process

_MAX_ANCESTORS = 32


def ancestors_of(
    process: Process, read_process: Callable[[int], Process | None]
) -> tuple[Process, ...]:
    """From the parent upwards, as far as this user may see them."""
    ancestors: list[Process] = []
    pid = process.ppid
    while (
        pid > 0
        and len(ancestors) < _MAX_ANCESTORS
        and all(pid != ancestor.pid for ancestor in ancestors)
    ):
        ancestor = read_process(pid)
        if ancestor is None:
            break
        ancestors.append(ancestor)
        pid = ancestor.ppid
    return tuple(ancestors)
