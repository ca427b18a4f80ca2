"""Inside pane 3: the sockets of one range or destination."""

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
from porttui.ui.panes.cells import endpoint_cell, holders_cell
from porttui.ui.panes.facts import GONE_WORDS, process_facts, unseen_facts
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.pane import Details, Fact, StopChoice
from porttui.ui.widgets.columns import Cell, Column, Tone

Row = TrackedRow[SocketRow]


class DrilldownPane(ListPane[SocketRow]):
    """All sockets of what was entered, filtered and sorted like the other lists."""

    number = 3
    nothing = "no socket here any more (Esc goes back)"

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        self._elevation = elevation
        self._drilldown: Drilldown | None = None
        super().__init__(COLUMNS, lambda _: Cell(" "), sort="local", id="drilldown")

    def enter(self, drilldown: Drilldown) -> None:
        """Show the sockets of this one from the next dashboard on."""
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
        """The server that the socket is or is connected to; only of that its process is known."""
        row = self.selected
        if row is None:
            return None
        if row.socket.remote is None:
            return ServedEndpoint(row.socket.protocol, row.socket.local, row.socket.holders)
        return ServedEndpoint(row.socket.protocol, row.socket.remote, ())

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:
        if self.selected is None:
            return ()
        from porttui.analysis.stop_targets import target_of_socket  # first needed here

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
            yield Fact("expires", f"in {socket.expires_ms / 1000:.0f} s, as of this sample")
        if socket.holders:
            yield from process_facts(snapshot, socket.holders)
        elif socket.ownership is Ownership.HIDDEN:
            yield from unseen_facts(snapshot, socket.user, self._elevation)
        elif socket.ownership is Ownership.GONE:
            yield Fact("process", GONE_WORDS, Tone.MUTED)
        else:
            yield Fact("process", "none: the kernel itself has it", Tone.MUTED)


_STATE_TONES = {TcpState.TIME_WAIT: Tone.MUTED, TcpState.CLOSE_WAIT: Tone.WARNING}


def _state(socket: Socket) -> Cell:
    if socket.protocol is Protocol.UDP:
        return Cell("UDP", Tone.MUTED)
    if socket.state is TcpState.CLOSE and socket.remote is None:
        return Cell("bound, idle", Tone.WARNING)
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
        order=DrilldownRows.local_ports,
        grow=1,
        most=24,
    ),
    Column(
        "remote",
        "REMOTE",
        15,
        lambda tracked: Cell(str(tracked.row.socket.remote or "")),
        order=DrilldownRows.remote_ports,
        grow=1,
        most=28,
        rank=1,
    ),
    Column(
        "state",
        "STATE",
        11,
        lambda tracked: _state(tracked.row.socket),
        order=DrilldownRows.states,
    ),
    Column("process", "PROCESS", 14, _process, order=DrilldownRows.process_names, grow=2, most=32),
    Column(
        "user",
        "USER",
        8,
        lambda tracked: Cell(tracked.row.socket.user or "", Tone.MUTED),
        order=DrilldownRows.users,
        rank=2,
    ),
)
