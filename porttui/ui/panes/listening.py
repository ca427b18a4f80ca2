"""Pane 1: listening TCP sockets and bound UDP sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.listeners import ListeningRow
from porttui.analysis.rows import RowChange, TrackedRow, TrackedRows
from porttui.model.address import Address, Protocol
from porttui.model.snapshot import Snapshot
from porttui.model.socket import EXPOSURE_WORDS, OWNERSHIP_WORDS, Exposure
from porttui.text import rows as row_text
from porttui.text.numbers import age
from porttui.ui.panes.formatting import hidden_holder_facts, holders_cell, process_facts
from porttui.ui.panes.list_pane import GUTTER_GLYPHS, ListPane
from porttui.ui.panes.pane import Details, Fact, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone

if TYPE_CHECKING:
    from porttui.analysis.copy_formats import ServedEndpoint

Row = TrackedRow[ListeningRow]

EXPOSURE_TONES = {
    Exposure.LOOPBACK: Tone.OK,
    Exposure.ONE_INTERFACE: Tone.WARNING,
    Exposure.ALL_INTERFACES: Tone.WARNING,
}


class ListeningPane(ListPane[ListeningRow]):
    """TCP listeners and bound UDP sockets."""

    number = 1
    label = "Listening"
    no_rows_text = row_text.NO_LISTENER

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        self._elevation = elevation
        super().__init__(COLUMNS, _glyph, sort="port", id="listening")

    def tracked_rows(self, dashboard: Dashboard) -> TrackedRows[ListeningRow]:
        return dashboard.listening

    def generation(self, dashboard: Dashboard) -> int:
        return dashboard.generations.listening

    def address(self) -> str | None:
        return str(self.selected.local) if self.selected else None

    def served_endpoint(self) -> ServedEndpoint | None:
        from porttui.analysis.copy_formats import ServedEndpoint  # imported at the first use

        row = self.selected
        return ServedEndpoint(row.protocol, row.local, row.holders) if row else None

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:
        if self.selected is None:
            return ()
        from porttui.analysis.stop_targets import (
            target_of_listening_row,  # imported at the first use
        )

        return (StopChoice("", "", target_of_listening_row(snapshot, self.selected)),)

    def details(self, snapshot: Snapshot) -> Details | None:
        row = self.selected
        if row is None:
            return None
        return Details(f"{row.protocol} {row.local}", tuple(_facts(snapshot, row, self._elevation)))


def _facts(snapshot: Snapshot, row: ListeningRow, elevation: str) -> Iterator[Fact]:
    yield Fact("address", str(row.local))
    yield Fact("protocol", f"{row.protocol}, {row.local.address.family}")
    yield Fact("service", row.service or row_text.NO_SERVICE)
    yield Fact(
        "exposure",
        f"{EXPOSURE_WORDS[row.exposure]}: {row_text.EXPOSURE_DETAILS[row.exposure]}",
        EXPOSURE_TONES[row.exposure],
    )
    if row.sockets > 1:
        yield Fact("sockets", row_text.sharers(row.sockets))
    from porttui.analysis.stop_targets import target_of_listening_row

    target = target_of_listening_row(snapshot, row)
    if row.protocol is Protocol.TCP:
        yield Fact("clients", row_text.clients(target.clients))
    users = sorted({maker.user for _, maker in target.credentials if maker.user} - {row.user})
    if users:
        yield Fact("socket", row_text.opened_by(users), Tone.WARNING)
    if snapshot.ephemeral and row.local.port in snapshot.ephemeral:
        yield Fact("range", row_text.inside_ephemeral(snapshot.ephemeral))
    if row.holders:
        yield from process_facts(snapshot, row.holders)
    else:
        yield from hidden_holder_facts(snapshot, row.user, elevation)


def _glyph(tracked: Row) -> Cell:
    if tracked.change is not RowChange.NONE:
        return GUTTER_GLYPHS[tracked.change]
    exposed = tracked.row.exposure is not Exposure.LOOPBACK
    return Cell("!", Tone.WARNING) if exposed else Cell(" ")


def _address(address: Address) -> Cell:
    """A long address is cut, its zone never."""
    return Cell(address.bare_text, tail=address.text.removeprefix(address.bare_text))


def _process(tracked: Row) -> Cell:
    row = tracked.row
    if not row.holders:
        return Cell(OWNERSHIP_WORDS[row.ownership], Tone.MUTED)
    return holders_cell(row.holders, suffix=" +hidden" if row.hidden else "")


def _ordered_by(
    *facts: Callable[[ListeningRow], object],
) -> Callable[[Iterable[ListeningRow]], list[tuple[object, ...]]]:
    """By these facts, then by port."""

    def sort_keys(rows: Iterable[ListeningRow]) -> list[tuple[object, ...]]:
        return [
            (
                *(fact(row) for fact in facts),
                row.local.port,
                row.protocol,
                row.local.address,
            )
            for row in rows
        ]

    return sort_keys


def _name(row: ListeningRow) -> str:
    """Rows without a holder are last."""
    return row.holders[0].name.lower() if row.holders else "\uffff"


def _start_order(row: ListeningRow) -> float:
    return float("inf") if row.started is None else -row.started


COLUMNS: tuple[Column[Row], ...] = (
    Column(
        "port",
        "PORT",
        5,
        lambda tracked: Cell(str(tracked.row.local.port)),
        sort_keys=_ordered_by(),
        align="right",
    ),
    Column(
        "address",
        "ADDRESS",
        9,
        lambda tracked: _address(tracked.row.local.address),
        sort_keys=_ordered_by(lambda row: row.local.address),
        grow=6,
        max_width=26,
        drop_rank=1,
    ),
    Column(
        "protocol",
        "PROTO",
        5,
        lambda tracked: Cell(tracked.row.protocol.value),
        sort_keys=_ordered_by(lambda row: row.protocol),
        drop_rank=5,
    ),
    Column(
        "service",
        "SERVICE",
        10,
        lambda tracked: Cell(tracked.row.service or "", Tone.MUTED),
        sort_keys=_ordered_by(lambda row: row.service or "\uffff"),
        grow=1,
        max_width=14,
        drop_rank=6,
    ),
    Column("process", "PROCESS", 16, _process, sort_keys=_ordered_by(_name), grow=3, max_width=30),
    Column(
        "user",
        "USER",
        8,
        lambda tracked: Cell(tracked.row.user or "unknown"),
        sort_keys=_ordered_by(lambda row: row.user or "\uffff"),
        grow=1,
        max_width=12,
        drop_rank=3,
    ),
    Column(
        "exposure",
        "EXPOSURE",
        14,
        lambda tracked: Cell(
            EXPOSURE_WORDS[tracked.row.exposure], EXPOSURE_TONES[tracked.row.exposure]
        ),
        sort_keys=_ordered_by(lambda row: row.exposure),
        drop_rank=2,
    ),
    Column(
        "age",
        "AGE",
        6,
        lambda tracked: Cell(age(tracked.row.age_s), Tone.MUTED),
        sort_keys=_ordered_by(_start_order),
        align="right",
        drop_rank=4,
    ),
    Column(
        "command",
        "COMMAND",
        16,
        lambda tracked: Cell(
            tracked.row.holders[0].short_command if tracked.row.holders else "", Tone.MUTED
        ),
        grow=9,
        drop_rank=7,
    ),
)
