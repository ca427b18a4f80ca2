"""Rows of the listening pane: one for each listening or bound address."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.filter_columns import (
    Searchable,
    SearchableRows,
    listening_text,
    matching_rows,
)
from porttui.analysis.holders import holders_of, whole_units
from porttui.analysis.rows import SampledRows
from porttui.model.address import Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Exposure, Ownership, Socket, exposure
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter


class ListeningRow(NamedTuple):
    """A bound address and its holders; SO_REUSEPORT sockets of one address share a row."""

    protocol: Protocol
    local: Endpoint
    service: str | None
    holders: tuple[Process, ...]
    """By seniority; empty when hidden or held by the kernel."""
    ownership: Ownership
    user: str | None
    """Of the first holder; of the socket where the holder is hidden."""
    exposure: Exposure
    sockets: int
    hidden: int
    """The number of sockets whose holder is hidden."""
    age_s: int | None
    """How long the first holder has been running at sample time, in whole units: while
    nothing happens, rows are equal from sample to sample."""
    started: float | None
    """When it was started, in seconds since the epoch."""

    @property
    def key(self) -> tuple[Protocol, Endpoint]:
        """Stays the same when the server is restarted."""
        return (self.protocol, self.local)

    @property
    def signature(self) -> tuple[object, ...]:
        return tuple(process.identity for process in self.holders)


class ListeningRows(SampledRows[ListeningRow]):
    """Rows as objects: there are some hundreds at most."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, rows: Sequence[ListeningRow]) -> None:
        self._rows = rows
        self._columns: SearchableRows | None = None
        """Made for the first filter, and kept for its next key."""

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> ListeningRow:
        return self._rows[index]

    def select(self, indexes: Sequence[int]) -> ListeningRows:
        return ListeningRows(tuple(map(self._rows.__getitem__, indexes)))

    def matching(self, row_filter: Filter) -> list[int]:
        if self._columns is None:
            self._columns = SearchableRows(map(self.searchable, self._rows))
        return matching_rows(self._columns, row_filter)

    @staticmethod
    def searchable(row: ListeningRow) -> Searchable:
        """What a filter sees of a row."""
        return Searchable((row.local,), listening_text(row))


def listening_rows(snapshot: Snapshot) -> ListeningRows:
    """TCP listeners and bound, unconnected UDP sockets, ordered by port."""
    sockets_by_address: dict[tuple[Protocol, Endpoint], list[Socket]] = {}
    for row in snapshot.sockets.listening_rows():
        socket = snapshot.sockets[row]
        sockets_by_address.setdefault((socket.protocol, socket.local), []).append(socket)
    rows = (_row(snapshot, sockets) for sockets in sockets_by_address.values())
    in_order = sorted(rows, key=lambda row: (row.local.port, row.protocol, row.local.address))
    return ListeningRows(tuple(in_order))


def _row(snapshot: Snapshot, sockets: list[Socket]) -> ListeningRow:
    first = sockets[0]
    holders = holders_of(sockets)
    known = next((socket for socket in sockets if socket.holders), first)
    now = snapshot.taken_at
    return ListeningRow(
        protocol=first.protocol,
        local=first.local,
        service=snapshot.services.get((first.protocol, first.local.port)),
        holders=holders,
        ownership=known.ownership,
        user=(holders[0].user if holders else None) or known.user,
        exposure=exposure(first.local.address),
        sockets=len(sockets),
        hidden=sum(socket.ownership is Ownership.HIDDEN for socket in sockets),
        age_s=whole_units(now - holders[0].create_time) if holders else None,
        started=holders[0].create_time if holders else None,
    )
