"""`C` copies in another form, `o` opens a browser."""

from __future__ import annotations

import pytest

from porttui.host.request import HostError
from tests.making import listener, process, udp
from tests.scripted import ScriptedMachine
from tests.ui.stage import SMALL, on_stage

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
    async with on_stage(machine, size=size) as stage:
        await stage.press("C")
        assert "Copy what?" in stage.text
        await stage.press(key)
        await stage.until(lambda: stage.clipboard.copied == [text])
        assert stage.dialog == ""


async def test_escape_copies_nothing() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        await stage.press("C", "escape")
        assert (stage.dialog, stage.clipboard.copied) == ("", [])


async def test_without_a_server_it_is_said() -> None:
    async with on_stage(ScriptedMachine([udp("127.0.0.1", 53, held_by=[NODE])])) as stage:
        await stage.press("o")
        await stage.say("no TCP server")
        await stage.press("3", "C")
        await stage.say("no server on this row")
        assert stage.machine.opened == []


async def test_a_browser_that_is_not_there_is_said() -> None:
    def refuse(url: str) -> None:  # noqa: ARG001
        raise HostError("there is no graphical display here")

    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        stage.machine.open_url = refuse  # type: ignore[method-assign]
        await stage.press("o")
        await stage.say("Not opened: there is no graphical display here; C copies http://127.0.0.1")
