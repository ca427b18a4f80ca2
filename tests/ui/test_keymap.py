"""The one table of keys: each key in it works, and nothing else says what keys there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.binding import Binding
from textual.command import CommandPalette

from porttui.analysis.filter import SYNTAX
from porttui.ui.app import PorttuiApp
from porttui.ui.keymap import ACTIONS, Group
from porttui.ui.screens.help import MARKS
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.keyed_table import KeyedTable
from tests.making import listener, process
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.stage import LARGE, SMALL, ScriptedStage, on_stage

Effect = Callable[[ScriptedStage, str], Awaitable[None]]


def rows(number: int = 100) -> ScriptedMachine:
    return ScriptedMachine(
        listener("127.0.0.1", 3000 + index, held_by=[process(4213, "node")])
        for index in range(number)
    )


def goes_to_pane(number: int, start: int = 1) -> Effect:
    async def effect(stage: ScriptedStage, key: str) -> None:
        await stage.press(str(start))
        assert stage.pane == start
        await stage.press(key)
        assert stage.pane == number

    return effect


def opens(dialog: str) -> Effect:
    async def effect(stage: ScriptedStage, key: str) -> None:
        await stage.press(key)
        assert stage.dialog == dialog

    return effect


def moves(start: int, is_right: Callable[[int], bool]) -> Effect:
    async def effect(stage: ScriptedStage, key: str) -> None:
        stage.table().select_key(stage.table().rows[start].key)
        await stage.press(key)
        assert is_right(stage.table().cursor_index)

    return effect


async def copies(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: stage.clipboard.copied == ["127.0.0.1:3000"])


async def opens_the_filter(stage: ScriptedStage, key: str) -> None:
    await stage.press(key, "7")
    assert any(line.startswith(" /7") for line in stage.lines)


async def sorts(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    await stage.see("by address ▲")


async def reverses(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    assert stage.ports[0] == 3099


async def clears(stage: ScriptedStage, key: str) -> None:
    await stage.go("slash", "3", "0", "0", "7", "enter", "c")
    await stage.say("Copied")
    assert stage.ports == [3007]
    await stage.press(key)
    assert len(stage.ports) == 100
    assert "Copied" not in stage.text


async def pauses(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    assert "PAUSED" in stage.lines[0]
    await stage.press(key)
    assert "PAUSED" not in stage.lines[0]


async def refreshes(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: stage.samples_heard == 2)


async def opens_the_palette(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    assert isinstance(stage.app.screen, CommandPalette)


async def suspends(stage: ScriptedStage, key: str) -> None:
    suspended: list[str] = []
    stage.app.action_suspend_process = lambda: suspended.append(key)  # type: ignore[method-assign]
    await stage.press(key)
    assert suspended == [key]


async def leaves(stage: ScriptedStage, key: str) -> None:
    stage.burst(key)
    await stage.until(lambda: not stage.app.is_running)
    assert stage.app.return_code == 0


async def opens_a_browser(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: stage.machine.opened)
    [opened] = stage.machine.opened
    assert opened.startswith("http://127.0.0.1:")


async def copies_the_next_port(stage: ScriptedStage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: stage.clipboard.copied)
    assert stage.clipboard.copied[0].startswith("PORT=")


EFFECTS: dict[str, Effect] = {
    "stop": opens("StopDialog"),
    "diagnose": opens("DiagnosisDialog"),
    "probe": opens("ProbeDialog"),
    "copy_as": opens("ChooseDialog"),
    "browse": opens_a_browser,
    "next_port": copies_the_next_port,
    "copy": copies,
    "filter": opens_the_filter,
    "table.choose": opens("DetailsDialog"),
    "sort": sorts,
    "reverse": reverses,
    "clear": clears,
    "pause": pauses,
    "refresh": refreshes,
    "pane(1)": goes_to_pane(1, start=2),
    "pane(2)": goes_to_pane(2),
    "pane(3)": goes_to_pane(3),
    "next_pane": goes_to_pane(2),
    "previous_pane": goes_to_pane(3),
    "table.down": moves(50, lambda index: index == 51),
    "table.up": moves(50, lambda index: index == 49),
    "table.top": moves(50, lambda index: index == 0),
    "table.bottom": moves(50, lambda index: index == 99),
    "table.page-down": moves(50, lambda index: 60 < index < 75),
    "table.page-up": moves(50, lambda index: 25 < index < 40),
    "table.half-page-down": moves(50, lambda index: 55 < index < 63),
    "table.half-page-up": moves(50, lambda index: 37 < index < 45),
    "help": opens("HelpDialog"),
    "command_palette": opens_the_palette,
    "suspend_process": suspends,
    "quit": leaves,
}


@pytest.mark.parametrize(
    ("key", "id"), [(key, action.id) for action in ACTIONS for key in action.keys]
)
async def test_every_key_does_what_its_action_says(key: str, id: str) -> None:
    async with on_stage(rows(), size=SMALL) as stage:
        await EFFECTS[id](stage, key)


def test_no_key_means_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert sorted(set(keys)) == sorted(keys)
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("id", [action.id for action in ACTIONS if not action.is_tables])
def test_every_action_of_the_application_has_a_handler(id: str) -> None:
    name = id.partition("(")[0]
    assert callable(getattr(PorttuiApp, f"action_{name}", None))


def _bindings_of_tables() -> dict[str | None, list[str]]:
    bindings = [each for each in KeyedTable.BINDINGS if isinstance(each, Binding)]
    assert len(bindings) == len(KeyedTable.BINDINGS)
    return {each.id: each.key.split(",") for each in bindings}


def test_the_tables_keys_are_those_of_the_table_of_keys() -> None:
    declared = {action.id: sorted(action.keys) for action in ACTIONS if action.is_tables}
    assert {id: sorted(keys) for id, keys in _bindings_of_tables().items()} == declared


def test_every_binding_of_a_table_has_a_handler() -> None:
    for binding in KeyedTable.BINDINGS:
        assert isinstance(binding, Binding)
        name = binding.action.partition("(")[0]
        assert callable(getattr(KeyedTable, f"action_{name}", None)), binding.action


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_footer_names_exactly_the_keys_meant_for_it(size: tuple[int, int]) -> None:
    async with on_stage(developers_machine(), size=size) as stage:
        meant = [f"{each.footer_key} {each.label}" for each in ACTIONS if each.in_footer]
        assert stage.footer.split() == " ".join(meant).split()


@pytest.mark.parametrize("width", range(20, 82, 3))
async def test_where_not_all_keys_fit_help_and_the_way_out_stay(width: int) -> None:
    async with on_stage(developers_machine(), size=(width, 24)) as stage:
        line = stage.app.screen.query_one(KeyLine)
        shown = line.shown(width)
        assert [each.id for each in shown[-2:]] == ["help", "quit"]
        assert stage.footer.split() == [
            word for each in shown for word in (each.footer_key, each.label)
        ]
        every = [each for each in ACTIONS if each.in_footer]
        assert shown == [each for each in every if each in shown]
        assert len(shown) == len(every) or len(line.shown(width + 15)) > len(shown)


async def test_every_key_of_the_footer_can_be_clicked() -> None:
    async with on_stage(developers_machine()) as stage:
        for label, dialog in (("Help", "HelpDialog"), ("Details", "DetailsDialog")):
            await stage.pilot.click(offset=(stage.footer.index(label), LARGE[1] - 1))
            await stage.until(lambda: stage.dialog == dialog)  # noqa: B023
            await stage.press("escape")
        await stage.pilot.click(offset=(stage.footer.index("Pause"), LARGE[1] - 1))
        await stage.until(lambda: "PAUSED" in stage.lines[0])
        await stage.pilot.click(offset=(LARGE[0] - 1, LARGE[1] - 1))
        assert stage.dialog == ""


# Help


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_opens_and_closes(key: str) -> None:
    async with on_stage(developers_machine()) as stage:
        for close in ("escape", "q", "enter", "question_mark"):
            await stage.press(key)
            assert stage.dialog == "HelpDialog"
            await stage.press(close)
            assert stage.dialog == ""
        assert stage.app.is_running


async def test_help_tells_every_key_every_mark_and_every_kind_of_filter() -> None:
    async with on_stage(developers_machine(), size=(120, 200)) as stage:
        await stage.press("question_mark")
        said = stage.said
        for action in ACTIONS:
            assert f"{action.shown_keys} {action.help}" in said, action.id
        for glyph, words in (*MARKS, *SYNTAX):
            assert f"{glyph} {words}" in said, glyph
        for group in Group:
            assert group in said


async def test_help_can_be_read_to_its_end_on_a_small_screen() -> None:
    async with on_stage(developers_machine(), size=SMALL) as stage:
        await stage.press("question_mark")
        assert "3000 node both must match" not in stage.said
        assert "Esc close" in stage.said
        await stage.press("end")
        await stage.until(lambda: "3000 node both must match" in stage.said)
        assert "Esc close" in stage.said


# Palette


async def test_the_palette_has_every_action_of_the_application() -> None:
    async with on_stage(developers_machine()) as stage:
        commands = stage.app.get_system_commands(stage.app.screen)
        found = {command.title: command.help for command in commands}
    for action in ACTIONS:
        if not action.is_tables and action.id not in ("quit", "command_palette"):
            assert found[action.label] == action.help
    assert "Quit" in found


@pytest.mark.parametrize(
    ("typed", "effect"),
    [
        ("Reverse", lambda stage: "by port ▼" in stage.text),
        ("Ranges", lambda stage: stage.pane == 3),
        ("Stop", lambda stage: stage.dialog == "StopDialog"),
        ("Pause", lambda stage: "PAUSED" in stage.lines[0]),
    ],
)
async def test_an_action_can_be_run_from_the_palette(
    typed: str, effect: Callable[[ScriptedStage], Any]
) -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("ctrl+p")
        await stage.type(typed)
        help_of_it = next(each.help for each in ACTIONS if each.label == typed)
        await stage.see(help_of_it)
        await stage.press("enter")
        await stage.until(lambda: effect(stage))


async def test_the_palette_can_be_left() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("ctrl+p")
        await stage.type("xy")
        await stage.press("escape")
        await stage.until(lambda: stage.dialog == "")
        await stage.press("j")
        assert stage.table().cursor_index == 1
        assert stage.machine.signals == []
