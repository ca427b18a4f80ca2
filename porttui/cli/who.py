"""`porttui who`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from porttui.analysis.holders import by_seniority
from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Given, Grammar
from porttui.cli.output import write
from porttui.cli.shared_options import (
    ADDRESS,
    JSON,
    PORT_WORDS,
    SOURCE,
    UDP,
    given_source,
    needed_place,
)
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.asking import SourceName
from porttui.host.local import local_host
from porttui.model.address import Endpoint, Place
from porttui.model.diagnosis import Diagnosis
from porttui.model.origin import Origin
from porttui.model.process import Process
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.text.diagnosis import VERDICTS, reasons, spelled
from porttui.text.provenance import chain_words, place_label, place_words, supervisor_words

if TYPE_CHECKING:
    from typing import TextIO


UNREADABLE = ExitStatus.UNREADABLE


class WhoCommand(NamedTuple):
    """`porttui who`: who has a port, and whether it can be had."""

    place: Place
    as_json: bool
    source: SourceName


GRAMMAR = Grammar(
    prog="porttui who",
    description="Say who has a port, why, and on which addresses it can be had.",
    options=(ADDRESS, UDP, JSON, SOURCE),
    operands="PORT",
    most=1,
    epilog=f"{PORT_WORDS}\nexit status: 0 held on an address, 1 not held, 2 bad usage",
)


def read(given: Given) -> WhoCommand:
    """The question that was asked.

    Raises:
        UsageError: there is no such port or address.
    """
    return WhoCommand(needed_place(given), JSON.name in given.values, given_source(given))


def run(command: WhoCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Answer it about this machine."""
    host = local_host(command.source, once=True)
    sampler = Sampler(host)
    sampler.begin()
    return run_who(command, Diagnoser(host, sampler), out, err)


def run_who(
    command: WhoCommand, diagnoser: Diagnoser, out: TextIO | None, err: TextIO
) -> ExitStatus:
    """Print the diagnosis of a port: data to `out`, what could not be seen to `err`.

    Raises:
        SampleError: the sockets could not be read.
    """
    found = diagnoser.diagnose(*command.place)
    holders = by_seniority(holder for each in found.sockets for holder in each.holders)
    openers = {each.pid: _other_openers(each, found) for each in holders}
    origins = diagnoser.named([diagnoser.origin(process) for process in holders])
    if command.as_json:
        from porttui.cli.port_json import diagnosis_json

        write(diagnosis_json(found, origins), out)
    else:
        write("\n".join([_text(found), *_origins(origins, openers)]), out)
    for problem in found.problems:
        print(f"porttui: {problem}", file=err)
    return ExitStatus.OK if found.is_held else ExitStatus.NO


def _other_openers(process: Process, found: Diagnosis) -> str:
    """Who opened the sockets that it holds, where that was another user than its own."""
    held = [each for each in found.sockets if process in each.holders]
    users = {each.user or f"uid {each.uid}" for each in held if each.uid not in (None, process.uid)}
    return f"opened by user {', '.join(sorted(users))}" if users else ""


def _origins(origins: Sequence[Origin], openers: Mapping[int, str]) -> Iterator[str]:
    """Who it is: some lines for each process; `openers`: of its sockets, by pid."""
    for origin in origins:
        process = origin.traces.process
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time))
        yield ""
        yield f"{process.label}: {process.command}"
        facts = [
            ("user", process.user or "unknown"),
            ("socket", openers.get(process.pid, "")),
            ("started", started),
            (place_label(origin), place_words(origin)),
            ("parents", chain_words(origin)),
            *(("may restart it", supervisor_words(each)) for each in origin.supervisors),
        ]
        yield from (f"  {label:14}  {words}" for label, words in facts if words)


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
