"""The dashboard: all that the session shows of one snapshot. The sampling process makes it."""

from __future__ import annotations

from porttui.analysis.filter_columns import RowGroups
from porttui.analysis.listeners import ListeningRow
from porttui.analysis.loopback_rows import PairRow
from porttui.analysis.rows import TrackedRows
from porttui.analysis.usage import PressureRow, RangeUsage
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


class Generations(NamedTuple):
    """The numbers of a dashboard's parts; another number means other content."""

    sample: int
    """Of all parts that a sample of every socket gives."""
    listening: int
    """Of the listening rows, which a sample of the listeners alone gives as well."""

    @classmethod
    def start(cls, at: float) -> Generations:
        """The first numbers, at monotonic seconds.

        They are higher than any of a sampling process that this one replaces: it started
        later, and no process makes a thousand dashboards a second.
        """
        first = int(at * 1000)
        return cls(first, first)


class Dashboard(NamedTuple):
    """The three panes and the header.

    Whoever keeps something made of a dashboard keeps its generation, too, and compares: only
    another generation is sent, filtered, sorted or drawn again. Object identity tells nothing,
    since parts go through a pipe. The summary belongs to both parts.
    """

    generations: Generations
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

    def changes_since(self, generations: Generations) -> dict[str, object]:
        """The fields that a dashboard of these generations has not."""
        if self.generations == generations:
            return {}
        fields = self._asdict()
        if self.generations.sample == generations.sample:
            return {name: fields[name] for name in ("generations", "listening", "summary")}
        if self.generations.listening == generations.listening:
            del fields["listening"]
        return fields
