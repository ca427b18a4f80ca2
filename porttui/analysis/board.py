"""Everything that the session shows of one snapshot; it is made in the sampling process."""

from __future__ import annotations

from porttui.analysis.changes import Shown
from porttui.analysis.filter_columns import RowGroups
from porttui.analysis.listening import ListeningRow
from porttui.analysis.loopback_rows import PairRow
from porttui.analysis.pressure import PressureRow
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
    """Of all that can run out."""
    time_wait: int
    """Sockets in TIME_WAIT."""
    hidden: int
    elevated: bool


class Board(NamedTuple):
    """The three panes and the header."""

    snapshot: Snapshot
    row_groups: RowGroups
    """Of the snapshot's sockets, for the filter."""
    listening: Shown[ListeningRow]
    pairs: Shown[PairRow]
    pressure: tuple[PressureRow, ...]
    gauges: tuple[Gauge, ...]
    """Everything that can run out, the worst first; none where the kernel does not tell."""
    caveats: tuple[Caveat, ...]
    """Why the gauges may be off."""
    density: tuple[int, ...]
    """TCP ports in use of equal parts of the port space, see `PortUsage.density`."""
    summary: Summary
