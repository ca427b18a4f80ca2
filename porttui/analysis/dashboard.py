"""The dashboard: all that the session shows of one snapshot. The sampling process makes it."""

from __future__ import annotations

from porttui.analysis.filter_columns import RowGroups
from porttui.analysis.listeners import ListeningRow
from porttui.analysis.loopback_rows import PairRow
from porttui.analysis.pressure import PressureRow
from porttui.analysis.rows import TrackedRows
from porttui.analysis.usage import RangeUsage
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Caveat
from porttui.model.snapshot import Snapshot
from porttui.record import NamedTuple


class Summary(NamedTuple):
    """The header line."""

    listeners: int
    exposed: int
    """Listeners that are not on loopback."""
    pairs: int
    ephemeral: RangeUsage | None
    worst: Gauge | None
    """The limited resource with least headroom."""
    time_wait: int
    """Sockets in TIME_WAIT."""
    hidden: int
    elevated: bool


class Dashboard(NamedTuple):
    """The three panes and the header."""

    snapshot: Snapshot
    row_groups: RowGroups
    """Row groups of the snapshot's sockets, for the filter."""
    listening: TrackedRows[ListeningRow]
    pairs: TrackedRows[PairRow]
    pressure: tuple[PressureRow, ...]
    gauges: tuple[Gauge, ...]
    """Every limited resource, worst first; empty where the kernel does not report limits."""
    caveats: tuple[Caveat, ...]
    """Why the gauges may be inexact."""
    density: tuple[int, ...]
    """TCP ports in use of equal parts of the port space, see `PortUsage.density`."""
    summary: Summary
