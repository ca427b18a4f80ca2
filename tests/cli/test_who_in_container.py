"""What `who` tells of a server in a container, by a program that pretends to be docker."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from porttui.cli.who import WhoCommand, run
from porttui.host.containers import ContainerNames
from porttui.host.local import local_host
from porttui.host.programs import RunAs
from porttui.host.request import SourceName
from porttui.model.address import PortQuery, Protocol
from porttui.model.process import Process
from porttui.model.provenance import Provenance
from tests.host.fake_tool import FakeTool
from tests.servers import Servers

pytestmark = [
    pytest.mark.usefixtures("fakes_are_trusted"),
    pytest.mark.skipif(sys.platform != "linux", reason="needs helper processes of Linux"),
]

IDS = ["0123456789abcdef" * 4, "fedcba9876543210" * 4, "aa" * 32]


def who(port: int, docker: FakeTool, *, as_json: bool = False) -> str:
    """What `who` prints where each holder is in its own container."""

    def read_provenance(process: Process) -> Provenance:
        return Provenance(process, cgroups=(f"/docker/{IDS[process.pid % len(IDS)]}",))

    names = ContainerNames(RunAs(docker.environ))
    host = local_host()._replace(read_provenance=read_provenance, container_name=names.name_of)
    out = io.StringIO()
    command = WhoCommand(PortQuery(Protocol.TCP, port), as_json, SourceName.AUTO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("porttui.cli.who.local_host", lambda *_, **__: host)
        run(command, out, io.StringIO())
    return out.getvalue()


def test_its_name_is_told_beside_its_id(servers: Servers, tmp_path: Path) -> None:
    docker = FakeTool(tmp_path, "docker", "echo /web")
    server = servers.listen()
    identifier = IDS[server.pid % len(IDS)]
    words = who(server.port, docker)
    assert f"the container web ({identifier[:12]}). To stop it:" in words
    [origin] = json.loads(who(server.port, docker, as_json=True))["origins"]
    [supervisor] = origin["supervisors"]
    assert (supervisor["name"], supervisor["kind"]) == (identifier[:12], "container")
    assert supervisor["container"] == {"runtime": "docker", "id": identifier, "name": "web"}
    assert supervisor["command"] == f"docker stop {identifier[:12]}"


def test_all_the_names_together_take_two_seconds_at_most(servers: Servers, tmp_path: Path) -> None:
    docker = FakeTool(tmp_path, "docker", "exec sleep 600")
    family = servers.start({"sockets": [{}], "forks": 2})
    start = time.monotonic()
    supervisors = [
        supervisor
        for origin in json.loads(who(family.port, docker, as_json=True))["origins"]
        for supervisor in origin["supervisors"]
    ]
    assert 2.0 <= time.monotonic() - start < 3.9
    assert len(supervisors) == 3
    assert [each["container"]["name"] for each in supervisors] == [None] * 3
