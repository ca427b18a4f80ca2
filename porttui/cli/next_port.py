"""`porttui next`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porttui.cli.exit_status import ExitStatus
from porttui.cli.output import write
from porttui.cli.port_arguments import NextCommand
from porttui.diagnosis.diagnoser import Diagnoser, usual_addresses
from porttui.diagnosis.next_port import next_ports
from porttui.host.asking import Want
from porttui.host.contract import Host
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from typing import TextIO


def run_next(
    command: NextCommand, host: Host, sampler: Sampler, out: TextIO | None, err: TextIO
) -> ExitStatus:
    """Print the next free ports, one a line.

    Raises:
        SampleError: the sockets could not be read.
    """
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
