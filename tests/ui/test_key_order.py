"""Keys that come all at once act one after the other: here order is a matter of safety."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from porttui.model.stop import StopSignal
from porttui.ui.input_guard import BURST_S
from tests.making import listener, process
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.session import SMALL, scripted_session


def a_row_of_servers(number: int = 40) -> ScriptedMachine:
    """Each on a port of its own, the process's number being the port's."""
    return ScriptedMachine(
        listener("127.0.0.1", port, held_by=[process(port, f"server{port}")])
        for port in range(3000, 3000 + number)
    )


@pytest.mark.parametrize("size", [(120, 40), SMALL, (20, 5)], ids=str)
async def test_filter_enter_x_y_in_one_go_stops_the_row_that_fits(size: tuple[int, int]) -> None:
    async with scripted_session(a_row_of_servers(), size=size) as session:
        session.send_keys("slash", *"3017", "enter", "x", "y")
        await session.until(lambda: session.machine.signals, "a signal")
        await session.until(lambda: session.machine.gone == {3017})
        assert session.machine.signals == [(3017, StopSignal.TERM)]


@pytest.mark.parametrize("key", ["y", "f"])
async def test_a_key_that_means_nothing_yet_does_not_wait_for_a_dialog(key: str) -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys(key, "x")
        await session.until(lambda: session.dialog == "StopDialog")
        await session.pilot.pause()
        assert session.machine.signals == []
        assert "y ask to exit" in session.flat_text


async def test_dialogs_that_are_left_in_one_go_stop_nothing() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("x", "n", "j", "x", "escape", "j", "x", "q", "j", "x")
        await session.await_text("Stop server3003 3003?")
        assert session.machine.signals == []


async def test_moving_and_stopping_in_one_go_stops_the_row_that_was_moved_to() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("j", "j", "j", "k", "x", "f")
        await session.until(lambda: session.machine.signals, "a signal")
        assert session.machine.signals == [(3002, StopSignal.KILL)]


@pytest.mark.parametrize("size", [(120, 40), SMALL], ids=str)
async def test_a_pane_and_j_in_one_go_moves_in_that_pane(size: tuple[int, int]) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        session.send_keys("2", "j", "j", "tab", "j", "1", "j")
        await session.until(lambda: session.table(1).cursor_index == 1)
        assert [session.table(number).cursor_index for number in (1, 2, 3)] == [1, 2, 1]


async def test_sorting_and_moving_in_one_go_moves_in_the_new_order() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("S", "g", "j", "x")
        await session.until(lambda: session.dialog == "StopDialog")
        assert "server3038 3038" in session.flat_text


async def test_copying_and_moving_in_one_go_copies_the_row_before_the_move() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("j", "c", "j", "j")
        await session.until(lambda: session.table().cursor_index == 3)
        await session.until(lambda: session.clipboard.copied)
        assert session.clipboard.copied == ["127.0.0.1:3001"]


async def test_details_and_x_in_one_go_stop_from_the_details() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("j", "enter", "x")
        await session.until(lambda: session.dialog == "StopDialog")
        await session.pilot.pause()
        assert session.dialog == "StopDialog", "the details must not come after what followed them"
        assert "server3001 3001" in session.flat_text


async def test_details_and_escape_in_one_go_are_over() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("enter", "escape", "j")
        await session.until(lambda: session.table().cursor_index == 1)
        await session.pilot.pause()
        assert session.dialog == ""


async def test_keys_for_the_help_are_not_for_the_table() -> None:
    async with scripted_session(a_row_of_servers()) as session:
        session.send_keys("question_mark", "j", "G", "escape", "j")
        await session.until(lambda: session.dialog == "" and session.table().cursor_index)
        await session.pilot.pause()
        assert session.table().cursor_index == 1


async def test_choosing_an_end_and_asking_in_one_go_stops_that_end() -> None:
    async with scripted_session(developers_machine()) as session:
        session.send_keys("2", "slash", *"51230", "enter", "x", "c", "y")
        await session.until(lambda: session.machine.signals, "a signal")
        assert session.machine.signals == [(12044, StopSignal.TERM)]


async def test_keys_before_the_first_sample_do_nothing_to_what_comes_later() -> None:
    machine = a_row_of_servers()
    machine.may_read.clear()
    async with scripted_session(machine, sampled=False) as session:
        await session.until(lambda: machine.reads)
        session.send_keys("x", "y", "enter", "c", "j", "G", "s")
        await session.pilot.pause()
        machine.may_read.set()
        await session.until(lambda: session.sample_count)
        await session.pilot.pause()
        assert session.dialog == ""
        assert machine.signals == []
        assert session.clipboard.copied == []
        assert session.table().cursor_index == 0


@pytest.mark.parametrize("seed", range(4))
async def test_the_order_holds_while_samples_come_in(seed: int) -> None:
    """The rows move while the keys come: the stopped row is still the one that fits."""
    machine = a_row_of_servers()
    frames = itertools.cycle(
        [
            machine.sockets,
            machine.sockets[seed + 3 :],
            tuple(
                listener("127.0.0.1", port, held_by=[process(port, "early")])
                for port in range(100, 130)
            )
            + machine.sockets,
        ]
    )

    def next_frame() -> None:
        if not machine.signals:
            machine.sockets = next(frames)

    machine.on_read = next_frame
    async with scripted_session(machine) as session:
        for keys in (
            "/3030",
            ["enter"],
            "x",
            "n",
            ["escape"],
            "jjj",
            "kS",
            "S/3031",
            ["enter"],
            "xy",
        ):
            session.app.action_refresh()
            session.send_keys(*keys)
        await session.until(lambda: machine.signals, "a signal")
        assert machine.signals == [(3031, StopSignal.TERM)]


# Answers: a key that came in a crowd stops nothing


@pytest.mark.parametrize(
    "keys",
    [
        ["x", "y"],
        ["slash", *"3017", "enter", "x", "y"],
        ["j", "down", "k", "2", "1", "G", "x", "y"],
    ],
    ids=" ".join,
)
async def test_who_is_quick_is_answered(keys: list[str]) -> None:
    async with scripted_session(a_row_of_servers(), key_pause_s=BURST_S) as session:
        session.send_keys(*keys)
        await session.until(lambda: session.machine.signals, "a signal")


@pytest.mark.parametrize(
    "keys",
    [
        [*"proxy"],
        [*"proxy", "enter"],
        [*"proxy", "enter", "x", "y"],
        ["slash", *"3017", "enter", "x", "f"],
        ["x", "f"],
        ["x", "y", "a"],
        ["x", *"if"],
        ["x", "y", "y"],
        [*"xyzzy"],
    ],
    ids="".join,
)
async def test_a_word_that_is_pasted_as_keys_stops_nothing(keys: list[str]) -> None:
    """A terminal without bracketed paste sends what is pasted as if it were typed."""
    async with scripted_session(a_row_of_servers(), key_pause_s=BURST_S) as session:
        session.send_keys(*keys)
        await session.await_text("press it again to answer")
        assert session.machine.signals == []
        await asyncio.sleep(2 * BURST_S)  # a person's pause
        await session.press("y")
        await session.until(lambda: session.machine.signals, "a signal")


async def test_a_paste_behind_an_answer_takes_it_back() -> None:
    async with scripted_session(a_row_of_servers(), key_pause_s=BURST_S) as session:
        session.send_keys("x", "y")
        await session.paste("text")
        await session.await_text("press it again to answer")
        assert session.machine.signals == []


async def test_an_answer_is_taken_back_by_what_is_read_behind_it() -> None:
    """Bytes that mean nothing become no key, and yet the key was one of a crowd."""
    async with scripted_session(a_row_of_servers(), key_pause_s=BURST_S) as session:
        session.app.burst.input_read_at = time.monotonic() + 60.0
        session.send_keys("x", "y")
        await session.await_text("press it again to answer")
        assert session.machine.signals == []


async def test_a_dialog_that_is_left_at_once_stops_nothing() -> None:
    async with scripted_session(a_row_of_servers(), key_pause_s=BURST_S) as session:
        session.send_keys("x", "y", "escape")
        await session.until(lambda: session.dialog == "")
        await asyncio.sleep(2 * BURST_S)
        assert session.machine.signals == []
