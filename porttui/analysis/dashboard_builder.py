"""Builds a dashboard from a snapshot and the history of the dashboards before it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from porttui.analysis.dashboard import Dashboard, Generations, Summary
from porttui.analysis.filter_columns import socket_row_groups
from porttui.analysis.listeners import ListeningRow, ListeningRows, listening_rows
from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.loopback_rows import PairRow
from porttui.analysis.rows import RowTracker
from porttui.analysis.trend import LeftHistory, Trend, update_histories
from porttui.analysis.usage import port_usage, pressure_rows
from porttui.forecast.forecast import forecast
from porttui.forecast.gauges import Gauge, gauges
from porttui.model.kernel import Limits, RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Exposure
from porttui.model.socket_table import TIME_WAIT
from porttui.record import NamedTuple

_TOP_DESTINATIONS = 20
"""Those with most connections."""


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
