"""The table as it is driven: what is on its lines, where its cursor is, what it tells."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

import pytest
from rich.cells import cell_len
from rich.color import Color as RichColor
from textual import events, on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from porttui.ui.widgets.columns import Cell, Column, Tone
from porttui.ui.widgets.following import follow
from porttui.ui.widgets.keyed_table import KeyedTable


def tone_color(table: Widget, tone: Tone) -> RichColor:
    """The theme's colour for a tone, on the table's background."""
    color = table.get_component_rich_style(f"table--{tone}").color
    assert color
    return color


@dataclass(frozen=True, slots=True)
class Item:
    """A row of these tests."""

    key: int
    name: str = "name"
    tone: Tone = Tone.PLAIN


def items(keys: Iterable[int]) -> tuple[Item, ...]:
    return tuple(Item(key) for key in keys)


NUMBER = Column[Item]("number", "NUMBER", 6, lambda item: Cell(str(item.key)), align="right")
NAME = Column[Item]("name", "NAME", 8, lambda item: Cell(item.name), grow=1)
TONE = Column[Item]("tone", "TONE", 8, lambda item: Cell(item.tone, item.tone), drop_rank=1)
COLUMNS = (NUMBER, NAME, TONE)

WIDTH = 40
ROWS = 10
"""Rows in view in the tests' terminal, beneath the header."""


class TableApp(App[None]):
    """One table, one input to take the focus away, and a record of the table's messages."""

    CSS = "Input { height: 1; border: none; }"

    def __init__(self, table: KeyedTable[Item]) -> None:
        super().__init__()
        self.table = table
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.table
        yield Input()

    def on_mount(self) -> None:
        self.table.focus()

    @on(KeyedTable.Highlighted)
    @on(KeyedTable.Chosen)
    @on(KeyedTable.HeaderClicked)
    def hear(self, message: Message) -> None:
        self.heard.append(message)

    def rows_heard(self, kind: type[Message]) -> list[Item | None]:
        return [
            message.row
            for message in self.heard
            if isinstance(message, kind)
            and isinstance(message, KeyedTable.Highlighted | KeyedTable.Chosen)
        ]


def a_table(
    *columns: Column[Item],
    tone: Callable[[Item], Tone] | None = None,
    glyph: Callable[[Item], Cell] | None = None,
) -> KeyedTable[Item]:
    return KeyedTable(columns or COLUMNS, empty_text="nothing here", tone=tone, glyph=glyph)


def an_app(table: KeyedTable[Item] | None = None) -> TableApp:
    return TableApp(table or a_table())


SIZE = (WIDTH + 1, ROWS + 2)
"""With the bar, which is always there."""


def strips(table: KeyedTable[Item]) -> list[Strip]:
    """The lines as they go to the screen."""
    return table.render_lines(Region(0, 0, table.size.width - 1, table.size.height))


def lines(table: KeyedTable[Item]) -> list[str]:
    return [strip.text for strip in strips(table)]


def keys_in_view(table: KeyedTable[Item]) -> list[int]:
    return [int(line.split()[0]) for line in lines(table)[1:] if line.split()]


def cursor_key(table: KeyedTable[Item]) -> Hashable:
    return table.selected_key


def line_of_cursor(table: KeyedTable[Item]) -> int:
    return table.cursor_index - table.scroll_offset.y


def scroll(table: KeyedTable[Item], top: int) -> None:
    table.scroll_to(y=top, animate=False, force=True)


async def test_rows_are_drawn_under_a_header() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show((Item(80, "nginx"), Item(5432, "postgres", Tone.OK)))
        await pilot.pause()
        assert lines(app.table)[:4] == [
            "NUMBER  NAME                    TONE    ",
            "    80  nginx                   plain   ",
            "  5432  postgres                ok      ",
            " " * WIDTH,
        ]


async def test_the_first_row_is_selected_and_told() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        assert (app.table.cursor_index, app.table.selected, app.table.selected_key) == (
            -1,
            None,
            None,
        )
        app.table.show(items([7, 8]))
        await pilot.pause()
        assert (app.table.cursor_index, app.table.selected_key) == (0, 7)
        assert app.table.row_count == 2
        assert app.rows_heard(KeyedTable.Highlighted) == [Item(7)]


async def test_rows_shown_before_the_table_is_on_a_screen_are_kept() -> None:
    table = a_table()
    table.show(items(range(100)))
    assert table.select_key(60)
    app = an_app(table)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert cursor_key(table) == 60
        assert 60 in keys_in_view(table)


@pytest.mark.parametrize(
    ("keys", "start", "expected"),
    [
        ("down", 0, 1),
        ("j", 0, 1),
        ("up", 5, 4),
        ("k", 5, 4),
        ("up", 0, 0),
        ("down", 99, 99),
        ("pagedown", 0, ROWS - 1),
        ("pageup", 50, 51 - ROWS),
        ("ctrl+d", 0, 4),
        ("ctrl+u", 50, 46),
        ("end", 0, 99),
        ("G", 0, 99),
        ("home", 70, 0),
        ("g", 70, 0),
    ],
)
async def test_keys_move_the_cursor_and_keep_it_in_view(
    keys: str, start: int, expected: int
) -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        app.table.select_key(start)
        await pilot.press(keys)
        assert cursor_key(app.table) == expected
        assert expected in keys_in_view(app.table)


async def test_the_cursor_scrolls_only_as_far_as_it_must() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        await pilot.press(*["down"] * (ROWS - 1))
        assert app.table.scroll_offset.y == 0
        await pilot.press("down")
        assert app.table.scroll_offset.y == 1
        await pilot.press(*["up"] * (ROWS - 1))
        assert app.table.scroll_offset.y == 1
        await pilot.press("up")
        assert app.table.scroll_offset.y == 0


async def test_keys_do_nothing_without_rows() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "up", "pagedown", "end", "home", "enter")
        assert app.table.cursor_index == -1
        assert app.heard == []


async def test_only_the_two_lines_the_cursor_was_and_is_on_look_different() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.styles.border = ("round", "red")
        app.table.show(items(range(5)))
        await pilot.pause()
        before = [list(strip) for strip in strips(app.table)]
        await pilot.press("down")
        after = [list(strip) for strip in strips(app.table)]
        differing = [
            y for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new
        ]
        assert differing == [2, 3]


async def test_every_binding_can_be_remapped_and_moving_stays_out_of_the_footer() -> None:
    bindings = [key for keys in a_table()._bindings.key_to_bindings.values() for key in keys]
    assert bindings
    assert all(binding.id for binding in bindings)
    assert {binding.id for binding in bindings if binding.show} <= {"table.choose"}


async def test_the_cursor_follows_its_row_when_rows_come_above_and_below() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100, 200)))
        app.table.select_key(150)
        await pilot.pause()
        line = line_of_cursor(app.table)
        app.table.show(items([*range(60, 200), 500]))
        await pilot.pause()
        assert cursor_key(app.table) == 150
        assert line_of_cursor(app.table) == line
        assert app.rows_heard(KeyedTable.Highlighted) == [Item(100), Item(150)]


async def test_the_cursor_follows_its_row_when_the_order_changes() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(1000)))
        app.table.select_key(300)
        scroll(app.table, 297)
        app.table.show(items(reversed(range(1000))))
        await pilot.pause()
        assert (app.table.selected_key, app.table.cursor_index) == (300, 699)
        assert line_of_cursor(app.table) == 3


async def test_the_cursor_goes_to_the_next_survivor_of_a_vanished_row() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        app.table.select_key(50)
        line = line_of_cursor(app.table)
        app.table.show(items(key for key in range(100) if key not in (50, 51)))
        await pilot.pause()
        assert cursor_key(app.table) == 52
        assert line_of_cursor(app.table) == line
        assert app.rows_heard(KeyedTable.Highlighted) == [Item(0), Item(50), Item(52)]


async def test_the_cursor_goes_to_the_one_before_when_no_later_row_survived() -> None:
    app = an_app()
    async with app.run_test(size=SIZE):
        app.table.show(items(range(100)))
        app.table.select_key(98)
        app.table.show(items(range(90)))
        assert cursor_key(app.table) == 89


async def test_the_cursor_keeps_its_place_when_no_row_survived() -> None:
    app = an_app()
    async with app.run_test(size=SIZE):
        app.table.show(items(range(20)))
        app.table.select_key(7)
        app.table.show(items(range(100, 120)))
        assert cursor_key(app.table) == 107
        app.table.show(items(range(200, 203)))
        assert cursor_key(app.table) == 202


@pytest.mark.parametrize(
    ("old", "new", "index", "expected"),
    [
        ([], [], -1, -1),
        ([], [1, 2], -1, 0),
        ([1], [], 0, -1),
        ([1, 2, 3], [3, 2, 1], 0, 2),
        (range(10), [1, *range(50, 60)], 5, 0),
        (range(1000), range(500, 1000), 10, 0),
        (range(1000), range(5), 900, 4),
        (range(1000), [*range(900, 1000), *range(800)], 850, 0),
        (range(300), [299, *range(200)], 200, 0),
    ],
)
def test_a_vanished_row_is_followed_in_the_old_order(
    old: Iterable[int], new: Iterable[int], index: int, expected: int
) -> None:
    assert follow(items(old), items(new), index) == expected


async def test_a_changed_row_under_the_cursor_is_told_and_an_equal_one_is_not() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        rows = items(range(3))
        app.table.show(rows)
        app.table.show(tuple(replace(row) for row in rows))
        await pilot.pause()
        assert app.rows_heard(KeyedTable.Highlighted) == [Item(0)]
        app.table.show((Item(0, "renamed"), *rows[1:]))
        await pilot.pause()
        assert app.rows_heard(KeyedTable.Highlighted) == [Item(0), Item(0, "renamed")]
        assert "renamed" in lines(app.table)[1]


async def test_losing_all_rows_is_told_and_the_empty_text_stands_there() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(50)))
        app.table.select_key(40)
        app.table.show(())
        await pilot.pause()
        assert app.table.selected is None
        assert app.table.cursor_index == -1
        assert app.rows_heard(KeyedTable.Highlighted)[-1] is None
        assert lines(app.table)[5] == f"{'nothing here':^{WIDTH}}"
        assert "".join(lines(app.table)[1:]).strip() == "nothing here"
        app.table.empty_text = "[b]漢字[/b] matches nothing"
        await pilot.pause()
        [text] = [line for line in lines(app.table)[1:] if line.strip()]
        assert text.strip() == "[b]漢字[/b] matches nothing"
        assert cell_len(text) == WIDTH
        app.table.show(items(range(3)))
        await pilot.pause()
        assert keys_in_view(app.table) == [0, 1, 2]


async def test_at_the_very_top_a_new_first_row_is_seen() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(10, 100)))
        await pilot.press("down")
        app.table.show(items(range(8, 100)))
        await pilot.pause()
        assert cursor_key(app.table) == 11
        assert app.table.scroll_offset.y == 0
        assert keys_in_view(app.table)[0] == 8


async def test_at_the_very_top_the_view_moves_once_the_cursor_would_be_pushed_out() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100, 200)))
        await pilot.press("down")
        app.table.show(items(range(50, 200)))
        await pilot.pause()
        assert cursor_key(app.table) == 101
        assert line_of_cursor(app.table) == 1


async def test_a_view_scrolled_away_from_the_cursor_stays_on_its_first_row() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100, 300)))
        scroll(app.table, 100)
        app.table.show(items(range(300)))
        await pilot.pause()
        assert cursor_key(app.table) == 100
        assert keys_in_view(app.table)[0] == 200
        app.table.show(items(key for key in range(300) if key % 2))
        await pilot.pause()
        assert keys_in_view(app.table)[0] == 201


async def test_a_view_at_the_top_stays_there_though_the_cursor_is_below() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100, 300)))
        app.table.select_key(290)
        scroll(app.table, 0)
        app.table.show(items(range(90, 300)))
        await pilot.pause()
        assert cursor_key(app.table) == 290
        assert keys_in_view(app.table)[0] == 90


async def test_fewer_rows_than_lines_scroll_back_to_the_top() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(300)))
        app.table.select_key(200)
        app.table.show(items([199, 200, 201]))
        await pilot.pause()
        assert keys_in_view(app.table) == [199, 200, 201]
        assert (app.table.selected_key, app.table.scroll_offset.y) == (200, 0)


async def test_the_wheel_scrolls_and_leaves_the_cursor_alone() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        await pilot.pause()
        for _ in range(10):
            app.table.post_message(
                events.MouseScrollDown(app.table, 1, 5, 0, 0, 0, False, False, False)
            )
        await pilot.pause()
        assert app.table.scroll_offset.y > 0
        assert cursor_key(app.table) == 0
        assert 0 not in keys_in_view(app.table)
        await pilot.press("down")
        assert cursor_key(app.table) == 1
        assert keys_in_view(app.table)[0] == 1


async def test_a_hidden_table_takes_rows_and_shows_its_cursor_when_it_appears() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.display = False
        await pilot.pause()
        app.table.show(items(range(1000)))
        app.table.select_key(500)
        app.table.show(items(range(100, 1000)))
        await pilot.pause()
        app.table.display = True
        await pilot.pause()
        assert cursor_key(app.table) == 500
        assert 500 in keys_in_view(app.table)


def bar(app: TableApp) -> str:
    """The bar as it is on the screen, from above; what is full of the thumb is a ▉."""
    cells = []
    for strip in app.screen._compositor.render_strips()[: ROWS + 1]:
        [cell] = strip.crop(WIDTH, WIDTH + 1)
        assert cell.style
        cells.append("▉" if cell.style.reverse and cell.text == " " else cell.text)
    return "".join(cells)


async def test_the_bar_is_as_long_as_what_is_in_view_is_of_all_rows() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        for count in (1, 2, 100, 5000):
            app.table.show(items(range(count * (ROWS + 1) - 1)))
            await pilot.pause()
            assert bar(app).count("▉") == max(1, (ROWS + 1) // count) % (ROWS + 1)


async def test_the_bar_is_at_its_ends_where_the_rows_are_at_theirs() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(200)))
        await pilot.pause()
        assert bar(app) == "▉" + " " * ROWS
        await pilot.press("end")
        await pilot.pause()
        assert bar(app) == " " * ROWS + "▉"
        await pilot.press("home", *["pagedown"] * 3)
        await pilot.pause()
        assert len(bar(app).strip()) == 2  # in part of one line, in part of the next


async def test_a_press_beside_the_thumb_goes_a_page_on_and_chooses_nothing() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(200)))
        await pilot.pause()
        for page in (1, 2, 3):
            await pilot.click(KeyedTable, offset=(WIDTH, ROWS))
            assert app.table.scroll_offset.y == page * ROWS
        await pilot.click(KeyedTable, offset=(WIDTH, 0))
        assert app.table.scroll_offset.y == 2 * ROWS
        assert cursor_key(app.table) == 0
        assert not app.rows_heard(KeyedTable.Chosen)


async def test_the_thumb_can_be_dragged_from_one_end_to_the_other() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(200)))
        await pilot.pause()
        await pilot.mouse_down(KeyedTable, offset=(WIDTH, 0))
        await pilot.hover(KeyedTable, offset=(WIDTH, ROWS // 2))
        await pilot.wait_for_scheduled_animations()
        assert 80 <= app.table.scroll_offset.y <= 120
        assert cursor_key(app.table) == 0
        await pilot.hover(offset=(3, ROWS + 1))  # beside the bar: it is held
        await pilot.wait_for_scheduled_animations()
        assert app.table.scroll_offset.y == 200 - ROWS
        await pilot.mouse_up(offset=(3, ROWS + 1))
        await pilot.pause()
        assert not app.rows_heard(KeyedTable.Chosen)
        assert cursor_key(app.table) == 0
        await pilot.hover(KeyedTable, offset=(WIDTH, 0))
        await pilot.wait_for_scheduled_animations()
        assert app.table.scroll_offset.y == 200 - ROWS  # it was let go of


async def test_a_bar_without_a_thumb_cannot_be_held() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(3)))
        await pilot.pause()
        await pilot.mouse_down(KeyedTable, offset=(WIDTH, 1))
        assert app.mouse_captured is None


async def test_the_bar_is_blank_where_all_rows_are_in_view() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(ROWS)))
        await pilot.pause()
        drawn = app.screen._compositor.render_strips()[: ROWS + 1]
        surface = app.table.rich_style.bgcolor
        for strip in drawn:
            [bar] = strip.crop(WIDTH, WIDTH + 1)
            assert bar.text == " "
            assert bar.style
            assert bar.style.bgcolor == surface
        app.table.show(items(range(3 * ROWS)))
        await pilot.pause()
        assert app.screen._compositor.render_strips()[: ROWS + 1] != drawn


async def test_shrinking_keeps_the_cursor_in_view() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        app.table.select_key(ROWS - 1)
        await pilot.resize_terminal(WIDTH, 6)
        assert ROWS - 1 in keys_in_view(app.table)


async def test_shrinking_does_not_bring_back_a_cursor_that_was_scrolled_away() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        scroll(app.table, 50)
        await pilot.resize_terminal(WIDTH, 6)
        assert keys_in_view(app.table)[0] == 50


async def test_select_key_says_whether_there_is_such_a_row() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(1000)))
        assert app.table.select_key(900)
        assert not app.table.select_key(5000)
        await pilot.pause()
        assert cursor_key(app.table) == 900
        assert 900 in keys_in_view(app.table)


async def test_columns_fall_away_and_come_back_with_the_width() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items([1]))
        await pilot.resize_terminal(25, 12)
        assert lines(app.table)[0].split() == ["NUMBER", "NAME"]
        await pilot.resize_terminal(30, 12)
        assert lines(app.table)[0].split() == ["NUMBER", "NAME", "TONE"]
        await pilot.resize_terminal(2, 12)
        assert all(cell_len(line) == 1 for line in lines(app.table))


async def test_the_scrollbar_hides_no_cell() -> None:
    app = an_app(a_table(NAME, NUMBER))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        await pilot.pause()
        assert set(bar(app)) != {" "}
        assert lines(app.table)[6].endswith("5")


async def test_wide_and_combining_characters_keep_the_columns_straight() -> None:
    app = an_app(a_table(NAME, NUMBER._replace(align="left")))
    async with app.run_test(size=(19, ROWS + 2)) as pilot:
        names = ("漢字漢字漢字漢字", "a漢字漢字漢字漢字", "e\u0301" * 30, "short")
        app.table.show(tuple(Item(7, name) for name in names))
        await pilot.pause()
        drawn = lines(app.table)[1:5]
        assert [cell_len(line) for line in drawn] == [18] * 4
        assert [cell_len(line[: line.index("7")]) for line in drawn] == [12] * 4
        assert drawn[0].startswith("漢字漢字…")
        assert drawn[1].startswith("a漢字漢字…")


async def test_what_looks_like_markup_is_drawn_literally() -> None:
    def glyph(_: Item) -> Cell:
        return Cell("[")

    app = an_app(a_table(NUMBER._replace(label="[b]N[/b]", width=10), NAME, glyph=glyph))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show((Item(1, "[/red]"), Item(2, "[link=x]y"), Item(3, "[bold")))
        await pilot.pause()
        drawn = lines(app.table)
        assert "[b]N[/b]" in drawn[0]
        assert [line.split() for line in drawn[1:4]] == [
            ["[", "1", "[/red]"],
            ["[", "2", "[link=x]y"],
            ["[", "3", "[bold"],
        ]


async def test_the_sorted_column_carries_an_arrow_that_its_label_gives_way_to() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show_sorting("name", descending=False)
        await pilot.pause()
        assert "NAME ▲" in lines(app.table)[0]
        app.table.show_sorting("number", descending=True)
        await pilot.pause()
        assert lines(app.table)[0].startswith("NUMBE▼  NAME ")
        app.table.show_sorting(None, descending=False)
        await pilot.pause()
        assert lines(app.table)[0].startswith("NUMBER  NAME ")


async def test_a_click_selects_and_a_second_one_chooses() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        scroll(app.table, 20)
        await pilot.click(KeyedTable, offset=(3, 4))
        assert cursor_key(app.table) == 23
        assert app.rows_heard(KeyedTable.Chosen) == []
        await pilot.click(KeyedTable, offset=(3, 4))
        assert app.rows_heard(KeyedTable.Chosen) == [Item(23)]
        await pilot.click(KeyedTable, offset=(3, 5))
        assert cursor_key(app.table) == 24
        assert app.rows_heard(KeyedTable.Chosen) == [Item(23)]


async def test_the_first_click_on_the_row_the_keys_went_to_does_not_choose() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(10)))
        await pilot.press("down")
        await pilot.click(KeyedTable, offset=(3, 2))
        assert cursor_key(app.table) == 1
        assert app.rows_heard(KeyedTable.Chosen) == []
        await pilot.click(KeyedTable, offset=(3, 2))
        assert app.rows_heard(KeyedTable.Chosen) == [Item(1)]


async def test_a_click_after_the_keys_went_away_and_back_does_not_choose() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(10)))
        await pilot.click(KeyedTable, offset=(3, 3))
        await pilot.press("down", "up")
        await pilot.click(KeyedTable, offset=(3, 3))
        assert cursor_key(app.table) == 2
        assert app.rows_heard(KeyedTable.Chosen) == []


async def test_a_click_on_the_row_that_took_a_vanished_rows_place_does_not_choose() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(10)))
        await pilot.click(KeyedTable, offset=(3, 3))
        app.table.show(items(key for key in range(10) if key != 2))
        await pilot.click(KeyedTable, offset=(3, 3))
        assert cursor_key(app.table) == 3
        assert app.rows_heard(KeyedTable.Chosen) == []


async def test_a_click_below_the_rows_or_with_another_button_selects_nothing() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(3)))
        await pilot.click(KeyedTable, offset=(3, 8))
        await pilot.click(KeyedTable, offset=(3, 2), button=3)
        assert cursor_key(app.table) == 0


async def test_clicks_count_from_inside_the_border() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.styles.border = ("round", "red")
        app.table.show(items(range(5)))
        await pilot.pause()
        await pilot.click(KeyedTable, offset=(3, 3))
        assert cursor_key(app.table) == 1


async def test_enter_chooses_the_row_under_the_cursor() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(3)))
        await pilot.press("down", "enter")
        assert app.rows_heard(KeyedTable.Chosen) == [Item(1)]


async def test_a_click_on_a_label_tells_its_column() -> None:
    app = an_app(a_table(glyph=lambda _: Cell("●")))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(100)))
        scroll(app.table, 20)
        for x in (0, 2, 9, 10, 35):
            await pilot.click(KeyedTable, offset=(x, 0))
        columns = [
            message.column for message in app.heard if isinstance(message, KeyedTable.HeaderClicked)
        ]
        assert columns == [NUMBER, NUMBER, NAME, TONE]
        assert cursor_key(app.table) == 0


def colours(strip: Strip, text: str) -> set[str]:
    """The colours of the segments that show this text."""
    return {
        segment.style.color.name
        for segment in strip
        if text in segment.text and segment.style and segment.style.color
    }


async def test_a_cells_own_tone_wins_over_its_rows_tone() -> None:
    table = a_table(tone=lambda item: Tone.MUTED if item.key else Tone.PLAIN)
    app = an_app(table)
    async with app.run_test(size=SIZE) as pilot:
        table.show((Item(0, "zero"), Item(1, "one"), Item(2, "two", Tone.ERROR), Item(3, "three")))
        app.query_one(Input).focus()
        table.select_key(3)
        await pilot.pause()
        drawn = strips(table)
        muted, error = tone_color(table, Tone.MUTED), tone_color(table, Tone.ERROR)
        assert muted != error
        assert colours(drawn[2], "one") == {muted.name}
        assert colours(drawn[3], "two") == {muted.name}
        assert colours(drawn[3], "error") == {error.name}
        assert colours(drawn[1], "zero").isdisjoint({muted.name, error.name})


async def test_the_cursor_line_keeps_the_tones_and_its_background_has_no_holes() -> None:
    app = an_app(a_table(glyph=lambda item: Cell("●", item.tone)))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(tuple(Item(n, "x", tone) for n, tone in enumerate(Tone)))
        await pilot.pause()
        backgrounds = []
        for tone in Tone:
            drawn = strips(app.table)
            line = drawn[1 + app.table.cursor_index]
            if tone is not Tone.PLAIN:
                assert colours(line, tone) == {tone_color(app.table, tone).name}
            backgrounds.append({segment.style and segment.style.bgcolor for segment in line})
            await pilot.press("down")
        assert all(len(background) == 1 for background in backgrounds)
        ordinary = strips(app.table)[1]
        assert {segment.style and segment.style.bgcolor for segment in ordinary} != backgrounds[0]


async def test_a_tone_adds_its_text_attributes_to_those_of_the_line() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show((Item(0, "x", Tone.GONE), Item(1, "x", Tone.NEW)))
        await pilot.pause()
        [gone] = [segment.style for segment in strips(app.table)[1] if "gone" in segment.text]
        [new] = [segment.style for segment in strips(app.table)[2] if "new" in segment.text]
        assert gone
        assert new
        assert gone.italic
        assert gone.bold
        assert new.bold
        assert not new.italic


async def test_a_line_longer_than_its_columns_has_one_background_to_the_end() -> None:
    app = an_app(a_table(NUMBER))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(2)))
        await pilot.pause()
        for strip in strips(app.table):
            assert strip.cell_length == WIDTH
            assert len({segment.style for segment in strip}) == 1


async def test_a_mark_takes_one_cell_whatever_it_is() -> None:
    app = an_app(a_table(NUMBER, glyph=lambda item: Cell(item.name)))
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(tuple(Item(1, glyph) for glyph in ("●", "", "漢", "ab")))
        await pilot.pause()
        assert [line.rstrip() for line in lines(app.table)[:5]] == [
            "  NUMBER",
            "●      1",
            "       1",
            "…      1",
            "…      1",
        ]


async def test_the_cursor_shows_whether_the_table_has_the_focus() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(3)))
        await pilot.pause()
        focused = list(strips(app.table)[1])
        app.query_one(Input).focus()
        await pilot.pause()
        blurred = list(strips(app.table)[1])
        assert focused != blurred
        assert blurred != list(strips(app.table)[2])


async def test_a_new_theme_gives_new_colours() -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show((Item(1), Item(2, "ok", Tone.OK)))
        await pilot.pause()
        before = colours(strips(app.table)[2], "ok")
        app.theme = "textual-light"
        await pilot.pause()
        after = colours(strips(app.table)[2], "ok")
        assert before
        assert after
        assert before != after


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark"])
async def test_without_colours_the_cursor_is_reversed(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.theme = theme
        app.table.show(tuple(Item(n, "x", Tone.GONE) for n in range(3)))
        await pilot.pause()
        reversed_lines = [
            y
            for y, strip in enumerate(strips(app.table))
            if all(segment.style and segment.style.reverse for segment in strip)
        ]
        assert reversed_lines == [1]
        styles = {segment.style for segment in strips(app.table)[1] if segment.style}
        assert len({style.color for style in styles}) == 1
        assert any(style.italic for style in styles)
        app.query_one(Input).focus()
        await pilot.pause()
        underlined = [
            y
            for y, strip in enumerate(strips(app.table)[1:], 1)
            if all(segment.style and segment.style.underline for segment in strip)
        ]
        assert underlined == [1]


class Counted:
    """A cell function that knows how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, item: Item) -> Cell:
        self.calls += 1
        return Cell(str(item.key))


async def test_only_lines_that_look_otherwise_are_painted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        rows = items(range(100))
        app.table.show(rows)
        scroll(app.table, 50)
        await pilot.pause()
        painted: list[Region] = []
        refresh = KeyedTable.refresh

        def count(table: KeyedTable[Item], *regions: Region, **how: bool) -> KeyedTable[Item]:
            painted.extend(regions)
            return refresh(table, *regions, **how)

        monkeypatch.setattr(KeyedTable, "refresh", count)
        app.table.show(items(range(100)))
        await pilot.pause()
        assert not painted
        app.table.show((*rows[:53], Item(53, "changed"), *rows[54:]))
        await pilot.pause()
        assert [(region.y, region.height) for region in painted] == [(1 + 3, 1)]
        assert "changed" in lines(app.table)[1 + 3]


async def test_rows_may_come_when_the_table_is_gone() -> None:
    """As the last sample does while the session ends."""
    app = an_app()
    async with app.run_test(size=SIZE) as pilot:
        app.table.show(items(range(3)))
        await pilot.pause()
        await app.table.remove()
        app.table.show(items(range(5)))
        assert app.table.row_count == 5


async def test_of_60000_rows_only_those_in_view_are_drawn() -> None:
    cell = Counted()
    app = an_app(a_table(NUMBER._replace(cell=cell)))
    async with app.run_test(size=SIZE) as pilot:
        rows = items(range(60_000))
        app.table.show(rows)
        assert cell.calls == 0
        await pilot.pause()
        assert 0 < cell.calls <= 4 * ROWS
        app.table.select_key(30_000)
        await pilot.pause()
        cell.calls = 0
        app.table.show(rows[::-1])
        assert cell.calls == 0
        await pilot.pause()
        assert 0 < cell.calls <= 2 * ROWS
        assert cursor_key(app.table) == 30_000
        app.table.select_key(29_995)
        await pilot.pause()
        cell.calls = 0
        await pilot.press("up")
        assert 0 < cell.calls <= 2


def test_no_name_of_the_table_hides_one_of_textual() -> None:
    class Bare(ScrollView):
        """A subclass without anything of its own."""

    inherited = set(dir(ScrollView)) | set(vars(ScrollView()))
    source = inspect.getsource(KeyedTable.__init__)
    attributes = set(re.findall(r"self\.(_\w+)(?:: .+)? = ", source))
    assert {"_rows", "_cursor"} <= attributes
    assert attributes.isdisjoint(inherited)
    own = set(vars(KeyedTable))
    overridden = (own - set(vars(Bare))) & inherited
    assert {name for name in overridden if name[0] != "_" and name.islower()} == {
        "notify_style_update",
        "render_line",
    }
    assert not {name for name in overridden if name[0] == "_" and name[:2] != "__"}
