"""Cells that several panes show."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.ui.widgets.columns import Cell


def holders_cell(processes: Sequence[Process], suffix: str = "") -> Cell:
    """The first holder and the number of others: "node 4213 +2". `suffix` is appended."""
    first, *others = processes
    more = f" +{len(others)}" if others else ""
    return Cell(first.shown_name, tail=f" {first.pid}{more}{suffix}")


def endpoint_cell(endpoint: Endpoint, prefix: str = "") -> Cell:
    """An endpoint; a long address is cut, its port never."""
    port = f":{endpoint.port}"
    return Cell(f"{prefix}{str(endpoint).removesuffix(port)}", tail=port)
