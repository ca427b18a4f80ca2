"""Inside a range: its sockets, filtered, sorted, stopped, and the way back."""

from __future__ import annotations

from porttui.ui.widgets.keyed_table import KeyedTable
from tests.making import connection, listener
from tests.scripted import CURL, NODE, WEB, developers_machine
from tests.ui.stage import SMALL, on_stage


async def test_enter_shows_the_sockets_of_a_range_and_escape_goes_back() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("3", "enter")
        await stage.see("3 Ranges › ephemeral 32768-60999", "127.0.0.1:49650", "ESTABLISHED")
        assert "TIME_WAIT" in stage.text
        assert "3 Loopback" not in stage.text
        await stage.press("escape")
        assert "ephemeral 32768-60999 ─" not in stage.text
        assert stage.pane == 3
        await stage.press("down", "enter")
        await stage.see("3 Ranges › well-known 0-1023", "no socket here any more")


async def test_the_keys_that_follow_act_on_what_was_entered() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.go("3", "enter", "enter")
        assert stage.dialog == "DetailsDialog"
        assert "local 127.0.0.1:40112" not in stage.said
        assert "127.0.0.1:44010" in stage.said or "[::1]:40112" in stage.said


async def test_the_filter_applies_inside_and_escape_clears_it_first() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("3", "enter")
        await stage.type("/curl")
        await stage.press("enter")
        assert "3 of 18 fit curl" in stage.flat
        await stage.press("escape")
        assert "fit curl" not in stage.flat
        assert "3 Ranges › ephemeral" in stage.text
        await stage.press("escape")
        assert "3 Ranges › ephemeral" not in stage.text


async def test_sorting_inside() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("3", "enter", "s", "s")
        assert "by state ▲" in stage.text
        table = stage.app.query_one("#drilldown-table", KeyedTable)
        states = [each.row.socket.state for each in table.rows]
        assert states == sorted(states)
        await stage.press("S")
        assert "by state ▼" in stage.text
        assert [each.row.socket.state for each in table.rows] == sorted(states, reverse=True)


async def test_the_cursor_stays_on_its_socket() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        await stage.press("3", "enter", "down", "down")
        table = stage.app.query_one("#drilldown-table", KeyedTable)
        before = table.selected_key
        assert before is not None
        earlier = connection("127.0.0.1:32999", "127.0.0.1:3000", held_by=[WEB])
        await stage.sample(earlier, *machine.sockets)
        assert table.selected_key == before
        assert table.rows[0].row.socket.local.port == 32999


async def test_a_client_is_stopped_from_inside() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("3", "enter")
        await stage.type("/51230")
        await stage.press("enter", "x")
        assert stage.dialog == "StopDialog"
        assert CURL.label in stage.said
        assert "127.0.0.1:51230" in stage.said
        assert NODE.label not in stage.said


async def test_a_server_inside_the_range_is_stopped_with_all_it_holds() -> None:
    machine = developers_machine()
    machine.sockets = (*machine.sockets, listener("127.0.0.1", 45000, held_by=[NODE]))
    async with on_stage(machine) as stage:
        await stage.press("3", "enter")
        await stage.type("/45000")
        await stage.press("enter", "x")
        assert "port 127.0.0.1:45000, no client" in stage.said
        assert "also on 127.0.0.1:3000" in stage.said


async def test_other_panes_stay_what_they_are() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("3", "enter", "1")
        assert stage.pane == 1
        await stage.press("enter")
        assert stage.dialog == "DetailsDialog"
        await stage.press("escape", "3", "c")
        assert stage.clipboard.copied


async def test_on_a_small_screen() -> None:
    async with on_stage(developers_machine(), size=SMALL) as stage:
        await stage.press("3", "enter")
        await stage.see("3 Ranges › ephemeral 32768-60999", "127.0.0.1:5432", "REMOTE")
        await stage.press("1")
        assert "PORT" in stage.text
        assert "Ranges ›" not in stage.text
        await stage.press("3")
        assert "3 Ranges › ephemeral 32768-60999" in stage.text
