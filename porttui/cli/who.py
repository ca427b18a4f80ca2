"""`porttui who`: the holders of a port and the addresses that can be bound."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from porttui.analysis.holders import holders_of
from porttui.cli.arguments import Grammar, ParsedArguments
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
from porttui.cli.output import (
    ExitStatus,
    Json,
    columns,
    json_document,
    process_json,
    socket_json,
    write,
)
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
    max_operands=MAX_WORDS,
    epilog=f"{PORT_HELP}\nexit status: 0 held on an address, 1 not held, 2 bad usage",
)


def build_command(parsed: ParsedArguments) -> WhoCommand:
    return WhoCommand(port_query_operand(parsed), JSON.name in parsed.values, source_option(parsed))


def run(command: WhoCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Print the diagnosis of a port: data to `out`, what could not be seen to `err`."""
    host = local_host(command.source)
    sampler = Sampler(host)
    diagnoser = Diagnoser(host, sampler)
    diagnosis = diagnoser.diagnose(*command.port_query)
    holders = holders_of(diagnosis.sockets)
    origins = diagnoser.with_container_names([diagnoser.origin(process) for process in holders])
    if command.as_json:
        write(_json(diagnosis, origins), out)
    else:
        write("\n".join([_verdict_lines(diagnosis), *_origin_lines(diagnosis, origins)]), out)
    for problem in diagnosis.problems:
        print(f"porttui: {problem}", file=err)
    return ExitStatus.OK if diagnosis.is_held else ExitStatus.NEGATIVE


def _other_openers(process: Process, diagnosis: Diagnosis) -> str:
    """Who opened the sockets that it holds, where that was another user than its own."""
    held = [socket for socket in diagnosis.sockets if process in socket.holders]
    others = [socket for socket in held if socket.uid not in (None, process.uid)]
    users = {socket.user or f"uid {socket.uid}" for socket in others}
    return opened_by(users)


def _origin_lines(diagnosis: Diagnosis, origins: Sequence[Origin]) -> Iterator[str]:
    """Who it is: some lines for each process."""
    for origin in origins:
        process = origin.provenance.process
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time))
        yield ""
        yield f"{process.label}: {process.command}"
        facts = [
            ("user", process.user or "unknown"),
            ("socket", _other_openers(process, diagnosis)),
            ("started", started),
            (directory_label(origin), directory_text(origin)),
            ("parents", ancestors_text(origin)),
            *((SUPERVISOR_LABEL, supervisor_text(supervisor)) for supervisor in origin.supervisors),
        ]
        yield from (f"  {label:14}  {words}" for label, words in facts if words)


def _verdict_lines(diagnosis: Diagnosis) -> str:
    rows = []
    for verdict in diagnosis.addresses:
        address = host_text(Endpoint(verdict.address, diagnosis.port))
        first, *others = reasons(diagnosis, verdict) or ("",)
        rows.append((address, VERDICT_NAMES[verdict.verdict], first))
        rows += [("", "", other) for other in others]
    return columns(rows)


def _json(diagnosis: Diagnosis, origins: Sequence[Origin]) -> str:
    """`origins` are those of all holders, by seniority."""
    return json_document(
        port=diagnosis.port,
        protocol=diagnosis.protocol.value,
        addresses=[
            {
                "address": verdict.address.text,
                "verdict": verdict.verdict.value,
                "reasons": list(reasons(diagnosis, verdict)),
            }
            for verdict in diagnosis.addresses
        ],
        holders=[process_json(origin.provenance.process) for origin in origins],
        origins=[_origin_json(origin) for origin in origins],
        sockets=[socket_json(socket) for socket in diagnosis.sockets],
        problems=list(diagnosis.problems),
    )


def _origin_json(origin: Origin) -> dict[str, Json]:
    provenance = origin.provenance
    return {
        "pid": provenance.process.pid,
        "cwd": provenance.cwd,
        "project": provenance.project,
        "parents": [
            {"pid": ancestor.pid, "name": ancestor.name} for ancestor in provenance.ancestors
        ],
        "supervisors": [
            {
                "kind": supervisor.kind.value,
                "name": supervisor.name,
                "pid": supervisor.process.pid if supervisor.process else None,
                "command": supervisor.command,
                "container": (
                    dict(supervisor.container._asdict()) if supervisor.container else None
                ),
            }
            for supervisor in origin.supervisors
        ],
    }
