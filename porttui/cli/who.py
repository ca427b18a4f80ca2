"""`porttui who`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from porttui.analysis.holders import by_seniority
from porttui.cli.exit_status import ExitStatus
from porttui.cli.output import write
from porttui.cli.port_arguments import WhoCommand
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.diagnosis.origin_wording import chain_words, place_label, place_words, supervisor_words
from porttui.diagnosis.wording import VERDICTS, reasons, spelled
from porttui.light_typing import TYPE_CHECKING
from porttui.model.address import Endpoint
from porttui.model.diagnosis import Diagnosis
from porttui.model.origin import Origin

if TYPE_CHECKING:
    from typing import TextIO


def run_who(
    command: WhoCommand, diagnoser: Diagnoser, out: TextIO | None, err: TextIO
) -> ExitStatus:
    """Print the diagnosis of a port: data to `out`, what could not be seen to `err`.

    Raises:
        SampleError: the sockets could not be read.
    """
    found = diagnoser.diagnose(*command.place)
    holders = by_seniority(holder for each in found.sockets for holder in each.holders)
    origins = diagnoser.named([diagnoser.origin(process) for process in holders])
    if command.as_json:
        from porttui.cli.port_json import diagnosis_json

        write(diagnosis_json(found, origins), out)
    else:
        write("\n".join([_text(found), *_origins(origins)]), out)
    for problem in found.problems:
        print(f"porttui: {problem}", file=err)
    return ExitStatus.OK if found.is_held else ExitStatus.NO


def _origins(origins: Sequence[Origin]) -> Iterator[str]:
    """Who it is: some lines for each process."""
    for origin in origins:
        process = origin.traces.process
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time))
        yield ""
        yield f"{process.label}: {process.command}"
        facts = [
            ("user", process.user or "unknown"),
            ("started", started),
            (place_label(origin), place_words(origin)),
            ("parents", chain_words(origin)),
            *(("comes back", supervisor_words(each)) for each in origin.supervisors),
        ]
        yield from (f"  {label:10}  {words}" for label, words in facts if words)


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
