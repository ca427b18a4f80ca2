"""What every command prints with --json is what docs/json-schema.json promises."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import fastjsonschema
import pytest

from porttui.diagnosis.wait import PortState
from porttui.model.diagnosis import BindVerdict
from porttui.model.forecast import Level
from porttui.model.probe import ProbeOutcome
from porttui.model.provenance import SupervisorKind
from porttui.model.socket import Exposure, Ownership, TcpState
from porttui.model.stop import StopOutcome, StopSignal
from tests.cli.running import run
from tests.servers import ROOT, Servers, free_port

SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/json-schema.json").read_text(encoding="utf-8"))
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs helpers of Linux")


def closed(part: Any) -> Any:
    """The schema without fields that it does not name: later versions may add some, this not."""
    if isinstance(part, list):
        return [closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    tightened = {key: closed(each) for key, each in part.items()}
    if part.get("type") == "object" and isinstance(part.get("properties"), dict):
        tightened.setdefault("additionalProperties", False)
    return tightened


def faults(document: Any, definition: str) -> list[str]:
    schema = {"$ref": f"#/$defs/{definition}", "$defs": closed(SCHEMA["$defs"])}
    try:
        fastjsonschema.validate(schema, document)
    except fastjsonschema.JsonSchemaValueException as error:
        return [error.message]
    return []


def printed(*argv: str) -> Any:
    return json.loads(run(*argv, "--json").stdout)


def assert_promised(*argv: str, definition: str = "") -> Any:
    document = printed(*argv)
    assert faults(document, definition or argv[0]) == []
    return document


def test_the_schema_is_one() -> None:
    fastjsonschema.compile(SCHEMA)
    with pytest.raises(fastjsonschema.JsonSchemaDefinitionException):
        fastjsonschema.compile({**SCHEMA, "type": 7})


def test_the_whole_schema_takes_each_command_and_nothing_else() -> None:
    whole = fastjsonschema.compile(closed(SCHEMA))
    whole(printed("next"))
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        whole({"version": 1})


@pytest.mark.parametrize(
    ("place", "value"),
    [("version", 2), ("port", -1), ("protocol", "sctp"), ("state", None), ("surplus", 1)],
)
def test_a_fault_is_noticed(place: str, value: object) -> None:
    good = {
        "version": 1,
        "port": 3000,
        "protocol": "tcp",
        "state": "free",
        "reached": True,
        "waited_ms": 0.1,
        "reason": None,
    }
    assert faults(good, "wait") == []
    assert faults({**good, place: value}, "wait") != []
    del good["reached"]
    assert faults(good, "wait") != []


@needs_linux
@pytest.mark.parametrize("flags", [(), ("--listening",), ("--loopback",)])
@pytest.mark.parametrize("source", ["auto", "proc", "psutil"])
def test_list(servers: Servers, flags: tuple[str, ...], source: str) -> None:
    server = servers.listen()
    servers.connect(("127.0.0.1", server.port))
    servers.start({"sockets": [{"protocol": "udp"}]})
    document = assert_promised("list", *flags, "--source", source)
    assert document["sockets"] != []


@needs_linux
def test_who_of_a_held_port(servers: Servers) -> None:
    document = assert_promised("who", str(servers.listen().port))
    assert document["origins"] != []


def test_who_of_a_free_port() -> None:
    assert assert_promised("who", str(free_port()))["holders"] == []


@needs_linux
def test_free(servers: Servers) -> None:
    """Refused without --yes, freed with it, then free already."""
    port = str(servers.listen(port=free_port()).port)
    outcomes = [assert_promised("free", port, *yes)["outcome"] for yes in ((), ("--yes",), ())]
    assert outcomes == ["refused", "freed", "already_free"]


def test_next() -> None:
    assert len(assert_promised("next", "3000", "-n", "3")["ports"]) == 3
    assert_promised("next", "--udp")


@needs_linux
def test_wait(servers: Servers) -> None:
    assert assert_promised("wait", str(free_port()))["reached"]
    port = str(servers.listen().port)
    assert not assert_promised("wait", port, "--timeout", "0")["reached"]
    assert assert_promised("wait", port, "--until", "listening")["state"] == "listening"


@needs_linux
def test_probe(servers: Servers) -> None:
    port = servers.listen().port
    assert assert_promised("probe", f"127.0.0.1:{port}", "--timeout", "1")["listeners"] != []
    assert not assert_promised("probe", f"127.0.0.1:{free_port()}")["reached"]


@needs_linux
@pytest.mark.parametrize("argv", [(), ("--to", "127.0.0.1:9"), ("--bind", "127.0.0.1")])
def test_check(servers: Servers, argv: tuple[str, ...]) -> None:
    server = servers.listen()
    servers.start({"sockets": [{"autobinds": True, "peer": ("127.0.0.1", server.port)}]})
    assert assert_promised("check", *argv)["tcp"]["destinations"] != []


def test_check_without_an_answer() -> None:
    assert_promised("check", "--warn", "abc", definition="check_unknown")


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("socket.ownership", set(Ownership) - {Ownership.NOT_LOOKED_UP}),
        ("socket.exposure", Exposure),
        ("socket.state", {*TcpState, None}),
        ("who.addresses.verdict", BindVerdict),
        ("free.outcome", {*StopOutcome, "already_free"}),
        ("free.signals.signal", StopSignal),
        ("wait.state", PortState),
        ("probe.contacts.outcome", ProbeOutcome),
        ("supervisor.kind", SupervisorKind),
    ],
)
def test_the_schema_names_every_value(place: str, values: Iterable[StrEnum | str | None]) -> None:
    definition, *fields = place.split(".")
    part = SCHEMA["$defs"][definition]
    for field in fields:
        part = part.get("items", part)["properties"][field]
    assert set(part["enum"]) == {None if each is None else str(each) for each in values}


def test_the_schema_names_every_level() -> None:
    assert set(SCHEMA["$defs"]["level"]["enum"]) == set(map(str, Level))
