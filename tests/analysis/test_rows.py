"""Marks of what is new, gone or in other hands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from porttui.analysis.rows import CHANGE_SHOWN_S, RowChange, RowTracker, SampledRows


class Row(NamedTuple):
    """The simplest row: "a1" is row a in the hands of 1."""

    text: str

    @property
    def key(self) -> str:
        return self.text[0]

    @property
    def signature(self) -> str:
        return self.text[1:]


class Rows(SampledRows[Row]):
    """Rows as objects."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Row:
        return self._rows[index]

    def select(self, indexes: Sequence[int]) -> Rows:
        return Rows([self._rows[at] for at in indexes])


def rows(text: str) -> Rows:
    return Rows([Row(word) for word in text.split()])


def looked(*looks: tuple[float, str]) -> RowTracker[Row]:
    """What there is after these looks, each at its second."""
    (_, first), *later = looks
    changes = RowTracker.start(rows(first))
    for at, seen in later:
        changes = changes.update(rows(seen), at)
    return changes


def shown(changes: RowTracker[Row]) -> str:
    """ "a1 b1+ c1- d2~" with + new, - gone, ~ changed."""
    signs = {RowChange.NONE: "", RowChange.NEW: "+", RowChange.GONE: "-", RowChange.CHANGED: "~"}
    return " ".join(each.row.text + signs[each.change] for each in changes.tracked_rows)


def test_marks_stay_for_five_seconds() -> None:
    assert CHANGE_SHOWN_S == 5.0


@pytest.mark.parametrize(
    ("looks", "seen"),
    [
        ([(0, "a1 b1")], "a1 b1"),
        ([(0, "")], ""),
        ([(0, "a1"), (1, "a1")], "a1"),
        ([(0, "a1"), (1, "a1 b1")], "a1 b1+"),
        ([(0, ""), (1, "a1")], "a1+"),
        ([(0, "a1 b1"), (1, "a1")], "a1 b1-"),
        ([(0, "a1"), (1, "")], "a1-"),
        ([(0, "a1"), (1, "a2")], "a2~"),
        ([(0, "a1"), (1, "a2"), (2, "a3")], "a3~"),
        ([(0, "b1 a1 c1"), (1, "c1 a2 d1")], "c1 a2~ d1+ b1-"),
    ],
)
def test_what_happened_since_the_last_look(looks: list[tuple[float, str]], seen: str) -> None:
    assert shown(looked(*looks)) == seen


@pytest.mark.parametrize(
    ("event", "before", "marked", "after"),
    [
        ("a1 b1", "a1", "a1 b1+", "a1 b1"),
        ("a2", "a1", "a2~", "a2"),
        ("", "a1", "a1-", ""),
    ],
)
def test_a_mark_lingers_and_then_goes(event: str, before: str, marked: str, after: str) -> None:
    happened = (100.0, event)
    assert shown(looked((99, before), happened)) == marked
    assert shown(looked((99, before), happened, (104.9, event))) == marked
    assert shown(looked((99, before), happened, (105.0, event))) == after
    assert shown(looked((99, before), happened, (104.9, event), (105.1, event))) == after


def test_a_gone_row_is_shown_once_as_it_was_last_seen() -> None:
    changes = looked((0, "a1"), (1, "a2"), (2, ""), (3, ""), (4, ""))
    assert shown(changes) == "a2-"


def test_a_row_that_comes_back_while_it_lingers_is_new_and_there_once() -> None:
    changes = looked((0, "a1 b1"), (1, "b1"), (2, "a2 b1"))
    assert shown(changes) == "a2+ b1"
    assert shown(changes.update(rows("a2 b1"), 6.9)) == "a2+ b1"
    assert shown(changes.update(rows("a2 b1"), 7.0)) == "a2 b1"


def test_a_row_that_comes_back_and_goes_again_is_there_once() -> None:
    assert shown(looked((0, "a1"), (1, ""), (2, "a1"), (3, ""))) == "a1-"


def test_a_new_row_that_changes_hands_lingers_anew() -> None:
    changes = looked((0, ""), (1, "a1"), (4, "a2"))
    assert shown(changes) == "a2~"
    assert shown(changes.update(rows("a2"), 8.9)) == "a2~"
    assert shown(changes.update(rows("a2"), 9.0)) == "a2"


def test_gone_rows_stand_behind_those_of_now() -> None:
    assert shown(looked((0, "a1 b1 c1"), (1, "b1 c1"), (2, "c1 d1"))) == "c1 d1+ a1- b1-"


def test_what_went_together_stays_together_until_it_is_back_or_forgotten() -> None:
    changes = looked((0, "a1 b1 c1 d1"), (1, "c1 d1"), (3, "d1 b2"))
    assert shown(changes) == "d1 b2+ a1- c1-"
    assert [[row.text for row in part] for part in changes.tracked_rows.parts] == [
        ["d1", "b2"],
        ["a1"],
        ["c1"],
    ]
    assert changes.tracked_rows.keys() == ["d", "b", "a", "c"]
    assert shown(changes.update(rows("d1 b2"), 6.5)) == "d1 b2+ c1-"


def test_a_place_among_the_gone_ones_is_found_from_either_end() -> None:
    seen = looked((0, "a1 b1 c1"), (1, "b1 c1"), (2, "c1")).tracked_rows
    assert [seen[at].row.text for at in range(-3, 3)] == ["c1", "a1", "b1"] * 2
    assert [each.row.text for each in seen[1:]] == ["a1", "b1"]
    with pytest.raises(IndexError):
        seen[3]


def test_a_look_leaves_the_former_one_as_it_was() -> None:
    before = looked((0, "a1"), (1, "a1 b1"))
    before.update(rows("c1"), 2)
    assert shown(before) == "a1 b1+"


def test_a_marked_row_has_its_row_s_key() -> None:
    assert [each.key for each in looked((0, "a1 b1"), (1, "b1")).tracked_rows] == ["b", "a"]


def test_what_was_forgotten_is_new_again() -> None:
    assert shown(looked((0, "a1"), (1, ""), (10, ""), (11, "a1"))) == "a1+"
