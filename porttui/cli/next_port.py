"""`porttui next`: the next free ports."""

from __future__ import annotations

from porttui.cli.arguments import Grammar, Option, ParsedArguments
from porttui.cli.common_options import (
    ADDRESS,
    JSON,
    MAX_WORDS,
    PORT_HELP,
    SOURCE,
    UDP,
    port_query_operand,
    source_option,
)
from porttui.cli.output import ExitStatus, json_document, write
from porttui.diagnosis.diagnoser import Diagnoser, bind_refusal, next_ports
from porttui.host.local import local_host
from porttui.host.request import SocketRequest, SourceName
from porttui.model.address import PortQuery
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.text.diagnosis import ports_found

if TYPE_CHECKING:
    from typing import TextIO

_DEFAULT_AFTER = 2999
"""`next` without a port begins with 3000."""
_MAX_COUNT = 100


class NextCommand(NamedTuple):
    """`porttui next`: another port."""

    port_query: PortQuery
    """The ports after this one."""
    port_count: int
    as_json: bool
    source: SourceName


def _parse_count(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= _MAX_COUNT:
        return int(text)
    raise ValueError(f"must be 1 to {_MAX_COUNT}")


GRAMMAR = Grammar(
    prog="porttui next",
    description="Print the next port after PORT that can be bound on all the addresses.",
    options=(
        Option("-n", "how many ports (default 1)", "NUMBER", _parse_count),
        ADDRESS,
        UDP,
        JSON,
        SOURCE,
    ),
    operands="[PORT]",
    max_operands=MAX_WORDS,
    epilog=f"{PORT_HELP}\nexit status: 0 found, 1 none free, 2 bad usage",
)


def build_command(parsed: ParsedArguments) -> NextCommand:
    return NextCommand(
        port_query=port_query_operand(parsed, _DEFAULT_AFTER),
        port_count=parsed.values.get("-n", 1),
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


def run(command: NextCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Print the next free ports, one a line."""
    host = local_host(command.source)
    sampler = Sampler(host)
    protocol, after, addresses = command.port_query
    ports = next_ports(
        Diagnoser(host, sampler),
        sampler.sample(SocketRequest.WITHOUT_HOLDERS),
        after,
        command.port_count,
        protocol=protocol,
        addresses=addresses,
    )
    if command.as_json:
        write(json_document(protocol=protocol.value, ports=list(ports)), out)
    elif ports:
        write("\n".join(map(str, ports)), out)
    if len(ports) < command.port_count:
        refusal = None if ports else bind_refusal(host, protocol, addresses)
        print(f"porttui: {refusal or ports_found(len(ports), command.port_count)}", file=err)
    return ExitStatus.OK if ports else ExitStatus.NEGATIVE
