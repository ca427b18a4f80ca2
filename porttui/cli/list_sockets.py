"""`porttui list`: one sample, printed."""

from __future__ import annotations

from porttui.cli.common_options import (
    JSON,
    MAX_FILTER_WORDS,
    SOURCE,
    filter_help,
    source_option,
    valid_filter,
)
from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Grammar, Option, ParsedArguments
from porttui.cli.output import write
from porttui.host.local import local_host
from porttui.host.request import SocketRequest, SourceName
from porttui.model.snapshot import Snapshot
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO

    from porttui.analysis.filter import Filter


HOST_ERROR_STATUS = ExitStatus.FAILED


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
    max_operands=MAX_FILTER_WORDS,
    epilog=filter_help(),
)


def build_command(parsed: ParsedArguments) -> ListCommand:
    """Build the command.

    Raises:
        UsageError: the filter cannot be read.
    """
    return ListCommand(
        filter=valid_filter(parsed.operands),
        only_listening="--listening" in parsed.values,
        only_loopback="--loopback" in parsed.values,
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


def run(command: ListCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Print one sample: data to `out`, what is missing from it to `err`.

    Raises:
        SampleError: the sockets could not be read.
    """
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
    filter_ = _parsed_filter(command)
    # Each form takes what it needs and no more: half the time of a small list is importing.
    if command.only_loopback and not command.as_json:
        return _connections(snapshot, filter_)
    from porttui.cli.selection import select_sockets

    sockets = select_sockets(
        snapshot,
        filter_,
        only_listening=command.only_listening,
        only_loopback=command.only_loopback,
    )
    if command.as_json:
        from porttui.cli.json_output import snapshot_json

        return snapshot_json(snapshot, sockets)
    from porttui.cli.table_output import socket_table

    return socket_table(sockets)


def _parsed_filter(command: ListCommand) -> Filter | None:
    if not command.filter:
        return None
    from porttui.analysis.filter import parse_filter

    return parse_filter(command.filter)


def _connections(snapshot: Snapshot, filter_: Filter | None) -> str:
    from porttui.analysis.loopback import loopback_pairs
    from porttui.cli.table_output import pair_table

    pairs = loopback_pairs(snapshot)
    if filter_ is None:
        return pair_table(pairs)
    from porttui.analysis.filter_columns import matching_rows

    return pair_table(pairs[row] for row in matching_rows(pairs, filter_))


def _warnings(snapshot: Snapshot) -> list[str]:
    lines = [str(problem) for problem in snapshot.problems]
    hidden = snapshot.coverage.hidden_holders
    if hidden and not snapshot.coverage.elevated:
        from porttui.host.programs import elevation_command
        from porttui.text.processes import hidden_owners

        lines.append(hidden_owners(hidden, f"{elevation_command()} list"))
    return lines
