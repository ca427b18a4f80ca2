"""`porttui who`: the holders of a port and the addresses that can be bound."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from porttui.analysis.holders import by_seniority
from porttui.cli.common_options import (
    ADDRESS,
    JSON,
    PORT_HELP,
    SOURCE,
    UDP,
    needed_port_query,
    source_option,
)
from porttui.cli.exit_status import ExitStatus
from porttui.cli.options import Grammar, ParsedArguments
from porttui.cli.output import write
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.model.address import Endpoint, PortQuery
from porttui.model.diagnosis import Diagnosis
from porttui.model.process import Process
from porttui.model.provenance import Origin
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.text.diagnosis import VERDICT_NAMES, host_text, reasons
from porttui.text.processes import (
    SUPERVISOR_LABEL,
    ancestors_text,
    directory_label,
    directory_text,
    opened_by,
    supervisor_text,
)

if TYPE_CHECKING:
    from typing import TextIO


HOST_ERROR_STATUS = ExitStatus.UNREADABLE


class WhoCommand(NamedTuple):
    """`porttui who`: who holds a port, and which addresses can be bound."""

    port_query: PortQuery
    as_json: bool
    source: SourceName


GRAMMAR = Grammar(
    prog="porttui who",
    description="Show who holds a port and which addresses can be bound.",
    options=(ADDRESS, UDP, JSON, SOURCE),
    operands="PORT",
    max_operands=1,
    epilog=f"{PORT_HELP}\nexit status: 0 held on an address, 1 not held, 2 bad usage",
)


def build_command(parsed: ParsedArguments) -> WhoCommand:
    """Build the command.

    Raises:
        UsageError: there is no such port or address.
    """
    return WhoCommand(needed_port_query(parsed), JSON.name in parsed.values, source_option(parsed))


def run(command: WhoCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Answer it about this machine."""
    host = local_host(command.source, one_shot=True)
    sampler = Sampler(host)
    sampler.prefetch()
    return run_who(command, Diagnoser(host, sampler), out, err)


def run_who(
    command: WhoCommand, diagnoser: Diagnoser, out: TextIO | None, err: TextIO
) -> ExitStatus:
    """Print the diagnosis of a port: data to `out`, what could not be seen to `err`.

    Raises:
        SampleError: the sockets could not be read.
    """
    diagnosis = diagnoser.diagnose(*command.port_query)
    holders = by_seniority(holder for socket in diagnosis.sockets for holder in socket.holders)
    openers = {holder.pid: _other_openers(holder, diagnosis) for holder in holders}
    origins = diagnoser.with_container_names([diagnoser.origin(process) for process in holders])
    if command.as_json:
        from porttui.cli.port_json import diagnosis_json

        write(diagnosis_json(diagnosis, origins), out)
    else:
        write("\n".join([_verdict_lines(diagnosis), *_origin_lines(origins, openers)]), out)
    for problem in diagnosis.problems:
        print(f"porttui: {problem}", file=err)
    return ExitStatus.OK if diagnosis.is_held else ExitStatus.NEGATIVE


def _other_openers(process: Process, diagnosis: Diagnosis) -> str:
    """Who opened the sockets that it holds, where that was another user than its own."""
    held = [socket for socket in diagnosis.sockets if process in socket.holders]
    others = [socket for socket in held if socket.uid not in (None, process.uid)]
    users = {socket.user or f"uid {socket.uid}" for socket in others}
    return opened_by(users)


def _origin_lines(origins: Sequence[Origin], openers: Mapping[int, str]) -> Iterator[str]:
    """Who it is: some lines for each process; `openers`: of its sockets, by pid."""
    for origin in origins:
        process = origin.provenance.process
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time))
        yield ""
        yield f"{process.label}: {process.command}"
        facts = [
            ("user", process.user or "unknown"),
            ("socket", openers.get(process.pid, "")),
            ("started", started),
            (directory_label(origin), directory_text(origin)),
            ("parents", ancestors_text(origin)),
            *((SUPERVISOR_LABEL, supervisor_text(supervisor)) for supervisor in origin.supervisors),
        ]
        yield from (f"  {label:14}  {words}" for label, words in facts if words)


def _verdict_lines(diagnosis: Diagnosis) -> str:
    lines = []
    addresses = [
        host_text(Endpoint(verdict.address, diagnosis.port)) for verdict in diagnosis.addresses
    ]
    width = max(map(len, addresses))
    verdict_width = max(len(VERDICT_NAMES[verdict.verdict]) for verdict in diagnosis.addresses)
    for address, verdict in zip(addresses, diagnosis.addresses, strict=True):
        first, *others = reasons(diagnosis, verdict) or ("",)
        start = f"{address:{width}}  {VERDICT_NAMES[verdict.verdict]:{verdict_width}}"
        lines.append(f"{start}  {first}".rstrip())
        lines += [f"{'':{len(start)}}  {other}" for other in others]
    return "\n".join(lines)
