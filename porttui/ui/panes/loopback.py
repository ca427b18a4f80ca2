"""Pane 2: loopback connections, client and server in one row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.holders import by_seniority
from porttui.analysis.loopback_rows import ConnectionEnd, EndStatus, PairRow, RoleCertainty
from porttui.analysis.rows import RowChange, TrackedRow, TrackedRows
from porttui.model.address import Protocol
from porttui.model.snapshot import Snapshot
from porttui.text.processes import brief
from porttui.text.rows import (
    END_STATUS,
    END_STATUS_DETAILS,
    NO_CONNECTION,
    ROLE_CERTAINTY,
    no_holder,
)
from porttui.ui.panes.formatting import (
    endpoint_cell,
    hidden_holder_facts,
    holders_cell,
    process_facts,
)
from porttui.ui.panes.list_pane import GUTTER_GLYPHS, ListPane
from porttui.ui.panes.pane import Details, Fact, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone

if TYPE_CHECKING:
    from porttui.analysis.copy_formats import ServedEndpoint
    from porttui.analysis.loopback import PairTable

Row = TrackedRow[PairRow]

ARROWS = {
    RoleCertainty.KNOWN: Cell("->"),
    RoleCertainty.LIKELY: Cell("~>", Tone.MUTED),
    RoleCertainty.UNKNOWN: Cell("--", Tone.MUTED),
}


class LoopbackPane(ListPane[PairRow]):
    """Connections over loopback, both ends in one row."""

    number = 2
    label = "Loopback"
    no_rows_text = NO_CONNECTION

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        self._elevation = elevation
        super().__init__(COLUMNS, _glyph, sort="address", id="loopback")

    def tracked_rows(self, dashboard: Dashboard) -> TrackedRows[PairRow]:
        return dashboard.pairs

    def address(self) -> str | None:
        """The server's end: what one would connect to."""
        return str(self.selected.server.endpoint) if self.selected else None

    def served_endpoint(self) -> ServedEndpoint | None:
        row = self.selected
        if row is None:
            return None
        from porttui.analysis.copy_formats import ServedEndpoint  # imported at the first use

        return ServedEndpoint(Protocol.TCP, row.server.endpoint, row.server.holders)

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:
        """Either end."""
        row = self.selected
        if row is None:
            return ()
        return (
            _stop_choice("c", "the client", snapshot, row.client),
            _stop_choice("s", "the server", snapshot, row.server),
        )

    def details(self, snapshot: Snapshot) -> Details | None:
        row = self.selected
        if row is None:
            return None
        title = f"{row.client.endpoint} {ARROWS[row.role_certainty].text} {row.server.endpoint}"
        return Details(title, tuple(_facts(snapshot, row, self._elevation)))


def _stop_choice(key: str, role: str, snapshot: Snapshot, end: ConnectionEnd) -> StopChoice:
    from porttui.analysis.stop_targets import (
        target_of_connection_end,  # imported at the first use
    )

    holders = brief(by_seniority(end.holders)) if end.holders else END_STATUS[end.status]
    return StopChoice(
        key, f"{role}: {holders}, {end.endpoint}", target_of_connection_end(snapshot, end)
    )


def _facts(snapshot: Snapshot, row: PairRow, elevation: str) -> Iterator[Fact]:
    yield Fact("direction", ROLE_CERTAINTY[row.role_certainty])
    if row.service:
        yield Fact("service", row.service)
    for role, end in (("client", row.client), ("server", row.server)):
        yield Fact(f"The {role}'s end")
        yield Fact("address", str(end.endpoint))
        yield Fact("state", end.state or "unknown")
        if end.holders:
            yield from process_facts(snapshot, end.holders)
        elif end.status is EndStatus.HIDDEN:
            yield from hidden_holder_facts(snapshot, end.user, elevation)
        else:
            yield Fact("process", no_holder(END_STATUS_DETAILS[end.status]), Tone.MUTED)


def _glyph(tracked: Row) -> Cell:
    if tracked.change is not RowChange.NONE:
        return GUTTER_GLYPHS[tracked.change]
    # Half closed: one side has finished sending.
    return Cell("½", Tone.WARNING) if tracked.row.is_half_closed else Cell(" ")


def _end_cell(end: ConnectionEnd) -> Cell:
    if not end.holders:
        return Cell(END_STATUS[end.status], Tone.MUTED)
    return holders_cell(by_seniority(end.holders))


def _ports(table: PairTable) -> list[int]:
    """By the server's port, then by the client's: one number is compared faster than a pair."""
    return [
        server << 16 | client
        for server, client in zip(table.server_ports, table.client_ports, strict=True)
    ]


COLUMNS: tuple[Column[Row], ...] = (
    Column(
        "client",
        "CLIENT",
        12,
        lambda tracked: _end_cell(tracked.row.client),
        sort_keys=lambda table: table.names(table.clients),
        grow=1,
        max_width=32,
    ),
    Column(
        "client_port",
        "PORT",
        6,
        lambda tracked: Cell("", tail=f":{tracked.row.client.endpoint.port}"),
        sort_keys=lambda table: table.client_ports,
        align="right",
        drop_rank=1,
    ),
    Column("direction", "", 2, lambda tracked: ARROWS[tracked.row.role_certainty], drop_rank=2),
    Column(
        "server",
        "SERVER",
        12,
        lambda tracked: _end_cell(tracked.row.server),
        sort_keys=lambda table: table.names(table.servers),
        grow=1,
        max_width=32,
    ),
    Column(
        "address",
        "ADDRESS",
        15,
        lambda tracked: endpoint_cell(tracked.row.server.endpoint),
        sort_keys=_ports,
        align="right",
    ),
    Column(
        "service",
        "SERVICE",
        10,
        lambda tracked: Cell(tracked.row.service or "", Tone.MUTED),
        sort_keys=lambda table: table.service_names(),
        drop_rank=3,
        max_width=16,
    ),
)
