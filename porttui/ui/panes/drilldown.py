"""The drilldown pane: the sockets of one range or destination."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from porttui.analysis.copy_formats import ServedEndpoint
from porttui.analysis.dashboard import Dashboard
from porttui.analysis.drilldown import Drilldown, DrilldownRows, SocketRow, drilldown_rows
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
        super().__init__(COLUMNS, lambda _: Cell(" "), sort="local", id="drilldown")

    def show_drilldown(self, drilldown: Drilldown) -> None:
        """Show this drilldown from the next dashboard on."""
        self._drilldown = drilldown
        self._tracked = self._generation = None
        self.border_title = Content(f"{self.number} Ranges › {drilldown.title}")

    def tracked_rows(self, dashboard: Dashboard) -> TrackedRows[SocketRow]:
        assert self._drilldown is not None, "it is entered before it is shown"
        return TrackedRows(
            drilldown_rows(dashboard.snapshot, dashboard.row_groups, self._drilldown)
        )

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
        if self.selected is None:
            return ()
        from porttui.analysis.stop_targets import target_of_socket  # imported at the first use

        return (StopChoice("", "", target_of_socket(snapshot, self.selected.socket)),)

    def details(self, snapshot: Snapshot) -> Details | None:
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


COLUMNS: tuple[Column[Row], ...] = (
    Column(
        "local",
        "LOCAL",
        15,
        lambda tracked: endpoint_cell(tracked.row.socket.local),
        sort_keys=DrilldownRows.local_ports,
        grow=1,
        max_width=24,
    ),
    Column(
        "remote",
        "REMOTE",
        15,
        lambda tracked: Cell(str(tracked.row.socket.remote or "")),
        sort_keys=DrilldownRows.remote_ports,
        grow=1,
        max_width=28,
        drop_rank=1,
    ),
    Column(
        "state",
        "STATE",
        11,
        lambda tracked: _state(tracked.row.socket),
        sort_keys=DrilldownRows.states,
    ),
    Column(
        "process",
        "PROCESS",
        14,
        _process,
        sort_keys=DrilldownRows.process_names,
        grow=2,
        max_width=32,
    ),
    Column(
        "user",
        "USER",
        8,
        lambda tracked: Cell(tracked.row.socket.user or "", Tone.MUTED),
        sort_keys=DrilldownRows.users,
        drop_rank=2,
    ),
)
