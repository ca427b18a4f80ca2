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
from tests.ui.stage import SMALL, on_stage


def a_row_of_servers(number: int = 40) -> ScriptedMachine:
    """Each on a port of its own, the process's number being the port's."""
    return ScriptedMachine(
        listener("127.0.0.1", port, held_by=[process(port, f"server{port}")])
        for port in range(3000, 3000 + number)
    )


@pytest.mark.parametrize("size", [(120, 40), SMALL, (20, 5)], ids=str)
async def test_filter_enter_x_y_in_one_go_stops_the_row_that_fits(size: tuple[int, int]) -> None:
    async with on_stage(a_row_of_servers(), size=size) as stage:
        stage.burst("slash", *"3017", "enter", "x", "y")
        await stage.until(lambda: stage.machine.signals, "a signal")
        await stage.until(lambda: stage.machine.gone == {3017})
        assert stage.machine.signals == [(3017, StopSignal.TERM)]


@pytest.mark.parametrize("key", ["y", "f"])
async def test_a_key_that_means_nothing_yet_does_not_wait_for_a_dialog(key: str) -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst(key, "x")
        await stage.until(lambda: stage.dialog == "StopDialog")
        await stage.pilot.pause()
        assert stage.machine.signals == []
        assert "y ask to exit" in stage.flat


async def test_dialogs_that_are_left_in_one_go_stop_nothing() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("x", "n", "j", "x", "escape", "j", "x", "q", "j", "x")
        await stage.see("Stop server3003 3003?")
        assert stage.machine.signals == []


async def test_moving_and_stopping_in_one_go_stops_the_row_that_was_moved_to() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("j", "j", "j", "k", "x", "f")
        await stage.until(lambda: stage.machine.signals, "a signal")
        assert stage.machine.signals == [(3002, StopSignal.KILL)]


@pytest.mark.parametrize("size", [(120, 40), SMALL], ids=str)
async def test_a_pane_and_j_in_one_go_moves_in_that_pane(size: tuple[int, int]) -> None:
    async with on_stage(developers_machine(), size=size) as stage:
        stage.burst("2", "j", "j", "tab", "j", "1", "j")
        await stage.until(lambda: stage.table(1).cursor_index == 1)
        assert [stage.table(number).cursor_index for number in (1, 2, 3)] == [1, 2, 1]


async def test_sorting_and_moving_in_one_go_moves_in_the_new_order() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("S", "g", "j", "x")
        await stage.until(lambda: stage.dialog == "StopDialog")
        assert "server3038 3038" in stage.flat


async def test_copying_and_moving_in_one_go_copies_the_row_before_the_move() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("j", "c", "j", "j")
        await stage.until(lambda: stage.table().cursor_index == 3)
        await stage.until(lambda: stage.clipboard.copied)
        assert stage.clipboard.copied == ["127.0.0.1:3001"]


async def test_details_and_x_in_one_go_stop_from_the_details() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("j", "enter", "x")
        await stage.until(lambda: stage.dialog == "StopDialog")
        await stage.pilot.pause()
        assert stage.dialog == "StopDialog", "the details must not come after what followed them"
        assert "server3001 3001" in stage.flat


async def test_details_and_escape_in_one_go_are_over() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("enter", "escape", "j")
        await stage.until(lambda: stage.table().cursor_index == 1)
        await stage.pilot.pause()
        assert stage.dialog == ""


async def test_keys_for_the_help_are_not_for_the_table() -> None:
    async with on_stage(a_row_of_servers()) as stage:
        stage.burst("question_mark", "j", "G", "escape", "j")
        await stage.until(lambda: stage.dialog == "" and stage.table().cursor_index)
        await stage.pilot.pause()
        assert stage.table().cursor_index == 1


async def test_choosing_an_end_and_asking_in_one_go_stops_that_end() -> None:
    async with on_stage(developers_machine()) as stage:
        stage.burst("2", "slash", *"51230", "enter", "x", "c", "y")
        await stage.until(lambda: stage.machine.signals, "a signal")
        assert stage.machine.signals == [(12044, StopSignal.TERM)]


async def test_keys_before_the_first_sample_do_nothing_to_what_comes_later() -> None:
    machine = a_row_of_servers()
    machine.may_read.clear()
    async with on_stage(machine, sampled=False) as stage:
        await stage.until(lambda: machine.reads)
        stage.burst("x", "y", "enter", "c", "j", "G", "s")
        await stage.pilot.pause()
        machine.may_read.set()
        await stage.until(lambda: stage.samples_heard)
        await stage.pilot.pause()
        assert stage.dialog == ""
        assert machine.signals == []
        assert stage.clipboard.copied == []
        assert stage.table().cursor_index == 0


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
    async with on_stage(machine) as stage:
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
            stage.app.action_refresh()
            stage.burst(*keys)
        await stage.until(lambda: machine.signals, "a signal")
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
    async with on_stage(a_row_of_servers(), key_pause_s=BURST_S) as stage:
        stage.burst(*keys)
        await stage.until(lambda: stage.machine.signals, "a signal")


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
    async with on_stage(a_row_of_servers(), key_pause_s=BURST_S) as stage:
        stage.burst(*keys)
        await stage.see("press it again to answer")
        assert stage.machine.signals == []
        await asyncio.sleep(2 * BURST_S)  # a person's pause
        await stage.press("y")
        await stage.until(lambda: stage.machine.signals, "a signal")


async def test_a_paste_behind_an_answer_takes_it_back() -> None:
    async with on_stage(a_row_of_servers(), key_pause_s=BURST_S) as stage:
        stage.burst("x", "y")
        await stage.paste("text")
        await stage.see("press it again to answer")
        assert stage.machine.signals == []


async def test_an_answer_is_taken_back_by_what_is_read_behind_it() -> None:
    """Bytes that mean nothing become no key, and yet the key was one of a crowd."""
    async with on_stage(a_row_of_servers(), key_pause_s=BURST_S) as stage:
        stage.app.burst.input_read_at = time.monotonic() + 60.0
        stage.burst("x", "y")
        await stage.see("press it again to answer")
        assert stage.machine.signals == []


async def test_a_dialog_that_is_left_at_once_stops_nothing() -> None:
    async with on_stage(a_row_of_servers(), key_pause_s=BURST_S) as stage:
        stage.burst("x", "y", "escape")
        await stage.until(lambda: stage.dialog == "")
        await asyncio.sleep(2 * BURST_S)
        assert stage.machine.signals == []
