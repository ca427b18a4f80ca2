"""Pane 3: port ranges and limited resources."""

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
from porttui.text import rows as row_text
from porttui.text import session as session_text
from porttui.text.forecast import cure, resource_name, title
from porttui.text.numbers import count, percent
from porttui.ui.panes.formatting import endpoint_cell
from porttui.ui.panes.pane import Details, Fact, Pane, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.range_notes import LEVEL_TONES, RangeNotes, bar, sparkline
from porttui.ui.widgets.range_strip import RangeStrip

if TYPE_CHECKING:
    from porttui.analysis.copy_formats import ServedEndpoint
    from porttui.analysis.drilldown import Drilldown


class RangesPane(Pane):
    """The port space, limited resources, IANA's ranges and the ephemeral range."""

    number = 3
    label = "Ranges"

    def __init__(self) -> None:
        super().__init__(id="ranges", classes="pane")
        self._strip = RangeStrip()
        self._notes = RangeNotes()
        self._generation: int | None = None
        """Of the sample on the screen."""
        self._table = KeyedTable(
            COLUMNS, empty_text=session_text.SCANNING, glyph=_glyph, id="ranges-table"
        )

    def compose(self) -> ComposeResult:
        """The port space, a row for each range, and notes on the selected one."""
        yield self._strip
        yield self._table
        yield self._notes

    @property
    def table(self) -> KeyedTable[PressureRow]:  # type: ignore[override]
        """The table of the pane."""
        return self._table

    def show_dashboard(self, dashboard: Dashboard, row_filter: Filter) -> None:
        """Ranges are of the whole machine: the filter does not apply."""
        parts = [row_text.DISTINCT_PORTS]
        parts += [row_text.ESTIMATE] if dashboard.caveats else []
        parts += [row_text.FILTER_NOT_APPLIED] if row_filter else []
        self.set_caption(", ".join(parts))
        # A sample of the listeners alone, or a key of the filter, changes nothing here.
        if dashboard.generations.sample != self._generation:
            self._generation = dashboard.generations.sample
            self._strip.show(dashboard.snapshot.ephemeral, dashboard.density)
            self._table.show(dashboard.pressure)
            self._show_notes()

    @on(KeyedTable.Highlighted)
    def _show_notes(self) -> None:
        self._notes.show(self._table.selected)

    def sort_next(self) -> str:
        return row_text.RANGES_KEEP_ORDER

    def reverse(self) -> str:
        return self.sort_next()

    def address(self) -> str | None:
        """The destination, the bound address, or the range."""
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
        from porttui.analysis.copy_formats import ServedEndpoint  # imported at the first use

        row = self._table.selected
        destination = row.gauge.destination if row and row.gauge else None
        return (
            ServedEndpoint(Protocol.TCP, destination.remote, destination.listeners)
            if destination
            else None
        )

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:  # noqa: ARG002
        """None: a stop needs a socket, and Enter shows those."""
        return ()

    def drilldown(self, snapshot: Snapshot) -> Drilldown | None:
        from porttui.analysis.drilldown import drilldown_of  # imported at the first use

        row = self._table.selected
        return drilldown_of(row, snapshot.ephemeral) if row else None

    def details(self, snapshot: Snapshot) -> Details | None:  # noqa: ARG002
        """The details of a resource without sockets."""
        row = self._table.selected
        gauge = row.gauge if row else None
        if gauge is None:
            return None
        holder = gauge.process
        facts = (
            *((Fact("process", holder.label), Fact("command", holder.command)) if holder else ()),
            Fact("in use", count(gauge.used)),
            Fact("most", count(gauge.capacity)),
            Fact("left", count(gauge.left), LEVEL_TONES[gauge.level]),
            Fact("what helps", cure(gauge)),
        )
        return Details(title(gauge), facts)


_LEVEL_GLYPHS = {
    Level.WARNING: Cell("!", Tone.WARNING),
    Level.CRITICAL: Cell("!", Tone.ERROR),
    Level.EXHAUSTED: Cell("✗", Tone.ERROR),
}


def _glyph(row: PressureRow) -> Cell:
    return _LEVEL_GLYPHS.get(row.gauge.level, Cell(" ")) if row.gauge else Cell(" ")


def _name_cell(row: PressureRow) -> Cell:
    if row.usage is not None:
        return Cell(row.usage.key.value, Tone.ACCENT)
    return _gauge_name_cell(row.gauge) if row.gauge else Cell("")


def _gauge_name_cell(gauge: Gauge) -> Cell:
    if gauge.destination is not None:
        return endpoint_cell(gauge.destination.remote, prefix="→ ")
    if gauge.process is not None:
        return Cell(f"fd: {gauge.process.shown_name}", tail=f" {gauge.process.pid}")
    return Cell(resource_name(gauge))


def _left_cell(row: PressureRow) -> Cell:
    gauge = row.gauge
    if gauge is None:
        return Cell("")
    # Where the headroom is uncertain, its upper bound is shown.
    prefix = "≤" if gauge.headroom.at_least < gauge.left else ""
    prefix = "≈" if gauge.is_estimate else prefix
    return Cell(f"{prefix}{count(gauge.left)}", LEVEL_TONES[gauge.level])


def _in_use_cell(row: PressureRow) -> Cell:
    if row.usage is not None:
        return Cell(count(row.usage.tcp))
    if row.gauge is None:
        return Cell("")
    destination = row.gauge.destination
    return Cell(count(destination.in_use if destination else row.gauge.used))


def _time_wait_cell(row: PressureRow) -> Cell:
    if row.usage is not None:
        return Cell(count(row.usage.in_state(TcpState.TIME_WAIT)))
    gauge = row.gauge
    if gauge is None:
        return Cell("")
    in_time_wait = gauge.destination.time_wait if gauge.destination else gauge.time_wait
    return Cell("" if in_time_wait is None else count(in_time_wait))


def _used_share(row: PressureRow) -> tuple[float, Tone] | None:
    """The share that is used, and how bad that is."""
    if row.usage is not None:
        return row.usage.share, Tone.MUTED
    gauge = row.gauge
    if gauge is None or not gauge.capacity:
        return None
    return gauge.used / gauge.capacity, LEVEL_TONES[gauge.level]


def _share_cell(row: PressureRow) -> Cell:
    used = _used_share(row)
    return Cell(percent(used[0]), used[1]) if used else Cell("")


def _bar_cell(row: PressureRow) -> Cell:
    used = _used_share(row)
    return Cell("", used[1], draw=partial(bar, used[0])) if used else Cell("")


def _trend_cell(row: PressureRow) -> Cell:
    if row.gauge is None or row.trend is None or not row.gauge.capacity:
        return Cell("")
    draw = partial(sparkline, row.trend.lows, row.gauge.capacity)
    return Cell("", Tone.ACCENT, draw=draw)


def _top_holder_cell(row: PressureRow) -> Cell:
    if row.usage is not None and row.usage.holders:
        first = row.usage.holders[0]
        return Cell(first.process.name, tail=f" {count(first.ports)}")
    destination = row.gauge.destination if row.gauge else None
    if destination is None:
        return Cell("")
    if destination.holders:
        share = destination.holders[0]
        return Cell(share.process.name, tail=f" {count(share.ports)}")
    return Cell("hidden", Tone.MUTED) if destination.hidden else Cell("")


COLUMNS: tuple[Column[PressureRow], ...] = (
    Column("what", "WHAT", 16, _name_cell, grow=1, max_width=40),
    Column("left", "LEFT", 7, _left_cell, align="right"),
    Column("in_use", "IN USE", 6, _in_use_cell, align="right"),
    Column("time_wait", "TIME_WAIT", 9, _time_wait_cell, align="right", drop_rank=4),
    Column("bar", "FULL", 4, _bar_cell, grow=1, max_width=12, drop_rank=2),
    Column("share", "USED", 6, _share_cell, align="right", drop_rank=5),
    Column("trend", "TREND", 5, _trend_cell, grow=1, max_width=12, drop_rank=3),
    Column("most", "MOST BY", 9, _top_holder_cell, grow=3, max_width=30, drop_rank=1),
)
