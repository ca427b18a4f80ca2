"""The one table of keys: each key in it works, and nothing else says what keys there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.binding import Binding
from textual.command import CommandPalette

from porttui.analysis.filter import SYNTAX
from porttui.text.rows import LEGEND
from porttui.ui.app import PorttuiApp
from porttui.ui.keymap import ACTIONS, Action, Group
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.keyed_table import KeyedTable
from tests.making import listener, process
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, ScriptedSession, scripted_session

Effect = Callable[[ScriptedSession, str], Awaitable[None]]


def rows(number: int = 100) -> ScriptedMachine:
    return ScriptedMachine(
        listener("127.0.0.1", 3000 + index, held_by=[process(4213, "node")])
        for index in range(number)
    )


def goes_to_pane(number: int, start: int = 1) -> Effect:
    async def effect(session: ScriptedSession, key: str) -> None:
        await session.press(str(start))
        assert session.pane == start
        await session.press(key)
        assert session.pane == number

    return effect


def opens(dialog: str) -> Effect:
    async def effect(session: ScriptedSession, key: str) -> None:
        await session.press(key)
        assert session.dialog == dialog

    return effect


def moves(start: int, is_right: Callable[[int], bool]) -> Effect:
    async def effect(session: ScriptedSession, key: str) -> None:
        session.table().select_key(session.table().rows[start].key)
        await session.press(key)
        assert is_right(session.table().cursor_index)

    return effect


async def copies(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    await session.until(lambda: session.clipboard.copied == ["127.0.0.1:3000"])


async def opens_the_filter(session: ScriptedSession, key: str) -> None:
    await session.press(key, "7")
    assert any(line.startswith(" /7") for line in session.lines)


async def sorts(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    await session.await_text("by address ▲")


async def reverses(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    assert session.ports[0] == 3099


async def clears(session: ScriptedSession, key: str) -> None:
    await session.send_and_wait("slash", "3", "0", "0", "7", "enter", "c")
    await session.await_status("Copied")
    assert session.ports == [3007]
    await session.press(key)
    assert len(session.ports) == 100
    assert "Copied" not in session.text


async def pauses(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    assert "PAUSED" in session.lines[0]
    await session.press(key)
    assert "PAUSED" not in session.lines[0]


async def refreshes(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    await session.until(lambda: session.sample_count == 2)


async def opens_the_palette(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    assert isinstance(session.app.screen, CommandPalette)


async def suspends(session: ScriptedSession, key: str) -> None:
    suspended: list[str] = []
    session.app.action_suspend_process = lambda: suspended.append(key)  # type: ignore[method-assign]
    await session.press(key)
    assert suspended == [key]


async def leaves(session: ScriptedSession, key: str) -> None:
    session.send_keys(key)
    await session.until(lambda: not session.app.is_running)
    assert session.app.return_code == 0


async def opens_a_browser(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    await session.until(lambda: session.machine.opened)
    [opened] = session.machine.opened
    assert opened.startswith("http://127.0.0.1:")


async def copies_the_next_port(session: ScriptedSession, key: str) -> None:
    await session.press(key)
    await session.until(lambda: session.clipboard.copied)
    assert session.clipboard.copied[0].startswith("PORT=")


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
    async with scripted_session(rows(), size=SMALL) as session:
        await EFFECTS[id](session, key)


def test_no_key_means_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert sorted(set(keys)) == sorted(keys)
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("id", [action.id for action in ACTIONS if not action.is_table_action])
def test_every_action_of_the_application_has_a_handler(id: str) -> None:
    name = id.partition("(")[0]
    assert callable(getattr(PorttuiApp, f"action_{name}", None))


@pytest.mark.parametrize("action", [action for action in ACTIONS if action.is_table_action])
def test_every_action_of_the_table_has_a_handler(action: Action) -> None:
    name = action.table_action.partition("(")[0]
    assert callable(getattr(KeyedTable, f"action_{name}", None))


def test_every_binding_of_a_table_has_a_handler() -> None:
    for binding in KeyedTable.BINDINGS:
        assert isinstance(binding, Binding)
        name = binding.action.partition("(")[0]
        assert callable(getattr(KeyedTable, f"action_{name}", None)), binding.action


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_footer_names_exactly_the_keys_meant_for_it(size: tuple[int, int]) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        meant = [f"{each.footer_key} {each.label}" for each in ACTIONS if each.in_footer]
        assert session.footer.split() == " ".join(meant).split()


@pytest.mark.parametrize("width", range(20, 82, 3))
async def test_where_not_all_keys_fit_help_and_the_way_out_stay(width: int) -> None:
    async with scripted_session(developers_machine(), size=(width, 24)) as session:
        line = session.app.screen.query_one(KeyLine)
        shown = line.visible_actions(width)
        assert [each.id for each in shown[-2:]] == ["help", "quit"]
        assert session.footer.split() == [
            word for each in shown for word in (each.footer_key, each.label)
        ]
        every = [each for each in ACTIONS if each.in_footer]
        assert shown == [each for each in every if each in shown]
        assert len(shown) == len(every) or len(line.visible_actions(width + 15)) > len(shown)


async def test_every_key_of_the_footer_can_be_clicked() -> None:
    async with scripted_session(developers_machine()) as session:
        for label, dialog in (("Help", "HelpDialog"), ("Details", "DetailsDialog")):
            await session.pilot.click(offset=(session.footer.index(label), LARGE[1] - 1))
            await session.until(lambda: session.dialog == dialog)  # noqa: B023
            await session.press("escape")
        await session.pilot.click(offset=(session.footer.index("Pause"), LARGE[1] - 1))
        await session.until(lambda: "PAUSED" in session.lines[0])
        await session.pilot.click(offset=(LARGE[0] - 1, LARGE[1] - 1))
        assert session.dialog == ""


# Help


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_opens_and_closes(key: str) -> None:
    async with scripted_session(developers_machine()) as session:
        for close in ("escape", "q", "enter", "question_mark"):
            await session.press(key)
            assert session.dialog == "HelpDialog"
            await session.press(close)
            assert session.dialog == ""
        assert session.app.is_running


async def test_help_tells_every_key_every_mark_and_every_kind_of_filter() -> None:
    async with scripted_session(developers_machine(), size=(120, 200)) as session:
        await session.press("question_mark")
        said = session.dialog_text
        for action in ACTIONS:
            assert f"{action.keys_text} {action.help}" in said, action.id
        for glyph, words in (*LEGEND, *SYNTAX):
            assert f"{glyph} {words}" in said, glyph
        for group in Group:
            assert group in said


async def test_help_can_be_read_to_its_end_on_a_small_screen() -> None:
    async with scripted_session(developers_machine(), size=SMALL) as session:
        await session.press("question_mark")
        assert "3000 node both must match" not in session.dialog_text
        assert "Esc close" in session.dialog_text
        await session.press("end")
        await session.until(lambda: "3000 node both must match" in session.dialog_text)
        assert "Esc close" in session.dialog_text


# Palette


async def test_the_palette_has_every_action_of_the_application() -> None:
    async with scripted_session(developers_machine()) as session:
        commands = session.app.get_system_commands(session.app.screen)
        found = {command.title: command.help for command in commands}
    for action in ACTIONS:
        if not action.is_table_action and action.id not in ("quit", "command_palette"):
            assert found[action.label] == action.help
    assert "Quit" in found


@pytest.mark.parametrize(
    ("typed", "effect"),
    [
        ("Reverse", lambda session: "by port ▼" in session.text),
        ("Ranges", lambda session: session.pane == 3),
        ("Stop", lambda session: session.dialog == "StopDialog"),
        ("Pause", lambda session: "PAUSED" in session.lines[0]),
    ],
)
async def test_an_action_can_be_run_from_the_palette(
    typed: str, effect: Callable[[ScriptedSession], Any]
) -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("ctrl+p")
        await session.type(typed)
        help_of_it = next(each.help for each in ACTIONS if each.label == typed)
        await session.await_text(help_of_it)
        await session.press("enter")
        await session.until(lambda: effect(session))


async def test_the_palette_can_be_left() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("ctrl+p")
        await session.type("xy")
        await session.press("escape")
        await session.until(lambda: session.dialog == "")
        await session.press("j")
        assert session.table().cursor_index == 1
        assert session.machine.signals == []
