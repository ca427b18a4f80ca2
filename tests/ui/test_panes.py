"""The three panes on screens of all sizes, and the keys that move about in them."""

from __future__ import annotations

import pytest

from tests.making import listener, process
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, scripted_session

SERVER = process(4213, "node")


def many(first: int, number: int) -> ScriptedMachine:
    """Listeners on a row of ports."""
    return ScriptedMachine(
        listener("127.0.0.1", port, held_by=[SERVER]) for port in range(first, first + number)
    )


async def test_a_large_screen_shows_all_three_panes_together() -> None:
    async with scripted_session(developers_machine(), size=LARGE) as session:
        for title in ("1 Listening", "2 Loopback", "3 Ranges"):
            assert sum(title in line for line in session.lines) == 1, title
        assert "node 4213" in session.text
        assert "127.0.0.1:5432" in session.text
        assert "ephemeral" in session.text


async def test_the_header_counts_it_all() -> None:
    async with scripted_session(developers_machine()) as session:
        header = session.lines[0]
        for words in (
            "LISTEN 10 (3 exposed)",
            "LOOPBACK 6",
            "EPHEMERAL 18 of 28,232 (<0.1 %)",
            "TIME_WAIT 12",
            "HIDDEN 1",
        ):
            assert words in header


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_small_screen_shows_one_pane_at_a_time(number: int) -> None:
    titles = ["1 Listening", "2 Loopback", "3 Ranges"]
    async with scripted_session(developers_machine(), size=SMALL) as session:
        await session.press(str(number))
        framed = [line for line in session.lines if line.startswith("╭")]
        assert len(framed) == 1
        assert titles[number - 1] in framed[0]
        tabs = next(line for line in session.lines if all(title in line for title in titles))
        assert tabs.index("1 Listening 10") < tabs.index("2 Loopback 6") < tabs.index("3 Ranges")


def _row_of(lines: list[str], port: str) -> str:
    return next((line for line in lines if port in line.split()), "")


@pytest.mark.parametrize(
    "size",
    [(160, 50), (120, 40), (100, 30), (99, 30), (80, 24), (60, 20), (40, 12), (30, 8), (20, 5)],
    ids=str,
)
async def test_no_size_is_too_small_for_ports_and_processes(size: tuple[int, int]) -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[SERVER])])
    async with scripted_session(machine, size=size) as session:
        row = _row_of([line.replace("│", " ") for line in session.lines], "3000")
        assert "node" in row
        assert all(len(line) == size[0] for line in session.lines)
        for key in ("2", "3", "tab", "question_mark", "escape", "1", "enter", "escape", "slash"):
            await session.press(key)
        await session.type("3000")
        await session.press("enter", "x")
        assert session.dialog == "StopDialog"


async def test_the_screen_may_change_its_size_at_any_time() -> None:
    async with scripted_session(developers_machine(), size=LARGE) as session:
        await session.press("j", "j")
        port = session.port
        for size in ((20, 5), (80, 24), (40, 12), (200, 60), (1, 1), (120, 40)):
            await session.pilot.resize_terminal(*size)
            await session.pilot.pause()
        assert session.port == port
        assert "1 Listening" in session.text


async def test_number_keys_choose_the_pane() -> None:
    async with scripted_session(developers_machine()) as session:
        assert session.pane == 1
        for number in (3, 2, 1):
            await session.press(str(number))
            assert session.pane == number


async def test_tab_goes_round_the_panes_and_shift_tab_goes_back() -> None:
    async with scripted_session(developers_machine()) as session:
        visited = []
        for _ in range(4):
            await session.press("tab")
            visited.append(session.pane)
        assert visited == [2, 3, 1, 2]
        await session.press("shift+tab")
        assert session.pane == 1
        await session.press("shift+tab")
        assert session.pane == 3


async def test_every_pane_has_a_cursor_of_its_own() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("j", "2", "j", "j", "3", "j")
        assert [session.table(number).cursor_index for number in (1, 2, 3)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ("j", 1),
        ("down down", 2),
        ("j j k", 1),
        ("j j up", 1),
        ("k", 0),
        ("G", 99),
        ("end", 99),
        ("G j", 99),
        ("G g", 0),
        ("G home", 0),
    ],
)
async def test_keys_move_the_cursor_by_rows_and_to_the_ends(keys: str, index: int) -> None:
    async with scripted_session(many(3000, 100)) as session:
        await session.press(*keys.split())
        assert session.table().cursor_index == index
        assert any(str(3000 + index) in line for line in session.lines)


async def test_pages_move_by_what_is_in_view_and_come_back() -> None:
    async with scripted_session(many(3000, 100)) as session:
        await session.press("pagedown")
        page = session.table().cursor_index
        assert 5 < page < 35
        await session.press("pagedown")
        assert session.table().cursor_index == 2 * page
        await session.press("pageup", "pageup")
        assert session.table().cursor_index == 0
        await session.press("ctrl+d")
        half = session.table().cursor_index
        assert abs(half - page / 2) <= 1
        await session.press("ctrl+u")
        assert session.table().cursor_index == 0


async def test_a_click_goes_to_the_pane_and_the_row() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.pilot.click("#loopback-table", offset=(5, 2))
        assert session.pane == 2
        assert session.table(2).cursor_index == 1


async def test_a_click_on_a_tab_goes_to_its_pane() -> None:
    async with scripted_session(developers_machine(), size=SMALL) as session:
        row = next(y for y, line in enumerate(session.lines) if "3 Ranges" in line)
        column = session.lines[row].index("3 Ranges")
        await session.pilot.click(offset=(column + 2, row))
        assert session.pane == 3
        assert "well-known" in session.text


async def test_an_empty_machine_says_so_in_every_pane() -> None:
    async with scripted_session(ScriptedMachine()) as session:
        assert "nothing listens on this machine" in session.text
        assert "no connection over loopback" in session.text
        assert "ephemeral" in session.text
        assert "LISTEN 0" in session.lines[0]


async def test_an_unknown_ephemeral_range_is_said_to_be_unknown() -> None:
    machine = developers_machine()
    machine.ephemeral = None
    async with scripted_session(machine) as session:
        assert "EPHEMERAL unknown" in session.lines[0]
        assert "ephemeral range: this kernel does not tell" in session.status
        await session.press("3", "G")
        assert "dynamic" in session.text


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_loopback_pane_shows_both_ends_and_what_is_missing(
    size: tuple[int, int],
) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        await session.press("2")
        rows = [line.replace("│", " ") for line in session.lines]
        pair = next(line for line in rows if ":49650" in line)
        assert pair.index("uvicorn 9001") < pair.index("->") < pair.index("postgres 812")
        assert "(unaccepted)" in next(line for line in rows if ":44010" in line)
        assert "(not seen)" in next(line for line in rows if ":45450" in line)


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_ranges_pane_shows_how_the_ranges_overlap(size: tuple[int, int]) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        await session.press("3")
        for words in ("well-known", "registered", "dynamic", "ephemeral", "28,232", "TIME_WAIT"):
            assert words in session.text, words
        assert "32768-60999 overlaps registered 16,384, dynamic 11,848" in session.flat_text


async def test_all_holders_of_a_shared_listener_are_counted_and_the_hidden_one_is_named() -> None:
    async with scripted_session(developers_machine()) as session:
        shared = next(line for line in session.lines if "5432" in line)
        assert "postgres 812 +3" in shared
        hidden = next(line for line in session.lines if "9300" in line)
        assert "hidden" in hidden
        assert "elastic" in hidden


async def test_exposure_is_said_in_words_and_marked() -> None:
    async with scripted_session(developers_machine()) as session:
        rows = {
            port: next(line for line in session.lines if port in line.split())
            for port in ("3000", "8080", "22022")
        }
        assert "loopback" in rows["3000"]
        assert "all interfaces" in rows["8080"]
        assert "one interface" in rows["22022"]
        assert [row[1] for row in rows.values()] == [" ", "!", "!"]
