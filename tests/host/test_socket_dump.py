"""Address numbers: each stands for one address for good."""

from __future__ import annotations

import ipaddress
import random
from array import array

from porttui.host.linux.socket_dump import AddressNumbers
from porttui.model.address import Address


def column(addresses: list[str], rows: int = 5000, seed: int = 1) -> array[int]:
    """Some addresses for every row, in the form of the kernel's records."""
    dice = random.Random(seed)
    return array("I", [int(ipaddress.IPv4Address(dice.choice(addresses))) for _ in range(rows)])


def texts_of(numbers: AddressNumbers, values: array[int]) -> list[str]:
    """The addresses of a column of numbers."""
    return [str(numbers.addresses[number]) for number in numbers.of(values)]


LOOPBACK = [f"127.0.0.{last}" for last in range(256)]
SCATTERED = [f"10.{a}.{b}.{a ^ b}" for a in range(20) for b in range(20)]


def test_an_address_keeps_its_number_when_others_come() -> None:
    numbers = AddressNumbers()
    few, more, many = (column(hosts) for hosts in (LOOPBACK[:3], LOOPBACK, SCATTERED))
    first = numbers.of(few)
    for values in (more, many, more):
        assert texts_of(numbers, values) == [str(ipaddress.IPv4Address(each)) for each in values]
    assert numbers.of(few) == first
    assert numbers.addresses[0] is None
    assert len(set(numbers.addresses)) == len(numbers.addresses)


def test_addresses_of_both_families_have_numbers_of_their_own() -> None:
    numbers = AddressNumbers()
    packed = [ipaddress.IPv6Address(f"fd00::{part:x}").packed for part in range(300)]
    numbers.of(column(LOOPBACK))
    assert [numbers.addresses[each] for each in numbers.of(packed)] == [
        Address.of_packed(each) for each in packed
    ]
    assert texts_of(numbers, column(["9.9.9.9"])) == ["9.9.9.9"] * 5000
