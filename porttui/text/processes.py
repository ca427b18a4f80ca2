"""How processes are written."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.process import Process


def holders(processes: Sequence[Process]) -> str:
    """The first by name, the others by number: "node 4213 +2"."""
    first, *others = processes
    return f"{first.label} +{len(others)}" if others else first.label
