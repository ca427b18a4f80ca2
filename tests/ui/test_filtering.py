"""The filter and the order of the rows, from the keys."""

from __future__ import annotations

import pytest

from porttui.analysis.filter import parse_filter
from porttui.analysis.filter_columns import Searchable
from porttui.analysis.listeners import ListeningRow, ListeningRows
from tests.making import listener, process
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.stage import LARGE, SMALL, ScriptedStage, on_stage

ALL = [3000, 5432, 5432, 6379, 8000, 8080, 8125, 9229, 9300, 22022]


async def filtered(stage: ScriptedStage, text: str) -> None:
    """Type a filter and keep it."""
    await stage.press("slash")
    await stage.type(text)
    await stage.press("enter")


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
    async with on_stage(developers_machine()) as stage:
        assert stage.ports == ALL
        await filtered(stage, typed)
        assert stage.ports == ports
        assert f"{len(ports)} of 10 fit {typed}" in stage.text
        if not ports:
            assert "no row fits the filter" in stage.text


async def test_a_port_is_found_at_either_end_of_a_connection() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("2")
        await filtered(stage, "51230")
        assert stage.table(2).row_count == 1
        assert "1 of 6 fit 51230" in stage.text
        await stage.press("escape")
        await filtered(stage, "3000")
        assert stage.table(2).row_count == 1
        assert stage.table(1).row_count == 1


async def test_the_ranges_pane_says_that_the_filter_is_not_for_it() -> None:
    async with on_stage(developers_machine()) as stage:
        before = stage.table(3).row_count
        assert before > 4
        await filtered(stage, "3000")
        assert "filter not applied" in stage.text
        assert stage.table(3).row_count == before


async def test_rows_are_filtered_with_every_key() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")
        counts = []
        for key in "8080":
            await stage.press(key)
            counts.append(stage.table().row_count)
        # 8, 80, 808 are whole ports that nobody listens on, not beginnings of one.
        assert counts == [0, 0, 0, 1]


async def test_escape_closes_the_line_and_clears_the_filter() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")
        await stage.type("3000")
        assert stage.ports == [3000]
        await stage.press("escape")
        assert stage.ports == ALL
        await stage.press("3")
        assert stage.pane == 3


async def test_escape_clears_a_filter_that_was_kept() -> None:
    async with on_stage(developers_machine()) as stage:
        await filtered(stage, "node")
        assert stage.ports == [3000, 9229]
        await stage.press("escape")
        assert stage.ports == ALL
        assert "fit" not in stage.text


async def test_opening_the_line_again_shows_the_filter_in_force_and_typing_replaces_it() -> None:
    async with on_stage(developers_machine()) as stage:
        await filtered(stage, "8000")
        await stage.press("slash")
        assert any(line.startswith(" /8000") for line in stage.lines)
        assert stage.ports == [8000]
        await stage.type("node")
        await stage.press("enter")
        assert stage.ports == [3000, 9229]


async def test_opening_the_line_again_and_moving_in_it_goes_on_from_the_filter_in_force() -> None:
    async with on_stage(developers_machine()) as stage:
        await filtered(stage, "8000")
        await stage.press("slash", "end")
        await stage.type("-8080")
        await stage.press("enter")
        assert stage.ports == [8000, 8080]


async def test_a_filter_given_at_the_start_is_in_force_from_the_first_sample_on() -> None:
    async with on_stage(developers_machine(), wanted=parse_filter("node")) as stage:
        assert stage.ports == [3000, 9229]
        assert "2 of 10 fit node" in stage.text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("8000-80", "8000-80 runs backwards"),
        ("0", "0 is no port: ports go from 1 to 65535"),
        ("65536", "65536 is no port"),
        ("8000-", "8000- needs a last port"),
        ("node*", "a * stands behind the first digits of a port"),
        ("9" * 60, "999999999999 is no port"),
    ],
)
async def test_a_bad_filter_keeps_the_last_good_rows_and_says_why(bad: str, reason: str) -> None:
    async with on_stage(developers_machine()) as stage:
        await filtered(stage, "node")
        await stage.press("slash")
        await stage.type(bad)
        await stage.say(reason)
        good = stage.ports
        await stage.press("enter")
        assert any(line.startswith(" /") for line in stage.lines), "Enter must not keep a bad one"
        assert stage.ports == good
        await stage.press("escape")
        assert stage.ports == ALL
        assert reason not in stage.text


async def test_a_bad_filter_shows_the_rows_of_what_was_good_before_it() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")
        await stage.type("8000")
        assert stage.ports == [8000]
        await stage.type("-")
        await stage.say("needs a last port")
        assert stage.ports == [8000]
        await stage.type("8080")
        assert stage.ports == [8000, 8080]
        await stage.until(lambda: "needs a last port" not in stage.text)


async def test_a_filter_mended_is_not_followed_by_the_old_complaint() -> None:
    async with on_stage(developers_machine()) as stage:
        stage.burst("slash", *"8000-8080")
        await stage.until(lambda: stage.ports == [8000, 8080])
        await stage.pilot.pause()
        assert "needs a last port" not in stage.text


async def test_the_line_can_be_edited() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")

        async def typed(*keys: str) -> str:
            await stage.press(*keys)
            line = next(line for line in stage.lines if line.startswith(" /"))
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
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")
        await stage.type("xcqspr123")
        assert stage.app.is_running
        assert not stage.dialog
        assert stage.pane == 1
        assert any(line.startswith(" /xcqspr123") for line in stage.lines)
        assert stage.clipboard.copied == []


async def test_rows_can_be_looked_through_while_the_line_is_open() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")
        await stage.type("node")
        await stage.press("down")
        assert stage.port == 9229


async def test_a_pasted_address_is_a_filter() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("slash")
        await stage.paste("127.0.0.1:6379\nrm -rf /\n")
        assert stage.ports == [6379]
        await stage.press("enter")
        assert "1 of 10 fit 127.0.0.1:6379" in stage.text


async def test_a_paste_is_no_row_of_commands_when_nothing_is_being_typed() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.paste("xyq")
        assert stage.app.is_running
        assert not stage.dialog
        assert stage.machine.signals == []


async def test_a_very_long_filter_is_cut_and_does_not_crash() -> None:
    async with on_stage(developers_machine(), size=SMALL) as stage:
        await stage.press("slash")
        await stage.paste("[/red]" * 500)
        assert stage.ports == []
        await stage.press("enter", "escape")
        assert stage.ports == ALL


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_filter_in_force_can_be_seen(size: tuple[int, int]) -> None:
    async with on_stage(developers_machine(), size=size) as stage:
        await filtered(stage, "300*")
        assert "1 of 10 fit 300*" in stage.text


# Order


async def test_s_sorts_by_the_next_column_and_says_which() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("s")
        await stage.say("by address ▲")
        assert stage.ports[0] == 8080, "0.0.0.0 is the first address"
        await stage.press("s", "s")
        await stage.say("by service ▲")
        await stage.press("s")
        await stage.say("by process ▲")
        names = [marked.row.holders[0].name for marked in stage.table().rows if marked.row.holders]
        assert names == sorted(names)


async def test_s_comes_back_to_where_it_began() -> None:
    async with on_stage(developers_machine()) as stage:
        seen = []
        for _ in range(20):
            await stage.press("s")
            seen.append(stage.status.split("▲")[0].strip())
            if seen[-1] == "by port":
                break
        assert seen[-1] == "by port"
        assert len(set(seen)) == len(seen)
        assert stage.ports == ALL


async def test_capital_s_reverses() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("S")
        await stage.say("by port ▼")
        assert stage.ports == ALL[::-1]
        await stage.press("S")
        await stage.say("by port ▲")
        assert stage.ports == ALL


async def test_each_pane_has_an_order_of_its_own() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("S", "2", "S")
        assert stage.ports == ALL[::-1]
        servers = [marked.row.server.endpoint.port for marked in stage.table(2).rows]
        assert servers == sorted(servers, reverse=True)
        await stage.press("3", "s")
        await stage.say("ranges keep their order")


async def test_the_sorted_column_has_the_arrow() -> None:
    async with on_stage(developers_machine()) as stage:
        heading = next(line for line in stage.lines if "ADDRESS" in line)
        assert heading.count("▲") == 1
        assert heading.index("PORT") < heading.index("▲") < heading.index("ADDRESS")
        await stage.press("s", "S")
        heading = next(line for line in stage.lines if "EXPOSURE" in line)
        assert "ADDRESS ▼" in heading


async def test_a_click_on_a_heading_sorts_by_it_and_another_one_reverses() -> None:
    async with on_stage(developers_machine()) as stage:
        row = next(y for y, line in enumerate(stage.lines) if "EXPOSURE" in line)
        column = stage.lines[row].index("USER")
        await stage.pilot.click(offset=(column, row))
        await stage.see("by user ▲")
        await stage.pilot.click(offset=(column, row))
        await stage.see("by user ▼")


async def test_filter_and_order_stay_in_force_over_samples() -> None:
    async with on_stage(developers_machine()) as stage:
        await filtered(stage, "node")
        await stage.press("S")
        assert stage.ports == [9229, 3000]
        await stage.sample(
            *stage.machine.sockets,
            listener("127.0.0.1", 4000, held_by=[process(5000, "node")]),
            listener("127.0.0.1", 4001, held_by=[process(5001, "ruby")]),
        )
        assert stage.ports == [9229, 4000, 3000]
        assert "3 of 12 fit node" in stage.text


async def test_what_a_filter_sees_of_a_row_is_made_once_for_all_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    before = ListeningRows.searchable

    def searchable(row: ListeningRow) -> Searchable:
        made.append(row.local.port)
        return before(row)

    monkeypatch.setattr(ListeningRows, "searchable", staticmethod(searchable))
    async with on_stage(ScriptedMachine([listener("127.0.0.1", port) for port in (1, 2)])) as stage:
        await stage.press("/", "t", "c", "p")
        assert made == [1, 2]
        await stage.sample(*(listener("127.0.0.1", port) for port in (2, 3)))
        assert made == [1, 2, 2, 3, 1]  # of those just gone, too
