"""Makes the boards, one after the other, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from porttui.analysis.board import Board, Summary
from porttui.analysis.changes import Changes, Shown
from porttui.analysis.filter_columns import socket_row_groups
from porttui.analysis.listening import ListeningRow, listening
from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.loopback_rows import PairRow
from porttui.analysis.pressure import pressure_rows
from porttui.analysis.trend import History, Trend, histories_then
from porttui.analysis.usage import port_usage
from porttui.forecast.forecasting import forecast
from porttui.forecast.gauges import Gauge, gauges
from porttui.model.limits import Limits
from porttui.model.port_range import RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Exposure
from porttui.model.socket_table import TIME_WAIT
from porttui.record import NamedTuple

_DESTINATIONS = 20
"""Those with most connections."""


class Memory(NamedTuple):
    """What is kept from one board to tell what changed until the next."""

    listening: Changes[ListeningRow]
    pairs: Changes[PairRow]
    left: Mapping[Hashable, History]
    """How much was left."""
    listeners: Shown[ListeningRow]
    """The very same while nothing changes: so it has not to be told nor shown again."""


def next_board(
    memory: Memory | None, snapshot: Snapshot, at: float, limits: Limits | None = None
) -> tuple[Board, Memory]:
    """The board for `snapshot`, with what changed since; `at` is monotonic seconds."""
    row_groups = socket_row_groups(snapshot.sockets, snapshot.services)
    listeners, usage = listening(snapshot), port_usage(snapshot)
    pairs = loopback_pairs(snapshot, row_groups)
    found = forecast(snapshot, top=_DESTINATIONS)
    measured = gauges(found, limits) if found else ()
    left: dict[Hashable, int] = {_history_key(gauge): gauge.left for gauge in measured}
    changes = memory.listening.then(listeners, at) if memory else Changes.first(listeners)
    memory = Memory(
        changes,
        memory.pairs.then(pairs, at) if memory else Changes[PairRow].first(pairs),
        histories_then(memory.left if memory else {}, at, left),
        _shown(changes, memory),
    )
    trends: dict[Hashable, Trend] = {
        gauge.key: memory.left[_history_key(gauge)].trend for gauge in measured
    }
    summary = Summary(
        listeners=len(listeners),
        exposed=_exposed(listeners),
        pairs=len(pairs),
        ephemeral=next((each for each in usage.ranges if each.key is RangeName.EPHEMERAL), None),
        worst=measured[0] if measured else None,
        time_wait=snapshot.sockets.states.count(TIME_WAIT),
        hidden=snapshot.coverage.hidden_holders,
        elevated=snapshot.coverage.elevated,
    )
    board = Board(
        snapshot=snapshot,
        row_groups=row_groups,
        listening=memory.listeners,
        pairs=memory.pairs.shown,
        pressure=pressure_rows(usage.ranges, measured, trends),
        gauges=measured,
        caveats=found.caveats if found else (),
        density=usage.density,
        summary=summary,
    )
    return board, memory


def with_listening(
    board: Board, memory: Memory, snapshot: Snapshot, at: float
) -> tuple[Board, Memory]:
    """`board` with the listeners of `snapshot`, which need not have anything else."""
    listeners = listening(snapshot)
    changes = memory.listening.then(listeners, at)
    memory = memory._replace(listening=changes, listeners=_shown(changes, memory))
    if memory.listeners is board.listening:
        return board, memory
    summary = board.summary._replace(listeners=len(listeners), exposed=_exposed(listeners))
    return board._replace(listening=memory.listeners, summary=summary), memory


def _shown(changes: Changes[ListeningRow], memory: Memory | None) -> Shown[ListeningRow]:
    now = changes.shown
    return memory.listeners if memory and now.is_like(memory.listeners) else now


def _history_key(gauge: Gauge) -> Hashable:
    """A range that is set anew is no consumption: its history begins anew."""
    return gauge.key, gauge.capacity


def _exposed(listeners: Sequence[ListeningRow]) -> int:
    return sum(row.exposure is not Exposure.LOOPBACK for row in listeners)
