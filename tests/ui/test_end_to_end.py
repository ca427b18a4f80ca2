"""The real session over the real machine: nothing here is scripted."""

from __future__ import annotations

import socket
import sys
import time

import pytest
from textual.message import Message

from porttui.host.local import local_host
from porttui.host.request import SourceName
from porttui.sampling.sampler import Sampler
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.services import Services
from tests.local_dashboards import LocalDashboards
from tests.scripted import ScriptedClipboard
from tests.servers import Servers, has_exited, until
from tests.ui.session import LARGE, Session


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


def make_app(source: SourceName) -> PorttuiApp:
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

    app = make_app(source)
    heard: list[Message] = []
    start = time.monotonic()
    async with app.run_test(size=LARGE, message_hook=heard.append) as pilot:
        session = Session(app, pilot, heard)
        await session.until(lambda: port in session.ports, "the server's row")
        seen_after_s = time.monotonic() - start
        session.send_keys("slash", *str(port), "enter", "x")
        await session.until(lambda: session.dialog == "StopDialog")
        await session.until(
            lambda: f"-m http.server {port} --bind 127.0.0.1" in session.dialog_text
        )
        session.send_keys("y")
        if source is SourceName.PSUTIL:
            # It does not tell who opened a socket: root has to name the process.
            await session.await_text("Type python")
            session.send_keys(*str(server.pid), "enter")
        await session.until(
            lambda: f"port {port} is free (127.0.0.1:{port} can be bound)" in session.dialog_text
        )
        assert "sent SIGTERM to python" in session.dialog_text
        await session.press("escape")
        await session.until(lambda: f" {port} is free" in session.status)
        await session.until(lambda: "0 of" in session.text, "the row's end")

    assert has_exited(server.pid)
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
        again.listen()
    assert seen_after_s < 2, "it is to be seen within two seconds of starting"


async def test_a_server_that_starts_later_comes_by_itself_and_is_marked(servers: Servers) -> None:
    app = make_app(SourceName.AUTO)
    heard: list[Message] = []
    async with app.run_test(size=LARGE, message_hook=heard.append) as pilot:
        session = Session(app, pilot, heard)
        await session.until(lambda: session.sample_count)
        port = servers.listen("127.0.0.1", a_free_port()).port
        await session.press("slash")
        await session.type(str(port))
        await session.until(lambda: session.ports == [port])
        assert next(line for line in session.lines if f" {port} " in line)[1] == "+"
