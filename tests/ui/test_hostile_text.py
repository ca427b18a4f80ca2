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
from tests.ui.session import LARGE, SMALL, ScriptedSession, scripted_session

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


def assert_whole(session: ScriptedSession, size: tuple[int, int]) -> None:
    """Every line is as wide as the screen: nothing is swallowed and nothing sticks out."""
    assert [cell_len(line) for line in session.lines] == [size[0]] * size[1]


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_names_are_shown_as_they_are_in_the_panes(size: tuple[int, int]) -> None:
    async with scripted_session(hostile_machine(), size=size) as session:
        for key in ("2", "3", "1"):
            await session.send_and_wait(key)
            assert_whole(session, size)
        for number, name in enumerate(NAMES.values()):
            row = next(line for line in session.lines if f" {3000 + number} " in line)
            assert name[:4] in row
            assert row.count("\u2068") == row.count("\u2069"), "nothing behind it is turned round"
        await session.send_and_wait("2")
        for number, name in enumerate(NAMES.values()):
            row = next(line for line in session.lines if f":{40000 + number} " in line)
            assert row.count(name[:2]) >= 2


async def test_names_are_shown_as_they_are_in_dialogs() -> None:
    async with scripted_session(hostile_machine()) as session:
        for name in NAMES.values():
            await session.send_and_wait("1", "enter")
            assert session.dialog == "DetailsDialog"
            assert name[:25] in session.dialog_text
            assert_whole(session, LARGE)
            await session.send_and_wait("escape")
            await session.send_and_wait("x")
            assert session.dialog == "StopDialog"
            assert name[:25] in session.dialog_text
            assert_whole(session, LARGE)
            await session.send_and_wait("escape", "j", "2", "x")
            assert session.dialog == "ChooseDialog"
            assert "the client: " in session.dialog_text
            assert name[:25] in session.dialog_text
            assert_whole(session, LARGE)
            await session.send_and_wait("escape", "j")


@pytest.mark.parametrize("size", [(40, 12), (8, 3)], ids=str)
async def test_names_break_no_screen_however_small(size: tuple[int, int]) -> None:
    async with scripted_session(hostile_machine(), size=size) as session:
        for keys in (["2"], ["x"], ["escape", "3"], ["1"]):
            await session.send_and_wait(*keys)
            assert_whole(session, size)
        for _ in NAMES:
            for keys in (["enter"], ["escape", "x"], ["escape", "j"]):
                await session.send_and_wait(*keys)
            assert_whole(session, size)


async def test_names_are_shown_as_they_are_in_what_a_stop_says() -> None:
    machine = hostile_machine()
    async with scripted_session(machine) as session:
        for number, name in enumerate(NAMES.values()):
            await session.send_and_wait("slash", *str(3000 + number), "enter", "x", "y")
            await session.until(lambda: "Esc close" in session.dialog_text)
            await session.press("end")
            assert name[:25] in session.dialog_text
            await session.press("escape")
            assert name[:4] in session.status
            await session.press("escape")
        assert len(machine.signals) == len(NAMES)


@pytest.mark.parametrize("case", NAMES)
async def test_names_are_shown_as_they_are_in_toasts(case: str) -> None:
    name = NAMES[case]
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[server_of(0, name)])])
    machine.may_exit.clear()
    # On a large screen Textual blanks a wide character that lies over the edge between two panes.
    async with scripted_session(machine, size=SMALL) as session:
        session.send_keys("x", "y")
        await session.until(lambda: machine.signals)
        await session.press("escape")
        machine.may_exit.set()
        await session.until(lambda: "exited after" in session.toasts)
        assert name[:15] in session.toasts
        assert "4000" in session.toasts


async def test_names_can_be_filtered_by() -> None:
    async with scripted_session(hostile_machine(), size=SMALL) as session:
        for number, name in enumerate(NAMES.values()):
            await session.press("slash")
            await session.paste(name.split()[0])
            await session.press("enter")
            assert 3000 + number in session.ports
            await session.press("escape")


async def test_a_filter_that_is_markup_is_shown_as_it_is() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[process()])])
    async with scripted_session(machine) as session:
        await session.press("slash")
        await session.paste("[/red]")
        await session.press("enter")
        assert "0 of 1 match [/red]" in session.text
        assert "no row matches the filter [/red]" in session.text


async def test_markup_in_a_reason_is_shown_as_it_is() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[process()])])
    clipboard = ScriptedClipboard(CopyOutcome.UNAVAILABLE)
    clipboard.result = clipboard.result._replace(detail="[/red] took [b]it")
    async with scripted_session(machine, clipboard=clipboard) as session:
        await session.press("c")
        await session.until(lambda: session.dialog == "ManualCopyDialog")
        await session.until(lambda: "[/red] took [b]it" in session.dialog_text)


async def test_the_whole_of_a_long_command_can_be_read_in_the_details() -> None:
    words = [f"--argument-{number}" for number in range(60)]
    server = process(4213, "server", cmdline=["server", *words])
    async with scripted_session(
        ScriptedMachine([listener("127.0.0.1", 3000, held_by=[server])])
    ) as session:
        await session.press("enter")
        for word in (words[0], words[30], words[-1]):
            assert word in session.dialog_text
