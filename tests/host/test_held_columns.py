"""Columns of holders that are taken from the last look say what a look-up of each row says."""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping
from itertools import repeat

import pytest

from porttui.host.linux import held_columns
from porttui.host.linux.held_columns import HeldColumns


class Counting(dict[int, int]):
    """Counts how often it is asked."""

    asked = 0

    def get(self, key: int, default: int = 0) -> int:  # type: ignore[override]
        self.asked += 1
        return super().get(key, default)


def looked_up(inodes: array[int], group_of: Mapping[int, int]) -> array[int]:
    return array("I", map(group_of.get, inodes, repeat(0)))


@pytest.fixture(autouse=True)
def _from_few_rows_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_columns, "LONG", 200)
    monkeypatch.setattr(held_columns, "_STRETCH", 8)


def a_machine(rng: random.Random, rows: int = 600) -> tuple[array[int], Counting]:
    """Inodes in the order of a hash, some of them held by nobody that is seen."""
    inodes = array("I", rng.sample(range(1, 10**6), rows))
    return inodes, Counting({each: rng.randrange(1, 50) for each in inodes if rng.random() < 0.9})


def test_a_column_that_stands_is_not_looked_up_again() -> None:
    inodes, group_of = a_machine(random.Random(1))
    columns = HeldColumns()
    for _ in range(3):
        assert columns.groups("tcp", inodes, group_of) == looked_up(inodes, group_of)
    assert group_of.asked == len(inodes) * 4  # three times by the test, and once


def test_only_the_stretch_around_a_change_is_looked_up() -> None:
    inodes, group_of = a_machine(random.Random(1))
    columns = HeldColumns()
    columns.groups("tcp", inodes, group_of)
    new, closed = 7 * 10**6, 400
    now = inodes[:100] + array("I", [new]) + inodes[100:closed] + inodes[closed + 1 :]
    group_of[new] = 3
    group_of.pop(inodes[closed], 0)
    columns.moved([new, inodes[closed]])
    group_of.asked = 0
    found = columns.groups("tcp", now, group_of)
    assert group_of.asked <= 6 * 8
    assert found == looked_up(now, group_of)


def test_whoever_moves_is_looked_up_wherever_it_stands() -> None:
    inodes, group_of = a_machine(random.Random(2))
    columns = HeldColumns()
    for at in (0, 7, 8, 300, 599):
        columns.groups("tcp", inodes, group_of)
        group_of[inodes[at]] = 77
        columns.moved([inodes[at]])
        assert columns.groups("tcp", inodes, group_of)[at] == 77
        group_of.pop(inodes[at])
        columns.moved([inodes[at]])
        assert columns.groups("tcp", inodes, group_of)[at] == 0


def test_each_column_is_told_who_moved() -> None:
    inodes, group_of = a_machine(random.Random(3))
    columns = HeldColumns()
    names = "tcp", "udp"
    for name in names:
        columns.groups(name, inodes, group_of)
    group_of[inodes[5]] = 77
    columns.moved([inodes[5]])
    assert [columns.groups(name, inodes, group_of)[5] for name in names] == [77, 77]


def test_groups_with_other_numbers_are_looked_up() -> None:
    inodes, group_of = a_machine(random.Random(4))
    columns = HeldColumns()
    columns.groups("tcp", inodes, group_of)
    for inode in group_of:
        group_of[inode] += 1000
    columns.forget()
    assert columns.groups("tcp", inodes, group_of) == looked_up(inodes, group_of)


def test_where_all_is_new_hardly_more_is_asked_than_there_is() -> None:
    rng = random.Random(5)
    columns = HeldColumns()
    for _ in range(3):
        inodes, group_of = a_machine(rng)
        found = columns.groups("tcp", inodes, group_of)
        assert group_of.asked == len(inodes)
        assert found == looked_up(inodes, group_of)


def test_a_column_nobody_asks_for_any_more_does_not_grow() -> None:
    inodes, group_of = a_machine(random.Random(6))
    columns = HeldColumns()
    columns.groups("tcp", inodes, group_of)
    for inode in range(2000):
        columns.moved([inode])
    assert not columns._columns
    assert columns.groups("tcp", inodes, group_of) == looked_up(inodes, group_of)


@pytest.mark.parametrize("seed", range(20))
def test_after_any_changes_it_says_what_look_ups_say(seed: int) -> None:
    """Sockets come and go anywhere, are passed on and let go of, and the column may be short."""
    rng = random.Random(seed)
    inodes, group_of = a_machine(rng)
    columns = HeldColumns()
    for _ in range(30):
        kept = [each for each in inodes if rng.random() > rng.choice([0, 0, 0.01, 0.5])]
        for each in set(inodes) - set(kept):
            if group_of.pop(each, 0):
                columns.moved([each])
        for _ in range(rng.choice([0, 0, 1, 5, 300])):
            inode = rng.randrange(1, 10**6)
            if inode not in kept:
                kept.insert(rng.randrange(len(kept) + 1), inode)
        for each in kept:
            if (each not in group_of and rng.random() < 0.5) or rng.random() < 0.001:
                group_of[each] = rng.randrange(1, 50)
                columns.moved([each])
            elif rng.random() < 0.001 and group_of.pop(each, 0):
                columns.moved([each])
        if rng.random() < 0.1:
            rng.shuffle(kept)
        inodes = array("I", kept)
        assert columns.groups("tcp", inodes, group_of) == looked_up(inodes, group_of)
