"""Columns of 0 and 1, one byte for each of tens of thousands of rows, without a step for each row.

bytes.translate looks up a table of 256 for a whole column; a number of two bytes is looked up by
its higher byte, and where that does not decide, by both. Columns are joined as one long number.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import compress

_PAGE = 256
_ALL, _NONE = b"\x01" * _PAGE, bytes(_PAGE)
_MOST = _PAGE * _PAGE
_IS_LITTLE_ENDIAN = array("H", [1]).tobytes()[0] == 1
_FEW = 8
"""One in so many is found sooner by looking for it than by a step for each row."""


def looked_up(marks: bytes, numbers: array[int]) -> bytes:
    """For each number what stands at its place in `marks`: 0 or 1."""
    if len(marks) > _MOST:
        return bytes([marks[number] for number in numbers])
    content, size = numbers.tobytes(), numbers.itemsize
    bytewise = range(size) if _IS_LITTLE_ENDIAN else range(size)[::-1]
    low, high = content[bytewise[0] :: size], content[bytewise[1] :: size]
    pages = [marks[at : at + _PAGE].ljust(_PAGE, b"\0") for at in range(0, len(marks), _PAGE)]
    whole = bytes(page == _ALL for page in pages)
    found = [high.translate(whole.ljust(_PAGE, b"\0"))]
    for number, page in enumerate(pages):
        if page not in (_ALL, _NONE):
            on_page = _NONE[:number] + b"\x01" + _NONE[number + 1 :]
            found.append(both(high.translate(on_page), low.translate(page)))
    return any_of(found)


def rows_of(column: bytes) -> list[int]:
    """Where there is 1, in order."""
    if column.count(1) * _FEW > len(column):
        return list(compress(range(len(column)), column))
    rows, at = [], column.find(1)
    while at >= 0:
        rows.append(at)
        at = column.find(1, at + 1)
    return rows


def any_of(columns: Iterable[bytes]) -> bytes:
    """1 where one of them has 1; there is at least one of them, and all are of a length."""
    first, *others = columns
    for other in others:
        joined = int.from_bytes(first, "big") | int.from_bytes(other, "big")
        first = joined.to_bytes(len(first), "big")
    return first


def both(one: bytes, other: bytes) -> bytes:
    """1 where both have 1; they are of a length."""
    joined = int.from_bytes(one, "big") & int.from_bytes(other, "big")
    return joined.to_bytes(len(one), "big")
