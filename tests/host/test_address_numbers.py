"""Addresses by number: whole columns at once against one after the other."""

from __future__ import annotations

import ipaddress
import random
from array import array

import pytest

from porttui.host.linux.address_numbers import AddressNumbers
from porttui.model.address import Address


def column(addresses: list[str], rows: int, seed: int = 1) -> array[int]:
    """Some of the addresses in every row, as the kernel's records give them."""
    dice = random.Random(seed)
    return array("I", [int(ipaddress.IPv4Address(dice.choice(addresses))) for _ in range(rows)])


def told(numbers: AddressNumbers, values: array[int]) -> list[str]:
    """What the numbers of a column stand for."""
    return [str(numbers.addresses[number]) for number in numbers.of(values)]


def spelled(values: array[int]) -> list[str]:
    return [str(ipaddress.IPv4Address(value)) for value in values]


LOOPBACK = [f"127.0.0.{last}" for last in range(1, 201)]
SCATTERED = [f"10.{a}.{b}.{a ^ b}" for a in range(20) for b in range(20)]
MACHINES: dict[str, list[str]] = {
    "one": ["127.0.0.1"],
    "loopback": LOOPBACK,
    "told apart by the first byte": ["127.0.0.1", "10.0.0.1", "172.0.0.1", "0.0.0.0"],
    "told apart by no byte": ["127.0.0.1", "127.0.0.2", "10.0.0.1", "10.0.0.2"],
    "as many as a byte tells apart": [f"127.0.0.{last}" for last in range(256)],
    "more than a byte tells apart": [*LOOPBACK, *(f"127.0.1.{last}" for last in range(100))],
    "a great many": SCATTERED,
}


@pytest.mark.parametrize("addresses", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("rows", [0, 1, 15, 4095, 5000])
def test_a_number_stands_for_the_address_of_its_row(addresses: list[str], rows: int) -> None:
    numbers = AddressNumbers()
    for seed in range(3):
        values = column(addresses, rows, seed)
        assert told(numbers, values) == spelled(values)
        assert numbers.addresses[0] is None
        assert len(set(numbers.addresses)) == len(numbers.addresses)


def test_an_address_keeps_its_number_when_others_come() -> None:
    numbers = AddressNumbers()
    few, more, many = (column(each, 5000) for each in (LOOPBACK[:3], LOOPBACK, SCATTERED))
    first = numbers.of(few)
    for values in (more, many, more):
        assert told(numbers, values) == spelled(values)
    assert numbers.of(few) == first


def test_an_address_in_one_row_of_thousands_is_found() -> None:
    for row in (0, 1, 4999):
        numbers = AddressNumbers()
        values = column(["127.0.0.1"], 5000)
        values[row] = int(ipaddress.IPv4Address("127.0.0.77"))
        assert told(numbers, values) == spelled(values)
        # One that has the byte of a known address, and is another.
        values[row] = int(ipaddress.IPv4Address("10.0.0.77"))
        assert told(numbers, values) == spelled(values)


def test_addresses_of_both_families_have_numbers_of_their_own() -> None:
    numbers = AddressNumbers()
    packed = [ipaddress.IPv6Address(f"fd00::{part:x}").packed for part in range(300)]
    before, after = column(LOOPBACK, 5000), column(LOOPBACK, 5000, seed=2)
    assert told(numbers, before) == spelled(before)
    assert [numbers.addresses[each] for each in numbers.of(packed)] == [
        Address.of_packed(each) for each in packed
    ]
    assert told(numbers, after) == spelled(after)
    assert told(numbers, column(["9.9.9.9"], 5000)) == ["9.9.9.9"] * 5000
