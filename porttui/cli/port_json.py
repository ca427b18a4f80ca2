"""What the commands about a port tell, as JSON. The form is a promise, as that of `list`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from porttui.cli.fields import Json, process_json, socket_json
from porttui.cli.json_output import VERSION
from porttui.diagnosis.waiting import Waited
from porttui.model.address import Protocol
from porttui.model.contact import Reach
from porttui.model.diagnosis import Diagnosis
from porttui.model.origin import Container, Origin
from porttui.model.process import Process
from porttui.model.stop import SentSignal
from porttui.text.diagnosis import reasons
from porttui.text.probe import advice, contact_words


def diagnosis_json(found: Diagnosis, origins: Sequence[Origin]) -> str:
    """Of `who`; `origins` are those of all holders, by seniority."""
    return _document(
        port=found.port,
        protocol=found.protocol.value,
        addresses=[
            {
                "address": each.address.text,
                "verdict": each.verdict.value,
                "reasons": list(reasons(found, each)),
            }
            for each in found.addresses
        ],
        holders=_processes(origin.traces.process for origin in origins),
        origins=[_origin(origin) for origin in origins],
        sockets=[socket_json(each) for each in found.sockets],
        problems=list(found.problems),
    )


def next_json(protocol: Protocol, ports: Sequence[int]) -> str:
    """Of `next`."""
    return _document(protocol=protocol.value, ports=list(ports))


def waited_json(port: int, protocol: Protocol, waited: Waited) -> str:
    """Of `wait`."""
    return _document(
        port=port,
        protocol=protocol.value,
        state=waited.state.value,
        reached=waited.reached,
        waited_ms=round(waited.waited_ms, 3),
    )


def reach_json(found: Reach) -> str:
    """Of `probe`."""
    return _document(
        host=found.host,
        port=found.port,
        reached=found.is_reached,
        contacts=[
            {
                "address": contact.remote.address.text,
                "outcome": contact.outcome.value,
                "took_ms": round(contact.took_ms, 3),
                "words": contact_words(found, contact),
            }
            for contact in found.contacts
        ],
        advice=list(advice(found)),
        listeners=[socket_json(each) for each in found.listeners],
    )


def freed_json(
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
    return _document(
        port=port,
        protocol=protocol.value,
        outcome=outcome,
        message=message,
        signals=[{"pid": each.pid, "signal": each.signal.value} for each in signals],
        holders_before=_processes(before),
        holders_after=_processes(after),
        waited_ms=round(waited_ms, 3),
    )


def _origin(origin: Origin) -> dict[str, Json]:
    traces = origin.traces
    return {
        "pid": traces.process.pid,
        "cwd": traces.cwd,
        "project": traces.project,
        "parents": [{"pid": each.pid, "name": each.name} for each in traces.ancestors],
        "supervisors": [
            {
                "kind": each.kind.value,
                "name": each.name,
                "pid": each.process.pid if each.process else None,
                "command": each.command,
                "container": _container(each.container),
            }
            for each in origin.supervisors
        ],
    }


def _container(container: Container | None) -> Json:
    return dict(container._asdict()) if container else None


def _processes(processes: Iterable[Process]) -> list[Json]:
    return [process_json(each) for each in processes]


def _document(**facts: Json) -> str:
    return json.dumps({"version": VERSION, **facts})
