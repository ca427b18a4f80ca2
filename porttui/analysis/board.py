"""Everything that the session shows of one snapshot."""

from __future__ import annotations

from typing import NamedTuple

from porttui.analysis.changes import Changes
from porttui.analysis.listening import ListeningRow, listening
from porttui.analysis.loopback import PairRow, loopback_pairs
from porttui.analysis.usage import RangeUsage, range_usage
from porttui.model.port_range import RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Exposure, TcpState


class Summary(NamedTuple):
    """The header line."""

    listeners: int
    exposed: int
    """Listeners that are not on loopback."""
    pairs: int
    ephemeral: RangeUsage | None
    time_wait: int
    """Sockets in TIME_WAIT."""
    hidden: int
    elevated: bool


class Board(NamedTuple):
    """The three panes and the header."""

    snapshot: Snapshot
    listening: Changes[ListeningRow]
    pairs: Changes[PairRow]
    usage: tuple[RangeUsage, ...]
    summary: Summary


def next_board(before: Board | None, snapshot: Snapshot, at: float) -> Board:
    """The board for `snapshot`, with what changed since `before`; `at` is monotonic seconds."""
    listeners, pairs = listening(snapshot), loopback_pairs(snapshot)
    usage = range_usage(snapshot)
    return Board(
        snapshot=snapshot,
        listening=before.listening.then(listeners, at) if before else Changes.first(listeners),
        pairs=before.pairs.then(pairs, at) if before else Changes.first(pairs),
        usage=usage,
        summary=Summary(
            listeners=len(listeners),
            exposed=sum(row.exposure is not Exposure.LOOPBACK for row in listeners),
            pairs=len(pairs),
            ephemeral=next((each for each in usage if each.key is RangeName.EPHEMERAL), None),
            time_wait=sum(each.state is TcpState.TIME_WAIT for each in snapshot.sockets),
            hidden=snapshot.coverage.hidden_holders,
            elevated=snapshot.coverage.elevated,
        ),
    )
