"""The drilldown pane: the sockets of one range or destination."""

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
from porttui.text import rows as row_text
from porttui.ui.keymap import key_text
from porttui.ui.panes.formatting import (
    endpoint_cell,
    hidden_holder_facts,
    holders_cell,
    process_facts,
)
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.pane import Details, Fact, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone

Row = TrackedRow[SocketRow]


class DrilldownPane(ListPane[SocketRow]):
    """Lists the sockets of a drilldown."""

    number = 3
    no_rows_text = row_text.no_socket_left(key_text("clear"))

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        self._elevation = elevation
        self._drilldown: Drilldown | None = None
        self._snapshot: Snapshot | None = None
        """The snapshot shown."""
        super().__init__(COLUMNS, lambda _: Cell(" "), sort="local", id="drilldown")

    def show_drilldown(self, drilldown: Drilldown) -> None:
        """Show this drilldown from the next dashboard on."""
        self._drilldown = drilldown
        self._tracked_rows = self._snapshot = None
        self.border_title = Content(f"{self.number} Ranges › {drilldown.title}")

    def tracked_rows(self, dashboard: Dashboard) -> TrackedRows[SocketRow]:
        """See `ListPane.tracked_rows`."""
        if self._drilldown is None:
            return TrackedRows(())
        if self._tracked_rows is None or dashboard.snapshot is not self._snapshot:
            self._snapshot = dashboard.snapshot
            return TrackedRows(
                drilldown_rows(dashboard.snapshot, dashboard.row_groups, self._drilldown)
            )
        return self._tracked_rows

    def matching_indexes(self, rows: Sequence[SocketRow], row_filter: Filter) -> Sequence[int]:
        """By columns: a range can have tens of thousands."""
        return matching_rows(rows, row_filter) if isinstance(rows, DrilldownRows) else ()

    def sort_keys(self, rows: Sequence[SocketRow], column: Column[Row]) -> Sequence[object]:
        """As `matching_indexes`; the sort is stable: equal rows keep the order of their ports."""
        return _SORT_KEYS[column.id](rows) if isinstance(rows, DrilldownRows) else ()

    def address(self) -> str | None:
        """The remote end, where there is one."""
        row = self.selected
        return str(row.socket.remote or row.socket.local) if row else None

    def served_endpoint(self) -> ServedEndpoint | None:
        """The server: the socket itself, or its remote end (without holders)."""
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
        from porttui.analysis.stop_targets import target_of_socket  # imported at the first use

        return (StopChoice("", "", target_of_socket(snapshot, self.selected.socket)),)

    def details(self, snapshot: Snapshot) -> Details | None:
        """See `Pane.details`."""
        row = self.selected
        if row is None:
            return None
        ends = " -> ".join(str(end) for end in (row.socket.local, row.socket.remote) if end)
        return Details(f"{row.socket.protocol} {ends}", tuple(self._facts(snapshot, row)))

    def _facts(self, snapshot: Snapshot, row: SocketRow) -> Iterator[Fact]:
        socket = row.socket
        yield Fact("local", str(socket.local))
        if socket.remote is not None:
            yield Fact("remote", str(socket.remote))
        yield Fact("state", _state(socket).text)
        if row.service:
            yield Fact("service", row.service)
        if socket.expires_ms is not None:
            yield Fact("expires", row_text.expires(socket.expires_ms))
        if socket.holders:
            yield from process_facts(snapshot, socket.holders)
        elif socket.ownership is Ownership.HIDDEN:
            yield from hidden_holder_facts(snapshot, socket.user, self._elevation)
        elif socket.ownership is Ownership.GONE:
            yield Fact("process", row_text.HOLDER_GONE, Tone.MUTED)
        else:
            yield Fact("process", row_text.HELD_BY_KERNEL, Tone.MUTED)


_STATE_TONES = {TcpState.TIME_WAIT: Tone.MUTED, TcpState.CLOSE_WAIT: Tone.WARNING}


def _state(socket: Socket) -> Cell:
    if socket.protocol is Protocol.UDP:
        return Cell("UDP", Tone.MUTED)
    if socket.state is TcpState.CLOSE and socket.remote is None:
        return Cell(row_text.BOUND_INACTIVE, Tone.WARNING)
    state = socket.state
    if state is None:
        return Cell("")
    return Cell(state.value, _STATE_TONES.get(state, Tone.PLAIN))


def _process(tracked: Row) -> Cell:
    socket = tracked.row.socket
    if socket.holders:
        return holders_cell(by_seniority(socket.holders))
    return Cell(OWNERSHIP_WORDS[socket.ownership], Tone.MUTED)


def _process_sort_key(tracked: Row) -> str:
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
        lambda tracked: endpoint_cell(tracked.row.socket.local),
        sort_key=lambda tracked: tracked.row.socket.local.port,
        grow=1,
        max_width=24,
    ),
    Column(
        "remote",
        "REMOTE",
        15,
        lambda tracked: Cell(str(tracked.row.socket.remote or "")),
        sort_key=lambda tracked: (
            tracked.row.socket.remote.port if tracked.row.socket.remote else -1
        ),
        grow=1,
        max_width=28,
        drop_rank=1,
    ),
    Column(
        "state",
        "STATE",
        11,
        lambda tracked: _state(tracked.row.socket),
        sort_key=lambda tracked: tracked.row.socket.state or "",
    ),
    Column("process", "PROCESS", 14, _process, sort_key=_process_sort_key, grow=2, max_width=32),
    Column(
        "user",
        "USER",
        8,
        lambda tracked: Cell(tracked.row.socket.user or "", Tone.MUTED),
        sort_key=lambda tracked: tracked.row.socket.user or "\uffff",
        drop_rank=2,
    ),
)
