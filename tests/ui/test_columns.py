"""Which columns a line shows, how wide they are, and how a text is made to fit."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from porttui.ui.widgets.columns import GAP, MIN_WIDTH, Cell, Column, fit, fit_cell, lay_out, wrap


def column(
    id: str, width: int, *, grow: int = 0, max_width: int | None = None, drop_rank: int = 0
) -> Column[str]:
    return Column(id, id.upper(), width, Cell, grow=grow, max_width=max_width, drop_rank=drop_rank)


def widths(columns: list[Column[str]], available: int) -> dict[str, int]:
    return {chosen.id: width for chosen, width in lay_out(columns, available)}


def test_columns_that_fit_exactly_get_their_width() -> None:
    assert widths([column("a", 5), column("b", 7)], 14) == {"a": 5, "b": 7}


def test_spare_width_goes_to_growing_columns_by_share() -> None:
    columns = [column("port", 5), column("name", 10, grow=1), column("command", 10, grow=2)]
    assert widths(columns, 29 + 30) == {"port": 5, "name": 20, "command": 30}


def test_growth_stops_at_most_and_the_others_take_the_rest() -> None:
    columns = [column("name", 10, grow=1, max_width=12), column("command", 10, grow=1)]
    assert widths(columns, 22 + 20) == {"name": 12, "command": 28}


def test_no_spare_cell_is_lost_to_rounding() -> None:
    columns = [column(id, 4, grow=1) for id in "abc"]
    for available in range(16, 60):
        assert sum(widths(columns, available).values()) + 4 == available


def test_a_limit_below_the_width_neither_grows_nor_shrinks_the_column() -> None:
    assert widths([column("a", 10, grow=1, max_width=5)], 40) == {"a": 10}


def test_the_highest_rank_falls_away_first_and_the_order_stays() -> None:
    columns = [
        column("a", 5, drop_rank=2),
        column("b", 5),
        column("c", 5, drop_rank=1),
        column("d", 5),
    ]
    assert list(widths(columns, 26)) == ["a", "b", "c", "d"]
    assert list(widths(columns, 25)) == ["b", "c", "d"]
    assert list(widths(columns, 18)) == ["b", "d"]


def test_among_equal_ranks_the_rightmost_falls_first() -> None:
    columns = [column("a", 5, drop_rank=1), column("b", 5), column("c", 5, drop_rank=1)]
    assert list(widths(columns, 15)) == ["a", "b"]


def test_what_is_drawn_gets_all_the_cells_there_are() -> None:
    cell = Cell("", draw=lambda width: "█" * (width - 1))
    assert [fit_cell(cell, width) for width in (1, 3, 5)] == [" ", "██ ", "████ "]
    assert fit_cell(Cell("", draw=lambda _: "too long"), 4) == "too…"


def test_names_give_way_before_numbers_do() -> None:
    columns = [column("port", 5), column("name", 20, grow=1), column("pid", 7)]
    assert widths(columns, 24) == {"port": 5, "name": 8, "pid": 7}


def test_the_widest_name_gives_way_first() -> None:
    columns = [column("user", 8, grow=1), column("command", 20, grow=1)]
    assert widths(columns, 20) == {"user": 8, "command": 10}


def test_a_name_keeps_a_few_cells_and_the_line_is_cut_off_on_the_right() -> None:
    columns = [column("port", 5), column("name", 20, grow=1), column("pid", 7)]
    assert widths(columns, 16) == {"port": 5, "name": MIN_WIDTH, "pid": 3}
    assert widths(columns, 13) == {"port": 5, "name": MIN_WIDTH}


def test_widths_are_never_negative_and_never_overflow() -> None:
    columns = [
        column("a", 6),
        column("b", 9, grow=1, max_width=20),
        column("c", 9, grow=3, drop_rank=1),
    ]
    for available in range(-5, 80):
        shown = widths(columns, available)
        assert all(width > 0 for width in shown.values())
        assert sum(shown.values()) + GAP * max(0, len(shown) - 1) <= max(0, available)


def test_nothing_is_laid_out_of_nothing() -> None:
    assert lay_out([], 80) == ()
    assert widths([column("a", 5)], 0) == {}


def test_short_text_is_padded_on_the_side_of_its_alignment() -> None:
    assert fit("80", 5, "left") == "80   "
    assert fit("80", 5, "right") == "   80"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert fit("postgres", 5, "left") == "post…"
    assert fit("postgres", 5, "right") == "post…"
    assert fit("postgres", 8, "left") == "postgres"
    assert fit("postgres", 1, "left") == "…"
    assert fit("postgres", 0, "left") == ""


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert fit("漢字かな", 5, "left") == "漢字…"
    assert fit("漢字かな", 4, "left") == "漢… "
    assert fit("漢字かな", 4, "right") == " 漢…"


def test_a_combining_mark_stays_with_its_letter_and_takes_no_cell() -> None:
    assert fit("e\u0301te\u0301", 3, "left") == "e\u0301te\u0301"
    assert fit("e\u0301te\u0301s", 3, "left") == "e\u0301t…"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "漢字かな",
        "a漢b字c",
        "e\u0301e\u0301",
        "\u0301x",
        "👩‍👩‍👧‍👦 family",
        "❤️x❤️",
        "[/red]",
    ],
)
def test_fitted_text_takes_exactly_the_width(text: str) -> None:
    for width in range(12):
        assert cell_len(fit(text, width, "left")) == width
        assert cell_len(fit(text, width, "right")) == width


def test_text_wraps_between_words_and_at_line_ends() -> None:
    assert wrap("no port matches\nesc clears", 8) == ["no port", "matches", "esc", "clears"]
    assert wrap("漢字 かな", 5) == ["漢字", "かな"]
    assert wrap("unbreakable", 6) == ["unbre…"]
    assert wrap("", 10) == []
