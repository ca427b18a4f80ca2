"""`porttui list`: one sample, printed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from porttui.analysis.holders import by_seniority
from porttui.cli.arguments import Grammar, Option, ParsedArguments
from porttui.cli.common_options import (
    JSON,
    MAX_WORDS,
    SOURCE,
    filter_help,
    source_option,
    valid_filter,
)
from porttui.cli.output import ExitStatus, columns, json_document, socket_json, write
from porttui.host.local import local_host
from porttui.host.request import SocketRequest, SourceName
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import (
    CLOSING_STATES,
    EXPOSURE_WORDS,
    OWNERSHIP_WORDS,
    Socket,
    TcpState,
    exposure,
)
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO

    from porttui.analysis.loopback_rows import ConnectionEnd, PairRow


class ListCommand(NamedTuple):
    """`porttui list`: one sample, printed."""

    filter: str
    """One that can be read; empty for every socket."""
    only_listening: bool
    only_loopback: bool
    as_json: bool
    source: SourceName


GRAMMAR = Grammar(
    prog="porttui list",
    description="Print the sockets of this machine with all their processes.",
    options=(
        Option("--listening", "only TCP listeners and bound UDP sockets"),
        Option("--loopback", "only connections that stay on this machine", excludes="--listening"),
        JSON,
        SOURCE,
    ),
    operands="[FILTER ...]",
    max_operands=MAX_WORDS,
    epilog=filter_help(),
    host_error_status=ExitStatus.FAILED,
)


def build_command(parsed: ParsedArguments) -> ListCommand:
    return ListCommand(
        filter=valid_filter(parsed.operands),
        only_listening="--listening" in parsed.values,
        only_loopback="--loopback" in parsed.values,
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


def run(command: ListCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Print one sample: data to `out`, what is missing from it to `err`."""
    sampler = Sampler(local_host(command.source))
    snapshot = sampler.sample(
        SocketRequest.LISTENING if command.only_listening else SocketRequest.ALL
    )
    text = _render(command, snapshot)
    if text:
        write(text, out)
    for line in _warnings(snapshot):
        print(f"porttui: {line}", file=err)
    return ExitStatus.OK


def _render(command: ListCommand, snapshot: Snapshot) -> str:
    # Each form takes what it needs and no more: half the time of a small list is importing.
    if command.only_loopback and not command.as_json:
        return _loopback_table(snapshot, command.filter)
    sockets = select_sockets(snapshot, command)
    return snapshot_json(snapshot, sockets) if command.as_json else socket_table(sockets)


def select_sockets(snapshot: Snapshot, command: ListCommand) -> Sequence[Socket]:
    """The sockets to print, ordered as the panes order them."""
    sockets = [
        socket
        for socket in snapshot.sockets
        if (socket.is_listening or not command.only_listening)
        and (_is_open_loopback(socket) or not command.only_loopback)
    ]
    if command.filter:
        sockets = _matching(sockets, command.filter, snapshot)
    return sorted(sockets, key=_sort_key)


def _matching(sockets: Sequence[Socket], filter_text: str, snapshot: Snapshot) -> list[Socket]:
    from porttui.analysis.filter import parse_filter
    from porttui.analysis.filter_columns import (
        Searchable,
        SearchableRows,
        matching_rows,
        socket_text,
    )

    def searchable(socket: Socket) -> Searchable:
        endpoints = (socket.local, socket.remote) if socket.remote else (socket.local,)
        service = snapshot.services.get((socket.protocol, socket.local.port))
        return Searchable(endpoints, socket_text(socket, service))

    rows = SearchableRows(map(searchable, sockets))
    return [sockets[row] for row in matching_rows(rows, parse_filter(filter_text))]


def _is_open_loopback(socket: Socket) -> bool:
    return socket.is_on_loopback and socket.state in (TcpState.ESTABLISHED, *CLOSING_STATES)


def _sort_key(socket: Socket) -> tuple[object, ...]:
    remote = socket.remote or socket.local
    return (
        not socket.is_listening,
        socket.local.port,
        socket.protocol,
        socket.local.address,
        remote.port,
        remote.address,
    )


def snapshot_json(snapshot: Snapshot, sockets: Iterable[Socket]) -> str:
    """The snapshot with these of its sockets."""
    return json_document(
        taken_at=_iso_8601(snapshot.taken_at),
        duration_ms=round(snapshot.duration_ms, 3),
        coverage={
            "elevated": snapshot.coverage.elevated,
            "hidden_holders": snapshot.coverage.hidden_holders,
            "pids_match": snapshot.coverage.pids_match,
        },
        problems=[str(problem) for problem in snapshot.problems],
        sockets=[socket_json(socket) for socket in sockets],
    )


def _iso_8601(epoch_s: float) -> str:
    seconds, milliseconds = divmod(round(epoch_s * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03}Z"


def socket_table(sockets: Iterable[Socket]) -> str:
    """A heading and a line for each socket; "" when there is none."""
    rows = [
        (
            socket.protocol.value,
            socket.state or "-",
            str(socket.local),
            str(socket.remote) if socket.remote else "*",
            EXPOSURE_WORDS[exposure(socket.local.address)],
            _user(socket),
            _process_names(socket.holders) or OWNERSHIP_WORDS[socket.ownership],
        )
        for socket in sockets
    ]
    return columns(rows, ("PROTO", "STATE", "LOCAL", "REMOTE", "EXPOSURE", "USER", "PROCESS"))


def _user(socket: Socket) -> str:
    """The socket's user, or else its holder's."""
    return socket.user or next((holder.user for holder in socket.holders if holder.user), "-")


def _process_names(processes: Iterable[Process]) -> str:
    """The processes, the most senior first."""
    return ", ".join(process.label for process in by_seniority(processes))


def _loopback_table(snapshot: Snapshot, filter_text: str) -> str:
    from porttui.analysis.loopback import loopback_pairs

    pairs = loopback_pairs(snapshot)
    if not filter_text:
        return pair_table(pairs)
    from porttui.analysis.filter import parse_filter
    from porttui.analysis.filter_columns import matching_rows

    return pair_table(pairs[row] for row in matching_rows(pairs, parse_filter(filter_text)))


def pair_table(pairs: Iterable[PairRow]) -> str:
    """A heading and a line for each connection; "" when there is none.

    -> where the server is known because it listens, ~> where only its port speaks for it,
    -- where nothing does.
    """
    from porttui.analysis.loopback_rows import EndStatus, RoleCertainty

    arrows = {RoleCertainty.KNOWN: "->", RoleCertainty.LIKELY: "~>", RoleCertainty.UNKNOWN: "--"}

    def holders(end: ConnectionEnd) -> str:
        if end.status is EndStatus.HELD:
            return _process_names(end.holders)
        return f"({end.status})"

    rows = [
        (
            str(row.client.endpoint),
            holders(row.client),
            arrows[row.role_certainty],
            str(row.server.endpoint),
            holders(row.server),
        )
        for row in pairs
    ]
    return columns(rows, ("CLIENT", "PROCESS", "", "SERVER", "PROCESS"))


def _warnings(snapshot: Snapshot) -> list[str]:
    lines = [str(problem) for problem in snapshot.problems]
    hidden = snapshot.coverage.hidden_holders
    if hidden and not snapshot.coverage.elevated:
        from porttui.host.programs import elevation_command
        from porttui.text.processes import hidden_owners

        lines.append(hidden_owners(hidden, f"{elevation_command()} list"))
    return lines
