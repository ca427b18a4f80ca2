"""The listening pane: one row for each address somebody can connect or send to."""

from __future__ import annotations

from porttui.analysis.ages import whole_units
from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Exposure, Ownership, Socket, exposure
from porttui.record import NamedTuple


class ListeningRow(NamedTuple):
    """A bound address with everybody who serves it. SO_REUSEPORT twins are one row."""

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
    """How many of the sockets are held by somebody out of sight."""
    age_s: int | None
    """How long the first holder has been running at sample time, in whole units (`ages`): while
    nothing happens, rows stay the same from one look to the next."""
    started: float | None
    """When it was started, in seconds since the epoch."""

    @property
    def key(self) -> tuple[Protocol, Endpoint]:
        """Stays the same when the server is restarted."""
        return (self.protocol, self.local)

    @property
    def signature(self) -> tuple[object, ...]:
        """Differs when the address changed hands."""
        return tuple(process.identity for process in self.holders)


def listening(snapshot: Snapshot) -> tuple[ListeningRow, ...]:
    """TCP listeners and bound, unconnected UDP sockets, ordered by port."""
    twins: dict[tuple[Protocol, Endpoint], list[Socket]] = {}
    for row in snapshot.sockets.listening_rows():
        each = snapshot.sockets[row]
        twins.setdefault((each.protocol, each.local), []).append(each)
    rows = (_row(snapshot, sockets) for sockets in twins.values())
    return tuple(sorted(rows, key=lambda row: (row.local.port, row.protocol, row.local.address)))


def _row(snapshot: Snapshot, sockets: list[Socket]) -> ListeningRow:
    first = sockets[0]
    holders = by_seniority(process for each in sockets for process in each.holders)
    known = next((each for each in sockets if each.holders), first)
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
        hidden=sum(each.ownership is Ownership.HIDDEN for each in sockets),
        age_s=whole_units(now - holders[0].create_time) if holders else None,
        started=holders[0].create_time if holders else None,
    )
