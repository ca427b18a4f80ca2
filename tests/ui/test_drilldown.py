"""Inside a range: its sockets, filtered, sorted, stopped, and the way back."""

from __future__ import annotations

from porttui.ui.widgets.keyed_table import KeyedTable
from tests.making import connection, listener
from tests.scripted import CURL, NODE, WEB, developers_machine
from tests.ui.session import SMALL, scripted_session


async def test_enter_shows_the_sockets_of_a_range_and_escape_goes_back() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("3", "enter")
        await session.await_text(
            "3 Ranges › ephemeral 32768-60999", "127.0.0.1:49650", "ESTABLISHED"
        )
        assert "TIME_WAIT" in session.text
        assert "3 Loopback" not in session.text
        await session.press("escape")
        assert "ephemeral 32768-60999 ─" not in session.text
        assert session.pane == 3
        await session.press("down", "enter")
        await session.await_text("3 Ranges › well-known 0-1023", "no socket here now")


async def test_the_keys_that_follow_act_on_what_was_entered() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.send_and_wait("3", "enter", "enter")
        assert session.dialog == "DetailsDialog"
        assert "local 127.0.0.1:40112" not in session.dialog_text
        assert "127.0.0.1:44010" in session.dialog_text or "[::1]:40112" in session.dialog_text


async def test_the_filter_applies_inside_and_escape_clears_it_first() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("3", "enter")
        await session.type("/curl")
        await session.press("enter")
        assert "3 of 18 match curl" in session.flat_text
        await session.press("escape")
        assert "fit curl" not in session.flat_text
        assert "3 Ranges › ephemeral" in session.text
        await session.press("escape")
        assert "3 Ranges › ephemeral" not in session.text


async def test_sorting_inside() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("3", "enter", "s", "s")
        assert "by state ▲" in session.text
        table = session.app.query_one("#drilldown-table", KeyedTable)
        states = [each.row.socket.state for each in table.rows]
        assert states == sorted(states)
        await session.press("S")
        assert "by state ▼" in session.text
        assert [each.row.socket.state for each in table.rows] == sorted(states, reverse=True)


async def test_the_cursor_stays_on_its_socket() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        await session.press("3", "enter", "down", "down")
        table = session.app.query_one("#drilldown-table", KeyedTable)
        before = table.selected_key
        assert before is not None
        earlier = connection("127.0.0.1:32999", "127.0.0.1:3000", held_by=[WEB])
        await session.sample(earlier, *machine.sockets)
        assert table.selected_key == before
        assert table.rows[0].row.socket.local.port == 32999


async def test_a_client_is_stopped_from_inside() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("3", "enter")
        await session.type("/51230")
        await session.press("enter", "x")
        assert session.dialog == "StopDialog"
        assert CURL.label in session.dialog_text
        assert "127.0.0.1:51230" in session.dialog_text
        assert NODE.label not in session.dialog_text


async def test_a_server_inside_the_range_is_stopped_with_all_it_holds() -> None:
    machine = developers_machine()
    machine.sockets = (*machine.sockets, listener("127.0.0.1", 45000, held_by=[NODE]))
    async with scripted_session(machine) as session:
        await session.press("3", "enter")
        await session.type("/45000")
        await session.press("enter", "x")
        assert "port 127.0.0.1:45000, no client" in session.dialog_text
        assert "also on 127.0.0.1:3000" in session.dialog_text


async def test_other_panes_stay_what_they_are() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("3", "enter", "1")
        assert session.pane == 1
        await session.press("enter")
        assert session.dialog == "DetailsDialog"
        await session.press("escape", "3", "c")
        assert session.clipboard.copied


async def test_on_a_small_screen() -> None:
    async with scripted_session(developers_machine(), size=SMALL) as session:
        await session.press("3", "enter")
        await session.await_text("3 Ranges › ephemeral 32768-60999", "127.0.0.1:5432", "REMOTE")
        await session.press("1")
        assert "PORT" in session.text
        assert "Ranges ›" not in session.text
        await session.press("3")
        assert "3 Ranges › ephemeral 32768-60999" in session.text
