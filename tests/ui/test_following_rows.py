"""The cursor stays on its row, whatever comes and goes around it."""

from __future__ import annotations

from typing import Any

import pytest

from porttui.analysis.loopback import PairTable
from porttui.analysis.rows import CHANGE_SHOWN_S
from porttui.host.request import SocketRequest
from porttui.model.socket import Socket
from porttui.ui.messages import SampleTaken
from tests.making import listener, pair, process
from tests.scripted import ScriptedClock, ScriptedMachine
from tests.ui.session import SMALL, ScriptedSession, scripted_session

NODE = process(4213, "node")
RUBY = process(5000, "ruby")


def on_ports(*ports: int) -> tuple[Socket, ...]:
    """A listener on each port; those on even ones are node's, the others ruby's."""
    return tuple(
        listener("127.0.0.1", port, held_by=[RUBY if port % 2 else NODE]) for port in ports
    )


async def settle(session: ScriptedSession, clock: ScriptedClock, *sockets: Socket) -> None:
    """Show these rows, with the marks of what is gone run out."""
    await session.sample(*sockets)
    clock.move(CHANGE_SHOWN_S + 0.1)
    await session.sample(*sockets)


async def test_the_cursor_follows_its_row_when_rows_come_and_go_above(
    clock: ScriptedClock,
) -> None:
    async with scripted_session(
        ScriptedMachine(on_ports(3000, 3001, 3002)), clock=clock
    ) as session:
        await session.press("j")
        assert session.port == 3001
        await settle(session, clock, *on_ports(1000, 2000, 3000, 3001, 3002))
        assert (session.port, session.table().cursor_index) == (3001, 3)
        await settle(session, clock, *on_ports(3001, 3002))
        assert (session.port, session.table().cursor_index) == (3001, 0)


async def test_a_gone_row_keeps_the_cursor_while_it_lingers_then_the_next_one_has_it(
    clock: ScriptedClock,
) -> None:
    async with scripted_session(
        ScriptedMachine(on_ports(3000, 3001, 3002)), clock=clock
    ) as session:
        await session.press("j")
        await session.sample(*on_ports(3000, 3002))
        assert session.port == 3001, "it is marked as gone, and the cursor does not jump"
        clock.move(CHANGE_SHOWN_S + 0.1)
        await session.sample(*on_ports(3000, 3002))
        assert session.port == 3002
        await settle(session, clock, *on_ports(3000))
        assert session.port == 3000
        await settle(session, clock)
        assert session.port is None
        await settle(session, clock, *on_ports(4000))
        assert session.port == 4000


async def test_the_cursor_follows_with_filter_and_order_in_force(clock: ScriptedClock) -> None:
    async with scripted_session(
        ScriptedMachine(on_ports(*range(3000, 3020))), clock=clock
    ) as session:
        await session.press("slash")
        await session.type("node")
        await session.press("enter", "S", "g", "j", "j")
        assert session.ports == list(range(3018, 2999, -2))
        assert session.port == 3014
        await settle(session, clock, *on_ports(*range(3000, 3015), 4000, 4001, 4002))
        assert session.ports == [4002, 4000, *range(3014, 2999, -2)]
        assert session.port == 3014
        await session.press("escape")
        assert session.port == 3014
        await session.press("S")
        assert session.port == 3014


async def test_the_cursor_keeps_its_line_of_the_screen_when_rows_come_above(
    clock: ScriptedClock,
) -> None:
    async with scripted_session(
        ScriptedMachine(on_ports(*range(3000, 3200))), clock=clock
    ) as session:
        await session.press("G", "k", "k")

        def line() -> int:
            return next(y for y, text in enumerate(session.lines) if " 3197 " in text)

        before = line()
        await settle(session, clock, *on_ports(*range(1000, 1050), *range(3000, 3200)))
        assert session.port == 3197
        assert line() == before


async def test_a_server_that_restarts_keeps_its_row_and_the_cursor() -> None:
    async with scripted_session(ScriptedMachine(on_ports(3000, 3001, 3002))) as session:
        await session.press("j")
        restarted = listener("127.0.0.1", 3001, held_by=[process(6000, "ruby")])
        await session.sample(*on_ports(3000, 3002), restarted)
        assert session.port == 3001
        row = next(line for line in session.lines if " 3001 " in line)
        assert row[1] == "~"
        assert "ruby 6000" in row


@pytest.mark.parametrize("size", [(120, 40), SMALL], ids=str)
async def test_panes_out_of_view_are_followed_too(
    clock: ScriptedClock, size: tuple[int, int]
) -> None:
    pairs = [
        pair(f"127.0.0.1:{port}", "127.0.0.1:3000", client_of=[RUBY], server_of=[NODE])
        for port in range(40000, 40010)
    ]
    rows = [socket for both in pairs for socket in both]
    async with scripted_session(
        ScriptedMachine([*on_ports(3000), *rows]), size=size, clock=clock
    ) as session:
        await session.press("2", "j", "j", "j")
        key = session.table(2).selected_key
        await session.press("1")
        await settle(session, clock, *on_ports(80, 3000), *rows[4:])
        await session.press("2")
        assert session.table(2).selected_key == key
        assert session.table(2).cursor_index == 1


async def test_what_is_gone_can_still_be_looked_at() -> None:
    async with scripted_session(ScriptedMachine(on_ports(3000, 3001))) as session:
        await session.sample(*on_ports(3001))
        assert session.port == 3000
        await session.press("enter")
        await session.await_text("tcp 127.0.0.1:3000", "node 4213")


async def test_a_filter_finds_what_came_later() -> None:
    async with scripted_session(ScriptedMachine(on_ports(3000))) as session:
        await session.press("slash")
        await session.type("4000")
        await session.press("enter")
        await session.await_text("no row matches the filter 4000")
        await session.sample(*on_ports(3000, 4000))
        assert session.ports == [4000]
        assert "1 of 2 match 4000" in session.text


async def test_ten_thousand_rows_are_followed_as_well() -> None:
    many = on_ports(*range(20000, 30000))
    async with scripted_session(ScriptedMachine(many)) as session:
        await session.press("G")
        assert session.port == 29999
        await session.sample(*on_ports(80, 443), *many)
        assert session.port == 29999
        assert "10,002 · by port" in session.text


async def test_of_thousands_of_connections_that_go_only_those_in_view_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server that had them has died: the keys must answer now more than ever."""
    pairs = [
        each
        for port in range(40000, 43000)
        for each in pair(f"127.0.0.1:{port}", "127.0.0.1:3000", client_of=[NODE])
    ]
    made = 0
    make = PairTable.row

    def counted(table: PairTable, at: Any) -> Any:
        nonlocal made
        made += 1
        return make(table, at)

    async with scripted_session(ScriptedMachine(pairs)) as session:
        monkeypatch.setattr(PairTable, "row", counted)
        await session.sample(*pairs[:2000])
        rows = session.table(2).rows
        assert len(rows) == 3000, "gone ones linger, in their places"
        assert [each.row.client.endpoint.port for each in rows[:3]] == [40000, 40001, 40002]
        made = 0
        await session.sample(*pairs[:2])
        assert len(session.table(2).rows) == 3000
        assert 0 < made < 200
        keys = session.table(2).rows.keys()  # type: ignore[attr-defined]
        assert len(set(keys)) == 3000


async def test_a_look_at_listeners_alone_leaves_the_other_panes_as_they_are() -> None:
    machine = ScriptedMachine([*on_ports(3000), *pair("127.0.0.1:40000", "127.0.0.1:3000")])
    async with scripted_session(machine) as session:
        before = session.table(1).rows, session.table(2).rows
        machine.sockets = (*machine.sockets, *on_ports(4000))
        dashboard = session.app._dashboards.next(SocketRequest.LISTENING)
        session.app.post_message(SampleTaken(dashboard, None, 1.0))
        await session.until(lambda: session.table(1).rows is not before[0], "the look is shown")
        assert session.table(2).rows is before[1]
        await session.press("slash", "4")
        await session.until(lambda: session.table(2).rows is not before[1], "it is filtered")
