"""Pane 3: how many ports are left, for whom, and who uses the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.analysis.usage import PressureRow
from porttui.forecast.gauges import Gauge
from porttui.model.address import Protocol
from porttui.model.forecast import Level
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState
from porttui.text.forecast import cure, resource_name, title
from porttui.text.numbers import count, percent
from porttui.ui.panes.cells import endpoint_cell
from porttui.ui.panes.pane import SCANNING, Details, Fact, Pane, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.range_notes import RangeNotes
from porttui.ui.widgets.range_strip import RangeStrip
from porttui.ui.widgets.share import LEVEL_TONES, bar, sparkline

if TYPE_CHECKING:
    from porttui.analysis.copy_formats import ServedEndpoint
    from porttui.analysis.drilldown import Drilldown


class RangesPane(Pane):
    """The port space, what can run out of it, IANA's ranges and the kernel's."""

    number = 3
    label = "Ranges"

    def __init__(self) -> None:
        super().__init__(id="ranges", classes="pane")
        self._strip = RangeStrip()
        self._notes = RangeNotes()
        self._generation: int | None = None
        """Of the sample on the screen."""
        self._table = KeyedTable(COLUMNS, empty=SCANNING, mark=_mark, id="ranges-table")

    def compose(self) -> ComposeResult:
        """The port space, a row for each range, and notes on the selected one."""
        yield self._strip
        yield self._table
        yield self._notes

    @property
    def table(self) -> KeyedTable[PressureRow]:  # type: ignore[override]
        """Where the cursor is."""
        return self._table

    def show_dashboard(self, dashboard: Dashboard, row_filter: Filter) -> None:
        # Ranges are of the whole machine: the filter does not apply.
        parts = ["distinct ports"]
        parts += ["an estimate"] if dashboard.caveats else []
        parts += ["filter not applied"] if row_filter else []
        self.caption(", ".join(parts))
        # Samples of listeners alone, and keys of the filter, change nothing here.
        if dashboard.generations.sample != self._generation:
            self._generation = dashboard.generations.sample
            self._strip.show(dashboard.snapshot.ephemeral, dashboard.density)
            self._table.show(dashboard.pressure)
            self._note()

    @on(KeyedTable.Highlighted)
    def _note(self) -> None:
        self._notes.show(self._table.selected)

    def sort_next(self) -> str:
        return "ranges keep their order: what runs out comes first"

    def reverse(self) -> str:
        return self.sort_next()

    def address(self) -> str | None:
        """Where the connections go, the address that is bound, or the range."""
        row = self._table.selected
        if row is None:
            return None
        if row.usage is not None:
            return str(row.usage.range)
        gauge = row.gauge
        if gauge is not None and gauge.destination is not None:
            return str(gauge.destination.remote)
        return str(gauge.address) if gauge is not None and gauge.address is not None else None

    def served_endpoint(self) -> ServedEndpoint | None:
        """The server that the connections go to."""
        from porttui.analysis.copy_formats import ServedEndpoint  # first needed here

        row = self._table.selected
        found = row.gauge.destination if row and row.gauge else None
        return ServedEndpoint(Protocol.TCP, found.remote, found.listeners) if found else None

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:  # noqa: ARG002
        # The sockets tell whom a stop would hit: Enter shows them.
        return ()

    def drilldown(self, snapshot: Snapshot) -> Drilldown | None:
        from porttui.analysis.drilldown import drilldown_of  # first needed here

        row = self._table.selected
        return drilldown_of(row, snapshot.ephemeral) if row else None

    def details(self, snapshot: Snapshot) -> Details | None:  # noqa: ARG002
        # For rows without sockets to go into.
        row = self._table.selected
        gauge = row.gauge if row else None
        if gauge is None:
            return None
        held_by = gauge.process
        facts = (
            *(
                (Fact("process", held_by.label), Fact("command", held_by.command))
                if held_by
                else ()
            ),
            Fact("in use", count(gauge.used)),
            Fact("most", count(gauge.capacity)),
            Fact("left", count(gauge.left), LEVEL_TONES[gauge.level]),
            Fact("what helps", cure(gauge)),
        )
        return Details(title(gauge), facts)


_MARKS = {
    Level.WARNING: Cell("!", Tone.WARNING),
    Level.CRITICAL: Cell("!", Tone.ERROR),
    Level.EXHAUSTED: Cell("✗", Tone.ERROR),
}


def _mark(row: PressureRow) -> Cell:
    return _MARKS.get(row.gauge.level, Cell(" ")) if row.gauge else Cell(" ")


def _what(row: PressureRow) -> Cell:
    if row.usage is not None:
        return Cell(row.usage.key.value, Tone.ACCENT)
    return _name(row.gauge) if row.gauge else Cell("")


def _name(gauge: Gauge) -> Cell:
    if gauge.destination is not None:
        return endpoint_cell(gauge.destination.remote, before="→ ")
    if gauge.process is not None:
        return Cell(f"fd: {gauge.process.shown_name}", tail=f" {gauge.process.pid}")
    return Cell(resource_name(gauge))


def _left(row: PressureRow) -> Cell:
    gauge = row.gauge
    if gauge is None:
        return Cell("")
    # Clients that bind first cannot be recognised: the number is an upper bound.
    about = "≤" if gauge.headroom.at_least < gauge.left else ""
    about = "≈" if gauge.is_estimate else about
    return Cell(f"{about}{count(gauge.left)}", LEVEL_TONES[gauge.level])


def _in_use(row: PressureRow) -> Cell:
    if row.usage is not None:
        return Cell(count(row.usage.tcp))
    if row.gauge is None:
        return Cell("")
    found = row.gauge.destination
    return Cell(count(found.in_use if found else row.gauge.used))


def _time_wait(row: PressureRow) -> Cell:
    if row.usage is not None:
        return Cell(count(row.usage.in_state(TcpState.TIME_WAIT)))
    gauge = row.gauge
    if gauge is None:
        return Cell("")
    found = gauge.destination.time_wait if gauge.destination else gauge.time_wait
    return Cell("" if found is None else count(found))


def _used(row: PressureRow) -> tuple[float, Tone] | None:
    """The share that is used, and how bad that is."""
    if row.usage is not None:
        return row.usage.share, Tone.MUTED
    gauge = row.gauge
    if gauge is None or not gauge.capacity:
        return None
    return gauge.used / gauge.capacity, LEVEL_TONES[gauge.level]


def _share(row: PressureRow) -> Cell:
    used = _used(row)
    return Cell(percent(used[0]), used[1]) if used else Cell("")


def _bar(row: PressureRow) -> Cell:
    used = _used(row)
    return Cell("", used[1], drawn=partial(bar, used[0])) if used else Cell("")


def _trend(row: PressureRow) -> Cell:
    if row.gauge is None or row.trend is None or not row.gauge.capacity:
        return Cell("")
    drawn = partial(sparkline, row.trend.lows, row.gauge.capacity)
    return Cell("", Tone.ACCENT, drawn=drawn)


def _most(row: PressureRow) -> Cell:
    if row.usage is not None and row.usage.holders:
        first = row.usage.holders[0]
        return Cell(first.process.name, tail=f" {count(first.ports)}")
    found = row.gauge.destination if row.gauge else None
    if found is None:
        return Cell("")
    if found.holders:
        share = found.holders[0]
        return Cell(share.process.name, tail=f" {count(share.ports)}")
    return Cell("hidden", Tone.MUTED) if found.hidden else Cell("")


COLUMNS: tuple[Column[PressureRow], ...] = (
    Column("what", "WHAT", 16, _what, grow=1, most=40),
    Column("left", "LEFT", 7, _left, align="right"),
    Column("in_use", "IN USE", 6, _in_use, align="right"),
    Column("time_wait", "TIME_WAIT", 9, _time_wait, align="right", rank=4),
    Column("bar", "FULL", 4, _bar, grow=1, most=12, rank=2),
    Column("share", "USED", 6, _share, align="right", rank=5),
    Column("trend", "TREND", 5, _trend, grow=1, most=12, rank=3),
    Column("most", "MOST BY", 9, _most, grow=3, most=30, rank=1),
)
