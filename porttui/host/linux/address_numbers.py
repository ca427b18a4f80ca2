"""Numbers for the addresses of tens of thousands of sockets, all rows of a column at once."""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from typing import NamedTuple

from porttui.model.address import Address

_MOST = 256
"""Addresses: no more can be told apart by a byte."""
_MANY = 4096
"""Rows: fewer are looked up one by one before this could begin."""
_SAMPLE = 16
"""One row of so many."""
_PLACES = range(4)
"""Of the bytes of an IPv4 address."""
_LOWEST = 0 if sys.byteorder == "little" else 3
"""The place of the lowest byte in a number."""
_ANY = 0
"""0.0.0.0: what listens everywhere, and what stands where there is no remote end."""


class AddressNumbers(dict[int | bytes, int]):
    """Gives each address its number when it is first asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Address | None] = [None]
        self._by_byte: _ByByte | None = None

    def __missing__(self, value: int | bytes) -> int:
        number = self[value] = len(self.addresses)
        self.addresses.append(_address(value))
        return number

    def of(self, values: list[bytes] | array[int]) -> array[int]:
        """The numbers of a column of addresses; IPv4 ones as numbers, IPv6 ones as bytes."""
        if isinstance(values, list):
            return array("I", map(self.__getitem__, values))
        found = self._at_once(values) if len(values) >= _MANY else None
        return array("I", map(self.__getitem__, values)) if found is None else found

    def _at_once(self, values: array[int]) -> array[int] | None:
        """None where that cannot be done."""
        found = self._by_byte.numbers(values) if self._by_byte else None
        # Most addresses have many rows: some of the rows have them all, as a rule.
        for rows in (values[::_SAMPLE], values):
            if found is not None or not self._learn(rows) or self._by_byte is None:
                break
            found = self._by_byte.numbers(values)
        return found

    def _learn(self, values: array[int]) -> bool:
        """Give all of them numbers; False where they are too many to be told apart by a byte."""
        new = {_ANY, *values} - self.keys()
        if len(self) + len(new) >= _MOST:
            return False
        # In the order of numbers, so that what is told does not hang on how they are hashed.
        for value in sorted(new):
            self[value]
        self._by_byte = _by_byte({v: n for v, n in self.items() if isinstance(v, int)})
        return True


class _ByByte(NamedTuple):
    """IPv4 addresses that differ in one of their bytes: most machines have few of their own, and
    those of loopback differ in the last."""

    place: int
    """Of that byte in the number."""
    told: bytes
    """What that byte can be."""
    others: tuple[bytes, ...]
    """For each place, by that byte, the byte there (for bytes.translate)."""
    number: bytes
    """By that byte."""

    def numbers(self, values: array[int]) -> array[int] | None:
        """Of a column; None where it has another address."""
        content = values.tobytes()
        deciding = content[self.place :: 4]
        if deciding.translate(None, self.told):
            return None
        for place in _PLACES:
            if deciding.translate(self.others[place]) != content[place::4]:
                return None
        widened = bytearray(len(content))
        widened[_LOWEST::4] = deciding.translate(self.number)
        return array("I", bytes(widened))


def _by_byte(numbers: dict[int, int]) -> _ByByte | None:
    """With the first byte that tells them all apart, if there is one."""
    known = [(array("I", [value]).tobytes(), number) for value, number in numbers.items()]
    for place in _PLACES:
        told = bytes({address[place] for address, _ in known})
        if len(told) == len(known):
            number_of, others = bytearray(_MOST), [bytearray(_MOST) for _ in _PLACES]
            for address, number in known:
                number_of[address[place]] = number
                for other in _PLACES:
                    others[other][address[place]] = address[other]
            return _ByByte(place, told, tuple(map(bytes, others)), bytes(number_of))
    return None


@lru_cache(maxsize=8192)
def _address(value: int | bytes) -> Address:
    return Address.of_packed(value if isinstance(value, bytes) else value.to_bytes(4, "big"))
