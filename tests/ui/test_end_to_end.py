"""The real session over the real machine: nothing here is scripted."""

from __future__ import annotations

import socket
import sys
import time

import pytest
from textual.message import Message

from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.sampling.dashboards import LocalDashboards
from porttui.sampling.sampler import Sampler
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.services import Services
from tests.scripted import ScriptedClipboard
from tests.servers import Servers, has_exited, until
from tests.ui.stage import LARGE, Stage


def a_free_port() -> int:
    """A port outside the ephemeral range, so that no outgoing connection takes it meanwhile."""
    for port in range(20000, 30000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("10,000 ports and none is free")


def a_session(source: SourceName) -> PorttuiApp:
    host = local_host(source)
    sampler = Sampler(host)
    return PorttuiApp(
        LocalDashboards(sampler),
        lambda: Services(host, sampler, Stopper(host, sampler), ScriptedClipboard()),
    )


@pytest.mark.parametrize("source", [SourceName.AUTO, SourceName.PSUTIL])
async def test_a_server_is_found_stopped_and_its_port_is_free(
    servers: Servers, source: SourceName
) -> None:
    port = a_free_port()
    server = servers.run([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"])
    sampler = Sampler(local_host())
    until(lambda: port in {each.local.port for each in sampler.sample().sockets})

    app = a_session(source)
    heard: list[Message] = []
    start = time.monotonic()
    async with app.run_test(size=LARGE, message_hook=heard.append) as pilot:
        stage = Stage(app, pilot, heard)
        await stage.until(lambda: port in stage.ports, "the server's row")
        seen_after_s = time.monotonic() - start
        stage.burst("slash", *str(port), "enter", "x")
        await stage.until(lambda: stage.dialog == "StopDialog")
        await stage.until(lambda: f"-m http.server {port} --bind 127.0.0.1" in stage.said)
        stage.burst("y")
        if source is SourceName.PSUTIL:
            # It does not tell who opened a socket: root has to name the process.
            await stage.see("Type python")
            stage.burst(*str(server.pid), "enter")
        await stage.until(
            lambda: f"port {port} is free (127.0.0.1:{port} can be bound)" in stage.said
        )
        assert "sent SIGTERM to python" in stage.said
        await stage.press("escape")
        await stage.until(lambda: f" {port} is free" in stage.status)
        await stage.until(lambda: "0 of" in stage.text, "the row's end")

    assert has_exited(server.pid)
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
        again.listen()
    assert seen_after_s < 2, "it is to be seen within two seconds of starting"


async def test_a_server_that_starts_later_comes_by_itself_and_is_marked(servers: Servers) -> None:
    app = a_session(SourceName.AUTO)
    heard: list[Message] = []
    async with app.run_test(size=LARGE, message_hook=heard.append) as pilot:
        stage = Stage(app, pilot, heard)
        await stage.until(lambda: stage.samples_heard)
        port = servers.listen("127.0.0.1", a_free_port()).port
        await stage.press("slash")
        await stage.type(str(port))
        await stage.until(lambda: stage.ports == [port])
        assert next(line for line in stage.lines if f" {port} " in line)[1] == "+"
