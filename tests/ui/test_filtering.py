"""The filter and the order of the rows, from the keys."""

from __future__ import annotations

import pytest

from porttui.analysis.filter import parse_filter
from porttui.analysis.filter_columns import Searchable
from porttui.analysis.listeners import ListeningRow, ListeningRows
from tests.making import listener, process
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, ScriptedSession, scripted_session

ALL = [3000, 5432, 5432, 6379, 8000, 8080, 8125, 9229, 9300, 22022]


async def filtered(session: ScriptedSession, text: str) -> None:
    """Type a filter and keep it."""
    await session.press("slash")
    await session.type(text)
    await session.press("enter")


@pytest.mark.parametrize(
    ("typed", "ports"),
    [
        ("3000", [3000]),
        (":3000", [3000]),
        ("300", []),
        ("8000-8125", [8000, 8080, 8125]),
        ("80*", [8000, 8080]),
        ("127.0.0.1:6379", [6379]),
        ("localhost:5432", [5432, 5432]),
        ("node", [3000, 9229]),
        ("elastic", [9300]),
        ("hidden", [9300]),
        ("UDP", [8125]),
        ("postgresql", [5432, 5432]),
        ("node 3000", [3000]),
        ("nosuchthing", []),
    ],
)
async def test_the_filter_leaves_exactly_the_rows_that_fit(typed: str, ports: list[int]) -> None:
    async with scripted_session(developers_machine()) as session:
        assert session.ports == ALL
        await filtered(session, typed)
        assert session.ports == ports
        assert f"{len(ports)} of 10 match {typed}" in session.text
        if not ports:
            assert "no row matches the filter" in session.text


async def test_a_port_is_found_at_either_end_of_a_connection() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("2")
        await filtered(session, "51230")
        assert session.table(2).row_count == 1
        assert "1 of 6 match 51230" in session.text
        await session.press("escape")
        await filtered(session, "3000")
        assert session.table(2).row_count == 1
        assert session.table(1).row_count == 1


async def test_the_ranges_pane_says_that_the_filter_is_not_for_it() -> None:
    async with scripted_session(developers_machine()) as session:
        before = session.table(3).row_count
        assert before > 4
        await filtered(session, "3000")
        assert "filter not applied" in session.text
        assert session.table(3).row_count == before


async def test_rows_are_filtered_with_every_key() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")
        counts = []
        for key in "8080":
            await session.press(key)
            counts.append(session.table().row_count)
        # 8, 80, 808 are whole ports that nobody listens on, not beginnings of one.
        assert counts == [0, 0, 0, 1]


async def test_escape_closes_the_line_and_clears_the_filter() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")
        await session.type("3000")
        assert session.ports == [3000]
        await session.press("escape")
        assert session.ports == ALL
        await session.press("3")
        assert session.pane == 3


async def test_escape_clears_a_filter_that_was_kept() -> None:
    async with scripted_session(developers_machine()) as session:
        await filtered(session, "node")
        assert session.ports == [3000, 9229]
        await session.press("escape")
        assert session.ports == ALL
        assert "fit" not in session.text


async def test_opening_the_line_again_shows_the_filter_in_force_and_typing_replaces_it() -> None:
    async with scripted_session(developers_machine()) as session:
        await filtered(session, "8000")
        await session.press("slash")
        assert any(line.startswith(" /8000") for line in session.lines)
        assert session.ports == [8000]
        await session.type("node")
        await session.press("enter")
        assert session.ports == [3000, 9229]


async def test_opening_the_line_again_and_moving_in_it_goes_on_from_the_filter_in_force() -> None:
    async with scripted_session(developers_machine()) as session:
        await filtered(session, "8000")
        await session.press("slash", "end")
        await session.type("-8080")
        await session.press("enter")
        assert session.ports == [8000, 8080]


async def test_a_filter_given_at_the_start_is_in_force_from_the_first_sample_on() -> None:
    async with scripted_session(developers_machine(), wanted=parse_filter("node")) as session:
        assert session.ports == [3000, 9229]
        assert "2 of 10 match node" in session.text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("8000-80", "8000-80: the first port"),
        ("0", "0 is not a port: ports are 1 to 65535"),
        ("65536", "65536 is not a port"),
        ("8000-", "8000- needs a last port"),
        ("node*", "* must follow the first digits of a port"),
        ("9" * 60, "999999999999 is not a port"),
    ],
)
async def test_a_bad_filter_keeps_the_last_good_rows_and_says_why(bad: str, reason: str) -> None:
    async with scripted_session(developers_machine()) as session:
        await filtered(session, "node")
        await session.press("slash")
        await session.type(bad)
        await session.await_status(reason)
        good = session.ports
        await session.press("enter")
        assert any(line.startswith(" /") for line in session.lines), "Enter must not keep a bad one"
        assert session.ports == good
        await session.press("escape")
        assert session.ports == ALL
        assert reason not in session.text


async def test_a_bad_filter_shows_the_rows_of_what_was_good_before_it() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")
        await session.type("8000")
        assert session.ports == [8000]
        await session.type("-")
        await session.await_status("needs a last port")
        assert session.ports == [8000]
        await session.type("8080")
        assert session.ports == [8000, 8080]
        await session.until(lambda: "needs a last port" not in session.text)


async def test_a_filter_mended_is_not_followed_by_the_old_complaint() -> None:
    async with scripted_session(developers_machine()) as session:
        session.send_keys("slash", *"8000-8080")
        await session.until(lambda: session.ports == [8000, 8080])
        await session.pilot.pause()
        assert "needs a last port" not in session.text


async def test_the_line_can_be_edited() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")

        async def typed(*keys: str) -> str:
            await session.press(*keys)
            line = next(line for line in session.lines if line.startswith(" /"))
            return line[2:].rstrip()

        assert await typed(*"abc") == "abc"
        assert await typed("left", "X") == "abXc"
        assert await typed("home", "delete") == "bXc"
        assert await typed("end", "backspace") == "bX"
        assert await typed("right", "right", "space", *"word") == "bX word"
        assert await typed("ctrl+w") == "bX"
        assert await typed("ctrl+a", "1") == "1bX"
        assert await typed("ctrl+e", "2") == "1bX 2"
        assert await typed("left", "ctrl+u") == "2"


async def test_letters_are_typed_and_are_no_commands_while_the_line_is_open() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")
        await session.type("xcqspr123")
        assert session.app.is_running
        assert not session.dialog
        assert session.pane == 1
        assert any(line.startswith(" /xcqspr123") for line in session.lines)
        assert session.clipboard.copied == []


async def test_rows_can_be_looked_through_while_the_line_is_open() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")
        await session.type("node")
        await session.press("down")
        assert session.port == 9229


async def test_a_pasted_address_is_a_filter() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("slash")
        await session.paste("127.0.0.1:6379\nrm -rf /\n")
        assert session.ports == [6379]
        await session.press("enter")
        assert "1 of 10 match 127.0.0.1:6379" in session.text


async def test_a_paste_is_no_row_of_commands_when_nothing_is_being_typed() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.paste("xyq")
        assert session.app.is_running
        assert not session.dialog
        assert session.machine.signals == []


async def test_a_very_long_filter_is_cut_and_does_not_crash() -> None:
    async with scripted_session(developers_machine(), size=SMALL) as session:
        await session.press("slash")
        await session.paste("[/red]" * 500)
        assert session.ports == []
        await session.press("enter", "escape")
        assert session.ports == ALL


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_filter_in_force_can_be_seen(size: tuple[int, int]) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        await filtered(session, "300*")
        assert "1 of 10 match 300*" in session.text


# Order


async def test_s_sorts_by_the_next_column_and_says_which() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("s")
        await session.await_status("by address ▲")
        assert session.ports[0] == 8080, "0.0.0.0 is the first address"
        await session.press("s", "s")
        await session.await_status("by service ▲")
        await session.press("s")
        await session.await_status("by process ▲")
        names = [
            marked.row.holders[0].name for marked in session.table().rows if marked.row.holders
        ]
        assert names == sorted(names)


async def test_s_comes_back_to_where_it_began() -> None:
    async with scripted_session(developers_machine()) as session:
        seen = []
        for _ in range(20):
            await session.press("s")
            seen.append(session.status.split("▲")[0].strip())
            if seen[-1] == "by port":
                break
        assert seen[-1] == "by port"
        assert len(set(seen)) == len(seen)
        assert session.ports == ALL


async def test_capital_s_reverses() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("S")
        await session.await_status("by port ▼")
        assert session.ports == ALL[::-1]
        await session.press("S")
        await session.await_status("by port ▲")
        assert session.ports == ALL


async def test_each_pane_has_an_order_of_its_own() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("S", "2", "S")
        assert session.ports == ALL[::-1]
        servers = [marked.row.server.endpoint.port for marked in session.table(2).rows]
        assert servers == sorted(servers, reverse=True)
        await session.press("3", "s")
        await session.await_status("ranges cannot be sorted")


async def test_the_sorted_column_has_the_arrow() -> None:
    async with scripted_session(developers_machine()) as session:
        heading = next(line for line in session.lines if "ADDRESS" in line)
        assert heading.count("▲") == 1
        assert heading.index("PORT") < heading.index("▲") < heading.index("ADDRESS")
        await session.press("s", "S")
        heading = next(line for line in session.lines if "EXPOSURE" in line)
        assert "ADDRESS ▼" in heading


async def test_a_click_on_a_heading_sorts_by_it_and_another_one_reverses() -> None:
    async with scripted_session(developers_machine()) as session:
        row = next(y for y, line in enumerate(session.lines) if "EXPOSURE" in line)
        column = session.lines[row].index("USER")
        await session.pilot.click(offset=(column, row))
        await session.await_text("by user ▲")
        await session.pilot.click(offset=(column, row))
        await session.await_text("by user ▼")


async def test_filter_and_order_stay_in_force_over_samples() -> None:
    async with scripted_session(developers_machine()) as session:
        await filtered(session, "node")
        await session.press("S")
        assert session.ports == [9229, 3000]
        await session.sample(
            *session.machine.sockets,
            listener("127.0.0.1", 4000, held_by=[process(5000, "node")]),
            listener("127.0.0.1", 4001, held_by=[process(5001, "ruby")]),
        )
        assert session.ports == [9229, 4000, 3000]
        assert "3 of 12 match node" in session.text


async def test_what_a_filter_sees_of_a_row_is_made_once_for_all_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    before = ListeningRows.searchable

    def searchable(row: ListeningRow) -> Searchable:
        made.append(row.local.port)
        return before(row)

    monkeypatch.setattr(ListeningRows, "searchable", staticmethod(searchable))
    async with scripted_session(
        ScriptedMachine([listener("127.0.0.1", port) for port in (1, 2)])
    ) as session:
        await session.press("/", "t", "c", "p")
        assert made == [1, 2]
        await session.sample(*(listener("127.0.0.1", port) for port in (2, 3)))
        assert made == [1, 2, 2, 3, 1]  # of those just gone, too
