"""`porttui probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porttui.cli.exit_status import ExitStatus
from porttui.cli.output import write
from porttui.cli.port_arguments import ProbeCommand
from porttui.diagnosis.reaching import reach
from porttui.model.contact import Reach
from porttui.sampling.sampler import Sampler
from porttui.text.diagnosis import spelled
from porttui.text.probe import OUTCOMES, advice, contact_words

if TYPE_CHECKING:
    from typing import TextIO


def run_probe(command: ProbeCommand, sampler: Sampler, out: TextIO | None) -> ExitStatus:
    """Try to connect, and print what came of it.

    Raises:
        HostError: the name stands for no address.
        SampleError: the sockets of this machine could not be read.
    """
    found = reach(
        sampler,
        command.host,
        command.port,
        speak_http=command.speak_http,
        timeout_s=command.timeout_s,
    )
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
