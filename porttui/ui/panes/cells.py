"""Cells that more than one pane has."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.ui.widgets.columns import Cell


def holders_cell(processes: Sequence[Process], also: str = "") -> Cell:
    """The first by name and the others by number: "node 4213 +2". There is at least one.

    `also` stands behind.
    """
    first, *others = processes
    more = f" +{len(others)}" if others else ""
    return Cell(first.shown_name, tail=f" {first.pid}{more}{also}")


def endpoint_cell(endpoint: Endpoint, before: str = "") -> Cell:
    """An address gives way before its port."""
    port = f":{endpoint.port}"
    return Cell(f"{before}{str(endpoint).removesuffix(port)}", tail=port)
