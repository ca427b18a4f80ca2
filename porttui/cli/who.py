"""`porttui who`."""

from __future__ import annotations

from typing import TextIO

from porttui.cli.exit_status import ExitStatus
from porttui.cli.output import write
from porttui.cli.port_arguments import WhoCommand
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.diagnosis.wording import VERDICTS, reasons, spelled
from porttui.model.address import Endpoint
from porttui.model.diagnosis import Diagnosis


def run_who(
    command: WhoCommand, diagnoser: Diagnoser, out: TextIO | None, err: TextIO
) -> ExitStatus:
    """Print the diagnosis of a port: data to `out`, what could not be seen to `err`.

    Raises:
        SampleError: the sockets could not be read.
    """
    found = diagnoser.diagnose(*command.place)
    if command.as_json:
        from porttui.cli.port_json import diagnosis_json

        write(diagnosis_json(found), out)
    else:
        write(_text(found), out)
    for problem in found.problems:
        print(f"porttui: {problem}", file=err)
    return ExitStatus.OK if found.is_held else ExitStatus.NO


def _text(found: Diagnosis) -> str:
    lines = []
    names = [spelled(Endpoint(each.address, found.port)) for each in found.addresses]
    width = max(map(len, names))
    most = max(len(VERDICTS[each.verdict]) for each in found.addresses)
    for name, each in zip(names, found.addresses, strict=True):
        first, *others = reasons(found, each) or ("",)
        start = f"{name:{width}}  {VERDICTS[each.verdict]:{most}}"
        lines.append(f"{start}  {first}".rstrip())
        lines += [f"{'':{len(start)}}  {other}" for other in others]
    return "\n".join(lines)
