"""Numbers for the addresses of tens of thousands of sockets, which have few of them."""

from __future__ import annotations

from array import array
from functools import lru_cache

from porttui.model.address import Address


class AddressNumbers(dict[int | bytes, int]):
    """Gives each address its number when it is first asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Address | None] = [None]

    def __missing__(self, value: int | bytes) -> int:
        number = self[value] = len(self.addresses)
        self.addresses.append(_address(value))
        return number

    def of(self, values: list[bytes] | array[int]) -> array[int]:
        """The numbers of a column of addresses; IPv4 ones as numbers, IPv6 ones as bytes."""
        return array("I", map(self.__getitem__, values))


@lru_cache(maxsize=8192)
def _address(value: int | bytes) -> Address:
    return Address.of_packed(value if isinstance(value, bytes) else value.to_bytes(4, "big"))
