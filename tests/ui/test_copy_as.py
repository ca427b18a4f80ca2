"""`C` copies in another form, `o` opens a browser."""

from __future__ import annotations

import pytest

from porttui.host.request import HostError
from tests.making import listener, process, udp
from tests.scripted import ScriptedMachine
from tests.ui.session import SMALL, scripted_session

NODE = process(4213, "node")


@pytest.mark.parametrize("size", [(120, 40), SMALL, (40, 12)], ids=str)
@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("u", "http://127.0.0.1:3000/"),
        ("p", "PORT=3000"),
        ("k", "kill -TERM 4213"),
        ("s", "ss -Htlnp 'sport = :3000'"),
    ],
)
async def test_it_is_copied_in_that_form(size: tuple[int, int], key: str, text: str) -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine, size=size) as session:
        await session.press("C")
        assert "Copy what?" in session.text
        await session.press(key)
        await session.until(lambda: session.clipboard.copied == [text])
        assert session.dialog == ""


async def test_escape_copies_nothing() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("C", "escape")
        assert (session.dialog, session.clipboard.copied) == ("", [])


async def test_without_a_server_it_is_said() -> None:
    async with scripted_session(ScriptedMachine([udp("127.0.0.1", 53, held_by=[NODE])])) as session:
        await session.press("o")
        await session.await_status("no TCP server")
        await session.press("3", "C")
        await session.await_status("no server on this row")
        assert session.machine.opened == []


async def test_a_browser_that_is_not_there_is_said() -> None:
    def refuse(url: str) -> None:  # noqa: ARG001
        raise HostError("there is no graphical display")

    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        session.machine.open_url = refuse  # type: ignore[method-assign]
        await session.press("o")
        await session.await_status(
            "Not opened: there is no graphical display; C copies http://127.0.0.1"
        )
