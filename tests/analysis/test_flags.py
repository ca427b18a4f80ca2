"""Columns of 0 and 1 against the same done one by one."""

from __future__ import annotations

import random
from array import array

import pytest

from porttui.analysis.flags import any_of, both, looked_up, rows_of


@pytest.mark.parametrize("code", ["H", "I"])
@pytest.mark.parametrize("places", [1, 200, 256, 257, 5000, 65536])
def test_looking_up_is_looking_up_each(code: str, places: int) -> None:
    rng = random.Random(places)
    numbers = array(code, [rng.randrange(places) for _ in range(2000)])
    for share in (0, 0.01, 0.5, 1):
        marks = bytes(rng.random() < share for _ in range(places))
        # Whole stretches, as ranges of ports are, besides single places.
        middle = places // 2
        for each in (marks, bytes(middle) + marks[middle:], b"\x01" * middle + marks[middle:]):
            assert looked_up(each, numbers) == bytes(each[number] for number in numbers)


def test_numbers_beyond_two_bytes_are_looked_up_too() -> None:
    marks = bytes(at % 3 == 0 for at in range(70000))
    numbers = array("I", [0, 1, 65535, 65536, 69999])
    assert looked_up(marks, numbers) == bytes([1, 0, 1, 0, 1])


def test_no_numbers_have_no_marks() -> None:
    assert looked_up(b"\x01", array("H")) == b""
    assert looked_up(b"", array("I")) == b""


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 1])
def test_the_rows_are_where_there_is_1(share: float) -> None:
    rng = random.Random(5)
    column = bytes(rng.random() < share for _ in range(3000))
    assert rows_of(column) == [at for at, each in enumerate(column) if each]


def test_columns_are_joined_row_by_row() -> None:
    rng = random.Random(3)
    one, other, third = (bytes(rng.randrange(2) for _ in range(77)) for _ in range(3))
    assert both(one, other) == bytes(map(min, one, other))
    assert any_of([one, other, third]) == bytes(map(max, one, other, third))
    assert any_of([one]) == one
