"""JSON of who, next, wait, probe and free. The format is stable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from porttui.cli.fields import Json, process_json, socket_json
from porttui.cli.json_output import VERSION
from porttui.diagnosis.wait import WaitResult
from porttui.model.address import Protocol
from porttui.model.diagnosis import Diagnosis
from porttui.model.probe import ProbeResult
from porttui.model.process import Process
from porttui.model.provenance import Container, Origin
from porttui.model.stop import SentSignal
from porttui.text.diagnosis import reasons
from porttui.text.probe import advice, probe_words


def diagnosis_json(diagnosis: Diagnosis, origins: Sequence[Origin]) -> str:
    """Of `who`; `origins` are those of all holders, by seniority."""
    return _json_document(
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
        holders=_processes(origin.provenance.process for origin in origins),
        origins=[_origin(origin) for origin in origins],
        sockets=[socket_json(socket) for socket in diagnosis.sockets],
        problems=list(diagnosis.problems),
    )


def next_json(protocol: Protocol, ports: Sequence[int]) -> str:
    """Of `next`."""
    return _json_document(protocol=protocol.value, ports=list(ports))


def wait_json(port: int, protocol: Protocol, waited: WaitResult) -> str:
    """Of `wait`."""
    return _json_document(
        port=port,
        protocol=protocol.value,
        state=waited.state.value,
        reached=waited.reached,
        waited_ms=round(waited.waited_ms, 3),
    )


def probe_json(result: ProbeResult) -> str:
    """Of `probe`."""
    return _json_document(
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


def free_json(
    port: int,
    protocol: Protocol,
    *,
    outcome: str,
    message: str,
    signals: Iterable[SentSignal] = (),
    before: Iterable[Process] = (),
    after: Iterable[Process] = (),
    waited_ms: float = 0.0,
) -> str:
    """Of `free`."""
    return _json_document(
        port=port,
        protocol=protocol.value,
        outcome=outcome,
        message=message,
        signals=[{"pid": sent.pid, "signal": sent.signal.value} for sent in signals],
        holders_before=_processes(before),
        holders_after=_processes(after),
        waited_ms=round(waited_ms, 3),
    )


def _origin(origin: Origin) -> dict[str, Json]:
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
                "container": _container(supervisor.container),
            }
            for supervisor in origin.supervisors
        ],
    }


def _container(container: Container | None) -> Json:
    return dict(container._asdict()) if container else None


def _processes(processes: Iterable[Process]) -> list[Json]:
    return [process_json(process) for process in processes]


def _json_document(**facts: Json) -> str:
    return json.dumps({"version": VERSION, **facts})
