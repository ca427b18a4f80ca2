"""`porttui probe`: connect to every address of a host."""

from __future__ import annotations

from porttui.cli.arguments import Grammar, Option, ParsedArguments, UsageError
from porttui.cli.common_options import (
    JSON,
    MAX_WORDS,
    SOURCE,
    TIMEOUT,
    one_text,
    parse_host_and_port,
    source_option,
)
from porttui.cli.output import ExitStatus, columns, json_document, socket_json, write
from porttui.diagnosis.probe import probe_host
from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.model.probe import ProbeResult
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.sampling.sampler import Sampler
from porttui.sampling.sources import SampleError
from porttui.text.diagnosis import host_text
from porttui.text.probe import OUTCOME_NAMES, advice, probe_words

if TYPE_CHECKING:
    from typing import TextIO


_DEFAULT_TIMEOUT_S = 2.0
_MIN_TIMEOUT_S = 0.05


class ProbeCommand(NamedTuple):
    """`porttui probe`: can a client connect?"""

    host: str
    """Safe to print."""
    port: int
    try_http: bool
    timeout_s: float
    as_json: bool
    source: SourceName


GRAMMAR = Grammar(
    prog="porttui probe",
    description="Try to connect, on every address that HOST stands for, and say what "
    "comes of it. Nothing is sent without --http.",
    options=(
        Option("--http", "ask with one HEAD request, where the server keeps silent"),
        TIMEOUT._replace(help=f"for each address, {_DEFAULT_TIMEOUT_S:g} by default"),
        JSON,
        SOURCE,
    ),
    operands="[HOST:]PORT",
    max_operands=MAX_WORDS,
    epilog="exit status: 0 connected, 1 not, 2 bad usage",
    # What could not be reached is not connected. Unreadable sockets are `run`'s concern.
    host_error_status=ExitStatus.NEGATIVE,
)


def build_command(parsed: ParsedArguments) -> ProbeCommand:
    if not parsed.operands:
        raise UsageError("[HOST:]PORT is missing, like 127.0.0.1:3000 or [::1]:3000")
    host, port = parse_host_and_port(one_text(parsed.operands))
    return ProbeCommand(
        host=host or "localhost",
        port=port,
        try_http="--http" in parsed.values,
        timeout_s=max(parsed.values.get(TIMEOUT.name, _DEFAULT_TIMEOUT_S), _MIN_TIMEOUT_S),
        as_json=JSON.name in parsed.values,
        source=source_option(parsed),
    )


def run(command: ProbeCommand, out: TextIO | None, err: TextIO) -> ExitStatus:
    """Try to connect, and print what came of it."""
    host = local_host(command.source)
    sampler = Sampler(host)
    try:
        probe = probe_host(
            host,
            sampler,
            command.host,
            command.port,
            try_http=command.try_http,
            timeout_s=command.timeout_s,
        )
    except SampleError as error:
        print(f"porttui: {error}", file=err)
        return ExitStatus.UNREADABLE
    if command.as_json:
        write(_json(probe), out)
    else:
        write(_text(probe), out)
    return ExitStatus.OK if probe.is_connected else ExitStatus.NEGATIVE


def _text(result: ProbeResult) -> str:
    rows = [
        (host_text(probe.remote), OUTCOME_NAMES[probe.outcome], probe_words(result, probe))
        for probe in result.probes
    ]
    return "\n".join([columns(rows), *advice(result)])


def _json(result: ProbeResult) -> str:
    return json_document(
        host=result.host,
        port=result.port,
        reached=result.is_connected,
        contacts=[
            {
                "address": probe.remote.address.text,
                "outcome": probe.outcome.value,
                "took_ms": round(probe.took_ms, 3),
                "words": probe_words(result, probe),
            }
            for probe in result.probes
        ],
        advice=list(advice(result)),
        listeners=[socket_json(socket) for socket in result.listeners],
    )
