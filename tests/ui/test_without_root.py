"""Without root: what is hidden is counted, and the command that would show it is named."""

from __future__ import annotations

import pytest

from tests.making import listener
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, scripted_session


def with_hidden(number: int, uid: int = 1000) -> ScriptedMachine:
    """The developer's machine and further hidden listeners, seen by this user."""
    machine = developers_machine()
    machine.sockets += tuple(
        listener("127.0.0.1", 10000 + port, user="elastic") for port in range(number - 1)
    )
    machine.uid = uid
    return machine


@pytest.mark.parametrize("command", ["sudo porttui", 'sudo "$(which porttui)"'])
async def test_the_header_counts_the_hidden_and_names_the_command(command: str) -> None:
    async with scripted_session(with_hidden(12), elevation=command) as session:
        assert f"HIDDEN 12: {command}" in session.lines[0]


async def test_the_count_and_a_command_are_there_on_a_small_screen_too() -> None:
    async with scripted_session(with_hidden(12), size=SMALL) as session:
        assert "HIDDEN 12: sudo porttui" in session.lines[0]


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_a_command_that_does_not_fit_is_not_cut_into_another(size: tuple[int, int]) -> None:
    command = f"sudo /home/ana/{'projects/' * 8}.venv/bin/python -m porttui"
    async with scripted_session(with_hidden(12), size=size, elevation=command) as session:
        header = session.lines[0]
        assert "HIDDEN 12" in header
        if "sudo" in header:
            assert command in header or "sudo porttui " in header


async def test_root_is_not_told_to_become_root() -> None:
    async with scripted_session(with_hidden(12, uid=0)) as session:
        assert "HIDDEN 12" in session.lines[0]
        assert "sudo" not in session.text


async def test_a_hidden_owner_reads_hidden_with_the_sockets_user() -> None:
    async with scripted_session(with_hidden(1)) as session:
        row = next(line for line in session.lines if " 9300 " in line)
        assert "hidden" in row
        assert "elastic" in row


async def test_an_unknown_user_is_no_empty_cell() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 9300, user=None)])
    machine.uid = 1000
    async with scripted_session(machine) as session:
        row = next(line for line in session.lines if " 9300 " in line)
        assert "hidden" in row
        assert "unknown" in row


async def test_hidden_rows_can_be_found() -> None:
    async with scripted_session(with_hidden(3)) as session:
        await session.send_and_wait("slash", *"hidden", "enter")
        assert session.ports == [9300, 10000, 10001]


@pytest.mark.parametrize("command", ["sudo porttui", 'sudo "$(which porttui)"'])
async def test_the_details_name_the_same_command_as_the_header(command: str) -> None:
    async with scripted_session(with_hidden(1), elevation=command) as session:
        await session.send_and_wait("slash", *"9300", "enter")
        await session.press("enter")
        assert session.dialog == "DetailsDialog"
        assert command in session.dialog_text
