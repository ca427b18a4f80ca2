"""The dashboard: all that the session shows of one snapshot. The sampling process makes it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from porttui.analysis.filter_columns import RowGroups, socket_row_groups
from porttui.analysis.gauge_history import LeftHistory, Trend, update_histories
from porttui.analysis.listeners import ListeningRow, ListeningRows, listening_rows
from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.loopback_rows import PairRow
from porttui.analysis.rows import RowTracker, TrackedRows
from porttui.analysis.usage import PressureRow, RangeUsage, port_usage, pressure_rows
from porttui.forecast.gauges import Gauge, gauges
from porttui.model.forecast import Caveat
from porttui.model.kernel import Limits, RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Exposure
from porttui.model.socket_table import TIME_WAIT
from porttui.record import NamedTuple

_TOP_DESTINATIONS = 20
"""Those with most connections."""


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


class DashboardHistory(NamedTuple):
    """What the next dashboard needs of the earlier ones: tracked rows and headroom histories."""

    listening: RowTracker[ListeningRow]
    pairs: RowTracker[PairRow]
    left: Mapping[Hashable, LeftHistory]
    """How much was left."""
    generations: Generations
    """Of the last dashboard."""


def next_dashboard(
    history: DashboardHistory | None, snapshot: Snapshot, at: float, limits: Limits | None = None
) -> tuple[Dashboard, DashboardHistory]:
    """The dashboard for `snapshot`, with what changed since; `at` is monotonic seconds."""
    # Not for the session's own process, which makes none: 5 ms of its start.
    from porttui.forecast.forecast import forecast

    row_groups = socket_row_groups(snapshot.sockets, snapshot.services)
    listeners, usage = listening_rows(snapshot), port_usage(snapshot)
    pairs = loopback_pairs(snapshot, row_groups)
    port_forecast = forecast(snapshot, top=_TOP_DESTINATIONS)
    all_gauges = gauges(port_forecast, limits) if port_forecast else ()
    left: dict[Hashable, int] = {_history_key(gauge): gauge.left for gauge in all_gauges}
    if history is None:
        history = DashboardHistory(
            RowTracker.start(listeners),
            RowTracker.start(pairs),
            update_histories({}, at, left),
            Generations.start(at),
        )
    else:
        history = _with_listeners(history, listeners, at)
        history = history._replace(
            pairs=history.pairs.update(pairs, at),
            left=update_histories(history.left, at, left),
            generations=history.generations._replace(sample=history.generations.sample + 1),
        )
    trends: dict[Hashable, Trend] = {
        gauge.key: history.left[_history_key(gauge)].trend for gauge in all_gauges
    }
    summary = Summary(
        listeners=len(listeners),
        exposed=_exposed(listeners),
        pairs=len(pairs),
        ephemeral=next(
            (range_usage for range_usage in usage.ranges if range_usage.key is RangeName.EPHEMERAL),
            None,
        ),
        worst=all_gauges[0] if all_gauges else None,
        time_wait=snapshot.sockets.states.count(TIME_WAIT),
        hidden=snapshot.coverage.hidden_holders,
        elevated=snapshot.coverage.elevated,
    )
    dashboard = Dashboard(
        generations=history.generations,
        snapshot=snapshot,
        row_groups=row_groups,
        listening=history.listening.tracked_rows,
        pairs=history.pairs.tracked_rows,
        pressure=pressure_rows(usage.ranges, all_gauges, trends),
        gauges=all_gauges,
        caveats=port_forecast.caveats if port_forecast else (),
        density=usage.density,
        summary=summary,
    )
    return dashboard, history


def with_listening_rows(
    dashboard: Dashboard, history: DashboardHistory, snapshot: Snapshot, at: float
) -> tuple[Dashboard, DashboardHistory]:
    """`dashboard` with new listeners; `snapshot` may hold listeners alone."""
    listeners = listening_rows(snapshot)
    history = _with_listeners(history, listeners, at)
    if history.generations == dashboard.generations:
        return dashboard, history
    changed = dashboard._replace(
        generations=history.generations,
        listening=history.listening.tracked_rows,
        summary=dashboard.summary._replace(listeners=len(listeners), exposed=_exposed(listeners)),
    )
    return changed, history


def _with_listeners(
    history: DashboardHistory, listeners: ListeningRows, at: float
) -> DashboardHistory:
    tracker, generations = history.listening.update(listeners, at), history.generations
    if list(tracker.tracked_rows) != list(history.listening.tracked_rows):
        generations = generations._replace(listening=generations.listening + 1)
    return history._replace(listening=tracker, generations=generations)


def _history_key(gauge: Gauge) -> Hashable:
    """A changed capacity starts a new history: a resized range is not consumption."""
    return gauge.key, gauge.capacity


def _exposed(listeners: Sequence[ListeningRow]) -> int:
    return sum(row.exposure is not Exposure.LOOPBACK for row in listeners)
