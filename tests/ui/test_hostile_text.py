"""What others named: it is shown as it is, everywhere, and breaks nothing."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from porttui.host.clipboard import CopyOutcome
from porttui.model.address import Protocol
from porttui.model.process import Process
from porttui.model.socket import Socket
from tests.making import listener, pair, process
from tests.scripted import ScriptedClipboard, ScriptedMachine
from tests.ui.stage import LARGE, SMALL, ScriptedStage, on_stage

NAMES = {
    "closing markup": "[/red]",
    "link markup": "[@click=app.quit]q[/]",
    "variable and backslash": "$primary\\[b\\",
    "wide": "日本語🚀サーバー",
    "combining": "e\u0301e\u0301e\u0301",
    "right to left": "\u2068אבג\u2069",
    "long, right to left": "\u2068" + "א" * 199 + "\u2069",
    "long": "x" * 300,
    "long and wide": "界" * 150,
}


def server_of(number: int, name: str) -> Process:
    """A server of that name, of a user of that name, with a command line of that."""
    return process(4000 + number, name, cmdline=[name, f"--{name}"], user=name)


def hostile_machine() -> ScriptedMachine:
    """All the names, each with a listener and a connection to itself."""
    sockets: list[Socket] = []
    for number, name in enumerate(NAMES.values()):
        server = server_of(number, name)
        here, there = f"127.0.0.1:{3000 + number}", f"127.0.0.1:{40000 + number}"
        sockets.append(listener("127.0.0.1", 3000 + number, held_by=[server]))
        sockets += pair(there, here, client_of=[server], server_of=[server])
    machine = ScriptedMachine(sockets)
    machine.services = {
        (Protocol.TCP, 3000 + number): name for number, name in enumerate(NAMES.values())
    }
    return machine


def assert_whole(stage: ScriptedStage, size: tuple[int, int]) -> None:
    """Every line is as wide as the screen: nothing is swallowed and nothing sticks out."""
    assert [cell_len(line) for line in stage.lines] == [size[0]] * size[1]


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_names_are_shown_as_they_are_in_the_panes(size: tuple[int, int]) -> None:
    async with on_stage(hostile_machine(), size=size) as stage:
        for key in ("2", "3", "1"):
            await stage.go(key)
            assert_whole(stage, size)
        for number, name in enumerate(NAMES.values()):
            row = next(line for line in stage.lines if f" {3000 + number} " in line)
            assert name[:4] in row
            assert row.count("\u2068") == row.count("\u2069"), "nothing behind it is turned round"
        await stage.go("2")
        for number, name in enumerate(NAMES.values()):
            row = next(line for line in stage.lines if f":{40000 + number} " in line)
            assert row.count(name[:2]) >= 2


async def test_names_are_shown_as_they_are_in_dialogs() -> None:
    async with on_stage(hostile_machine()) as stage:
        for name in NAMES.values():
            await stage.go("1", "enter")
            assert stage.dialog == "DetailsDialog"
            assert name[:25] in stage.said
            assert_whole(stage, LARGE)
            await stage.go("escape")
            await stage.go("x")
            assert stage.dialog == "StopDialog"
            assert name[:25] in stage.said
            assert_whole(stage, LARGE)
            await stage.go("escape", "j", "2", "x")
            assert stage.dialog == "ChooseDialog"
            assert "the client: " in stage.said
            assert name[:25] in stage.said
            assert_whole(stage, LARGE)
            await stage.go("escape", "j")


@pytest.mark.parametrize("size", [(40, 12), (8, 3)], ids=str)
async def test_names_break_no_screen_however_small(size: tuple[int, int]) -> None:
    async with on_stage(hostile_machine(), size=size) as stage:
        for keys in (["2"], ["x"], ["escape", "3"], ["1"]):
            await stage.go(*keys)
            assert_whole(stage, size)
        for _ in NAMES:
            for keys in (["enter"], ["escape", "x"], ["escape", "j"]):
                await stage.go(*keys)
            assert_whole(stage, size)


async def test_names_are_shown_as_they_are_in_what_a_stop_says() -> None:
    machine = hostile_machine()
    async with on_stage(machine) as stage:
        for number, name in enumerate(NAMES.values()):
            await stage.go("slash", *str(3000 + number), "enter", "x", "y")
            await stage.until(lambda: "Esc close" in stage.said)
            await stage.press("end")
            assert name[:25] in stage.said
            await stage.press("escape")
            assert name[:4] in stage.status
            await stage.press("escape")
        assert len(machine.signals) == len(NAMES)


@pytest.mark.parametrize("case", NAMES)
async def test_names_are_shown_as_they_are_in_toasts(case: str) -> None:
    name = NAMES[case]
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[server_of(0, name)])])
    machine.may_exit.clear()
    # On a large screen Textual blanks a wide character that lies over the edge between two panes.
    async with on_stage(machine, size=SMALL) as stage:
        stage.burst("x", "y")
        await stage.until(lambda: machine.signals)
        await stage.press("escape")
        machine.may_exit.set()
        await stage.until(lambda: "exited after" in stage.toasts)
        assert name[:15] in stage.toasts
        assert "4000" in stage.toasts


async def test_names_can_be_filtered_by() -> None:
    async with on_stage(hostile_machine(), size=SMALL) as stage:
        for number, name in enumerate(NAMES.values()):
            await stage.press("slash")
            await stage.paste(name.split()[0])
            await stage.press("enter")
            assert 3000 + number in stage.ports
            await stage.press("escape")


async def test_a_filter_that_is_markup_is_shown_as_it_is() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[process()])])
    async with on_stage(machine) as stage:
        await stage.press("slash")
        await stage.paste("[/red]")
        await stage.press("enter")
        assert "0 of 1 fit [/red]" in stage.text
        assert "no row fits the filter [/red]" in stage.text


async def test_markup_in_a_reason_is_shown_as_it_is() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[process()])])
    clipboard = ScriptedClipboard(CopyOutcome.UNAVAILABLE)
    clipboard.result = clipboard.result._replace(detail="[/red] took [b]it")
    async with on_stage(machine, clipboard=clipboard) as stage:
        await stage.press("c")
        await stage.until(lambda: stage.dialog == "ShowText")
        await stage.until(lambda: "[/red] took [b]it" in stage.said)


async def test_the_whole_of_a_long_command_can_be_read_in_the_details() -> None:
    words = [f"--argument-{number}" for number in range(60)]
    server = process(4213, "server", cmdline=["server", *words])
    async with on_stage(ScriptedMachine([listener("127.0.0.1", 3000, held_by=[server])])) as stage:
        await stage.press("enter")
        for word in (words[0], words[30], words[-1]):
            assert word in stage.said
