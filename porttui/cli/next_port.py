"""`porttui next`."""

from __future__ import annotations

from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Given, Grammar, Option
from porttui.cli.output import write
from porttui.cli.shared_options import (
    ADDRESS,
    JSON,
    PORT_WORDS,
    SOURCE,
    UDP,
    given_addresses,
    given_place,
    given_protocol,
    given_source,
)
from porttui.diagnosis.diagnoser import Diagnoser, usual_addresses
from porttui.diagnosis.next_port import next_ports
from porttui.host.asking import SourceName, Want
from porttui.host.local import local_host
from porttui.model.address import Place
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO


UNREADABLE = ExitStatus.UNREADABLE

_USUAL_START = 2999
"""`next` without a port begins with 3000."""
_MOST_PORTS = 100


class NextCommand(NamedTuple):
    """`porttui next`: another port."""

    place: Place
    """The ports after this one."""
    number: int
    as_json: bool
    source: SourceName


def _read_number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= _MOST_PORTS:
        return int(text)
    raise ValueError(f"{text!r} is no number from 1 to {_MOST_PORTS}")


GRAMMAR = Grammar(
    prog="porttui next",
    description="Print the next free port after PORT, bindable on all the addresses.",
    options=(
        Option("-n", "how many, 1 by default", "NUMBER", _read_number),
        ADDRESS,
        UDP,
        JSON,
        SOURCE,
    ),
    operands="[PORT]",
    most=1,
    epilog=f"{PORT_WORDS}\nexit status: 0 found, 1 none is free, 2 bad usage",
)


def read(given: Given) -> NextCommand:
    """The request that was made.

    Raises:
        UsageError: there is no such port or address.
    """
    usual = Place(given_protocol(given), _USUAL_START, given_addresses(given))
    return NextCommand(
        place=given_place(given) or usual,
        number=given.values.get("-n", 1),
        as_json=JSON.name in given.values,
        source=given_source(given),
    )


def run(command: NextCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Print the next free ports, one a line.

    Raises:
        SampleError: the sockets could not be read.
    """
    host = local_host(command.source, once=True)
    sampler = Sampler(host)
    protocol, after, addresses = command.place
    ports = next_ports(
        Diagnoser(host, sampler),
        sampler.sample(Want.PORTS),
        after,
        command.number,
        protocol=protocol,
        addresses=addresses or usual_addresses(host, protocol),
    )
    if command.as_json:
        from porttui.cli.port_json import next_json

        write(next_json(protocol, ports), out)
    elif ports:
        write("\n".join(map(str, ports)), out)
    if len(ports) < command.number:
        print(f"porttui: {len(ports)} of {command.number} found free", file=err)
    return ExitStatus.OK if ports else ExitStatus.NO
