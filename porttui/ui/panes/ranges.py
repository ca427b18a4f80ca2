"""Pane 3: how much of each range of ports is in use."""

from __future__ import annotations

from collections.abc import Iterator

from textual import on
from textual.app import ComposeResult

from porttui.analysis.board import Board
from porttui.analysis.copies import Served
from porttui.analysis.filter import Filter
from porttui.analysis.scope import Scope
from porttui.analysis.usage import RangeUsage
from porttui.model.port_range import RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState
from porttui.ui.panes.pane import SCANNING, Details, Fact, Pane, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.range_notes import RangeNotes
from porttui.ui.widgets.range_strip import RangeStrip
from porttui.ui.widgets.share import share_tone
from porttui.ui.wording import count, counted, percent


class RangesPane(Pane):
    """IANA's ranges and the kernel's ephemeral range: capacity, use and who uses most."""

    number = 3
    label = "Ranges"

    def __init__(self) -> None:
        super().__init__(id="ranges", classes="pane")
        self._strip = RangeStrip()
        self._notes = RangeNotes()
        self._table = KeyedTable(COLUMNS, empty=SCANNING, id="ranges-table")

    def compose(self) -> ComposeResult:
        """The port space, a row for each range, and what there is to say of the selected one."""
        yield self._strip
        yield self._table
        yield self._notes

    @property
    def table(self) -> KeyedTable[RangeUsage]:  # type: ignore[override]
        """Where the cursor is."""
        return self._table

    def show_board(self, board: Board, wanted: Filter) -> None:
        """Ranges are of the whole machine: the filter does not apply."""
        self._strip.show(board.snapshot.ephemeral, board.density)
        self._table.show(sorted(board.usage, key=lambda each: each.key is not RangeName.EPHEMERAL))
        self.caption("distinct TCP ports, filter not applied" if wanted else "distinct TCP ports")
        self._note()

    @on(KeyedTable.Highlighted)
    def _note(self) -> None:
        self._notes.show(self._table.selected)

    def sort_next(self) -> str:
        """See `Pane.sort_next`."""
        return "the ranges keep their order"

    def reverse(self) -> str:
        """See `Pane.reverse`."""
        return self.sort_next()

    def address(self) -> str | None:
        """The range's first and last port."""
        return str(self._table.selected.range) if self._table.selected else None

    def served(self) -> Served | None:
        """See `Pane.served`."""
        return None

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:  # noqa: ARG002
        """A range has nothing to stop."""
        return ()

    def scope(self, snapshot: Snapshot) -> Scope | None:  # noqa: ARG002
        """The sockets on the ports of the range."""
        usage = self._table.selected
        return usage and Scope(f"{usage.key} {usage.range}", ports=usage.range)

    def details(self, snapshot: Snapshot) -> Details | None:  # noqa: ARG002
        """See `Pane.details`."""
        usage = self._table.selected
        if usage is None:
            return None
        return Details(f"{usage.key} ports {usage.range}", tuple(_facts(usage)))


def _facts(usage: RangeUsage) -> Iterator[Fact]:
    yield Fact("what", _WHAT[usage.key])
    yield Fact("ports", f"{usage.range}: {count(usage.range.capacity)}")
    for first, last in usage.range.reserved:
        yield Fact("reserved", f"{first}-{last}" if last > first else str(first))
    for name, shared in usage.shared_with:
        yield Fact("overlap", f"{counted(shared, 'port')} also in IANA's {name} range")
    yield Fact("TCP", f"{counted(usage.tcp, 'port')} in use, {percent(usage.share)}")
    yield Fact("UDP", f"{counted(usage.udp, 'port')} in use")
    yield Fact("TCP ports by state")
    for state, ports in usage.by_state:
        yield Fact(state, count(ports))
    yield Fact("Ports by process")
    for holder in usage.holders:
        yield Fact(holder.process.label, counted(holder.ports, "port"))


_WHAT = {
    RangeName.WELL_KNOWN: "IANA system ports (RFC 6335): binding one needs privilege by default",
    RangeName.REGISTERED: "IANA user ports (RFC 6335)",
    RangeName.DYNAMIC: "IANA dynamic ports (RFC 6335): what textbooks call ephemeral",
    RangeName.EPHEMERAL: (
        "what this system really draws from for connect() and bind(0), reserved ports left out"
    ),
}


def _share(usage: RangeUsage) -> Cell:
    return Cell(percent(usage.share), share_tone(usage))


def _most(usage: RangeUsage) -> Cell:
    if not usage.holders:
        return Cell("")
    first = usage.holders[0]
    return Cell(first.process.name, tail=f" {count(first.ports)}")


COLUMNS: tuple[Column[RangeUsage], ...] = (
    Column("range", "RANGE", 10, lambda each: Cell(each.key.value, Tone.ACCENT), grow=0),
    Column(
        "capacity",
        "PORTS",
        6,
        lambda each: Cell(count(each.range.capacity)),
        align="right",
        rank=2,
    ),
    Column("tcp", "IN USE", 6, lambda each: Cell(count(each.tcp)), align="right"),
    Column(
        "time_wait",
        "TIME_WAIT",
        9,
        lambda each: Cell(count(each.in_state(TcpState.TIME_WAIT))),
        align="right",
        rank=3,
    ),
    Column("share", "SHARE", 7, _share, align="right", rank=1),
    Column("udp", "UDP", 5, lambda each: Cell(count(each.udp)), align="right", rank=5),
    Column("most", "MOST BY", 8, _most, grow=1, most=30, rank=4),
)
