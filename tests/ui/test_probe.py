"""Whether a client can connect: `t`, against real servers."""

from __future__ import annotations

import socket

import pytest

from tests.making import listener, process, udp
from tests.scripted import ScriptedMachine
from tests.servers import Servers, free_port
from tests.ui.session import SMALL, scripted_session

NODE = process(4213, "node")


@pytest.mark.parametrize("size", [(120, 40), SMALL, (40, 12)], ids=str)
async def test_a_silent_server(servers: Servers, size: tuple[int, int]) -> None:
    server = servers.start({"sockets": [{}], "accepts": True})
    machine = ScriptedMachine([listener("127.0.0.1", server.port, held_by=[NODE])])
    async with scripted_session(machine, size=size) as session:
        await session.press("t")
        await session.until(lambda: "connected, silent" in session.dialog_text)
        assert "ask by HTTP" in session.dialog_text
        await session.press("escape")
        assert session.dialog == ""


async def test_a_server_that_is_gone() -> None:
    port = free_port()
    machine = ScriptedMachine([listener("127.0.0.1", port, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("t")
        await session.until(lambda: "listens there, but refused" in session.dialog_text)


async def test_http_is_spoken_when_it_is_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        machine = ScriptedMachine([listener("0.0.0.0", port, held_by=[NODE])])
        async with scripted_session(machine) as session:
            await session.press("t")
            await session.until(lambda: "connected, silent" in session.dialog_text)
            first, _ = server.accept()
            with first:
                assert first.recv(1000) == b""
            await session.press("h")
            second, _ = server.accept()
            with second:
                assert second.recv(1000).startswith(b"HEAD / HTTP/1.0")
                second.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")
            await session.until(lambda: "HTTP: HTTP/1.0 204 No Content" in session.dialog_text)


async def test_rows_without_a_tcp_server_say_so() -> None:
    async with scripted_session(
        ScriptedMachine([udp("127.0.0.1", 5353, held_by=[NODE])])
    ) as session:
        await session.press("t")
        await session.await_status("no TCP server")
        await session.press("3", "t")
        await session.await_status("no TCP server")
