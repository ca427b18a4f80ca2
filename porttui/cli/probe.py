"""`porttui probe`."""

from __future__ import annotations

from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Given, Grammar, Option, UsageError
from porttui.cli.output import write
from porttui.cli.shared_options import (
    JSON,
    SOURCE,
    TIMEOUT,
    given_source,
    read_host_and_port,
)
from porttui.diagnosis.reaching import reach
from porttui.host.asking import SourceName
from porttui.host.local import local_host
from porttui.model.contact import Reach
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.errors import SampleError
from porttui.sampling.sampler import Sampler
from porttui.text.diagnosis import spelled
from porttui.text.probe import OUTCOMES, advice, contact_words

if TYPE_CHECKING:
    from typing import TextIO


UNREADABLE = ExitStatus.FAILED
"""What could not be reached is not connected."""

_DEFAULT_CONNECT_S = 2.0
_SHORTEST_CONNECT_S = 0.05


class ProbeCommand(NamedTuple):
    """`porttui probe`: can a client connect?"""

    host: str
    """Safe to print."""
    port: int
    speak_http: bool
    timeout_s: float
    as_json: bool
    source: SourceName


GRAMMAR = Grammar(
    prog="porttui probe",
    description="Try to connect, on every address that HOST stands for, and say what "
    "comes of it. Nothing is sent without --http.",
    options=(
        Option("--http", "ask with one HEAD request, where the server keeps silent"),
        TIMEOUT._replace(help=f"for each address, {_DEFAULT_CONNECT_S:g} by default"),
        JSON,
        SOURCE,
    ),
    operands="[HOST:]PORT",
    most=1,
    epilog="exit status: 0 connected, 1 not, 2 bad usage",
)


def read(given: Given) -> ProbeCommand:
    """The request that was made.

    Raises:
        UsageError: there is no such host or port.
    """
    if not given.operands:
        raise UsageError("where to? As in 127.0.0.1:3000, [::1]:3000 or localhost:3000")
    host, port = read_host_and_port(given.operands[0])
    return ProbeCommand(
        host=host or "localhost",
        port=port,
        speak_http="--http" in given.values,
        timeout_s=max(given.values.get(TIMEOUT.name, _DEFAULT_CONNECT_S), _SHORTEST_CONNECT_S),
        as_json=JSON.name in given.values,
        source=given_source(given),
    )


def run(command: ProbeCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Try to connect, and print what came of it.

    Raises:
        HostError: the name stands for no address.
    """
    sampler = Sampler(local_host(command.source, once=True))
    sampler.begin()
    try:
        found = reach(
            sampler,
            command.host,
            command.port,
            speak_http=command.speak_http,
            timeout_s=command.timeout_s,
        )
    except SampleError as error:
        print(f"porttui: {error}", file=err)
        return ExitStatus.UNREADABLE
    if command.as_json:
        from porttui.cli.port_json import reach_json

        write(reach_json(found), out)
    else:
        write(_text(found), out)
    return ExitStatus.OK if found.is_reached else ExitStatus.NO


def _text(found: Reach) -> str:
    rows = [
        (spelled(contact.remote), OUTCOMES[contact.outcome], contact_words(found, contact))
        for contact in found.contacts
    ]
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    lines = [f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}" for row in rows]
    return "\n".join([*lines, *advice(found)])
