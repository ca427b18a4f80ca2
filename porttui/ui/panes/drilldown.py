"""Inside pane 3: the sockets of one range or destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from textual.content import Content

from porttui.analysis.copy_formats import ServedEndpoint
from porttui.analysis.dashboard import Dashboard
from porttui.analysis.drilldown import Drilldown, DrilldownRows, SocketRow, drilldown_rows
from porttui.analysis.filter import Filter
from porttui.analysis.filter_columns import matching_rows
from porttui.analysis.holders import by_seniority
from porttui.analysis.rows import TrackedRow, TrackedRows
from porttui.model.address import Protocol
from porttui.model.snapshot import Snapshot
from porttui.model.socket import OWNERSHIP_WORDS, Ownership, Socket, TcpState
from porttui.ui.keymap import shown_key
from porttui.ui.panes.cells import endpoint_cell, holders_cell
from porttui.ui.panes.facts import GONE_WORDS, process_facts, unseen_facts
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.pane import Details, Fact, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone

Row = TrackedRow[SocketRow]


class DrilldownPane(ListPane[SocketRow]):
    """All sockets of what was entered, filtered and sorted like the other lists."""

    number = 3
    nothing = f"no socket here any more ({shown_key('clear')} goes back)"

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        self._elevation = elevation
        self._drilldown: Drilldown | None = None
        self._snapshot: Snapshot | None = None
        """What is shown is of this one."""
        super().__init__(COLUMNS, lambda _: Cell(" "), sort="local", id="drilldown")

    def enter(self, drilldown: Drilldown) -> None:
        """Show the sockets of this one from the next dashboard on."""
        self._drilldown = drilldown
        self._shown = self._snapshot = None
        self.border_title = Content(f"{self.number} Ranges › {drilldown.title}")

    def shown(self, dashboard: Dashboard) -> TrackedRows[SocketRow]:
        """See `ListPane.shown`."""
        if self._drilldown is None:
            return TrackedRows(())
        if self._shown is None or dashboard.snapshot is not self._snapshot:
            self._snapshot = dashboard.snapshot
            return TrackedRows(
                drilldown_rows(dashboard.snapshot, dashboard.row_groups, self._drilldown)
            )
        return self._shown

    def matching(self, rows: Sequence[SocketRow], wanted: Filter) -> Sequence[int]:
        """By columns: a range can have tens of thousands."""
        return matching_rows(rows, wanted) if isinstance(rows, DrilldownRows) else ()

    def sort_keys(self, rows: Sequence[SocketRow], column: Column[Row]) -> Sequence[object]:
        """As `matching`; sorting is stable, so equal ones stay in the order of their ports."""
        return _SORT_KEYS[column.id](rows) if isinstance(rows, DrilldownRows) else ()

    def address(self) -> str | None:
        """The remote end, where there is one."""
        row = self.selected
        return str(row.socket.remote or row.socket.local) if row else None

    def served_endpoint(self) -> ServedEndpoint | None:
        """The server that the socket is or is connected to; only of that its process is known."""
        row = self.selected
        if row is None:
            return None
        if row.socket.remote is None:
            return ServedEndpoint(row.socket.protocol, row.socket.local, row.socket.holders)
        return ServedEndpoint(row.socket.protocol, row.socket.remote, ())

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:
        """See `Pane.stop_choices`."""
        if self.selected is None:
            return ()
        from porttui.analysis.stop_targets import target_of_socket  # not before it is wished for

        return (StopChoice("", "", target_of_socket(snapshot, self.selected.socket)),)

    def details(self, snapshot: Snapshot) -> Details | None:
        """See `Pane.details`."""
        row = self.selected
        if row is None:
            return None
        ends = " -> ".join(str(end) for end in (row.socket.local, row.socket.remote) if end)
        return Details(f"{row.socket.protocol} {ends}", tuple(self._facts(snapshot, row)))

    def _facts(self, snapshot: Snapshot, row: SocketRow) -> Iterator[Fact]:
        each = row.socket
        yield Fact("local", str(each.local))
        if each.remote is not None:
            yield Fact("remote", str(each.remote))
        yield Fact("state", _state(each).text)
        if row.service:
            yield Fact("service", row.service)
        if each.expires_ms is not None:
            yield Fact("expires", f"in {each.expires_ms / 1000:.0f} s, as of this sample")
        if each.holders:
            yield from process_facts(snapshot, each.holders)
        elif each.ownership is Ownership.HIDDEN:
            yield from unseen_facts(snapshot, each.user, self._elevation)
        elif each.ownership is Ownership.GONE:
            yield Fact("process", GONE_WORDS, Tone.MUTED)
        else:
            yield Fact("process", "none: the kernel itself has it", Tone.MUTED)


_STATE_TONES = {TcpState.TIME_WAIT: Tone.MUTED, TcpState.CLOSE_WAIT: Tone.WARNING}


def _state(each: Socket) -> Cell:
    if each.protocol is Protocol.UDP:
        return Cell("UDP", Tone.MUTED)
    if each.state is TcpState.CLOSE and each.remote is None:
        return Cell("bound, idle", Tone.WARNING)
    state = each.state
    if state is None:
        return Cell("")
    return Cell(state.value, _STATE_TONES.get(state, Tone.PLAIN))


def _process(tracked: Row) -> Cell:
    each = tracked.row.socket
    if each.holders:
        return holders_cell(by_seniority(each.holders))
    return Cell(OWNERSHIP_WORDS[each.ownership], Tone.MUTED)


def _process_order(tracked: Row) -> str:
    holders = tracked.row.socket.holders
    return holders[0].name.lower() if holders else "\uffff"


_SORT_KEYS: Mapping[str, Callable[[DrilldownRows], Sequence[object]]] = {
    "local": DrilldownRows.local_ports,
    "remote": DrilldownRows.remote_ports,
    "state": DrilldownRows.states,
    "process": DrilldownRows.process_names,
    "user": DrilldownRows.users,
}
"""For each column what its `order` gives, for all rows at once."""


COLUMNS: tuple[Column[Row], ...] = (
    Column(
        "local",
        "LOCAL",
        15,
        lambda each: endpoint_cell(each.row.socket.local),
        order=lambda each: each.row.socket.local.port,
        grow=1,
        most=24,
    ),
    Column(
        "remote",
        "REMOTE",
        15,
        lambda each: Cell(str(each.row.socket.remote or "")),
        order=lambda each: each.row.socket.remote.port if each.row.socket.remote else -1,
        grow=1,
        most=28,
        rank=1,
    ),
    Column(
        "state",
        "STATE",
        11,
        lambda each: _state(each.row.socket),
        order=lambda each: each.row.socket.state or "",
    ),
    Column("process", "PROCESS", 14, _process, order=_process_order, grow=2, most=32),
    Column(
        "user",
        "USER",
        8,
        lambda each: Cell(each.row.socket.user or "", Tone.MUTED),
        order=lambda each: each.row.socket.user or "\uffff",
        rank=2,
    ),
)
