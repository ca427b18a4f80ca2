"""Which addresses collide, against what the Linux kernel answered (6.18, measured)."""

from __future__ import annotations

import pytest

from porttui.analysis.address_rules import addresses_collide, addresses_may_collide
from porttui.model.address import Address

DUAL, V6ONLY = ":: dual", ":: v6only"

PROBES = ("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", DUAL, V6ONLY, "::ffff:127.0.0.1")
"""What a second server tries to bind while the first one listens."""

MEASURED = {
    "127.0.0.1": "INUSE ok INUSE ok INUSE ok INUSE",
    "127.0.0.2": "ok INUSE INUSE ok INUSE ok ok",
    "0.0.0.0": "INUSE INUSE INUSE ok INUSE ok INUSE",
    "::1": "ok ok ok INUSE INUSE INUSE ok",
    DUAL: "INUSE INUSE INUSE INUSE INUSE INUSE INUSE",
    V6ONLY: "ok ok ok INUSE INUSE INUSE ok",
    "::ffff:127.0.0.1": "INUSE ok INUSE ok INUSE ok INUSE",
}
"""For each address that is listened on the answers to PROBES. SO_REUSEADDR, on either side,
changes none of them."""


def answers() -> dict[tuple[str, str], set[str]]:
    """For each two addresses every answer there was: [::] is dual-stack or not, nobody tells."""
    found: dict[tuple[str, str], set[str]] = {}
    for holder, row in MEASURED.items():
        for probe, answer in zip(PROBES, row.split(), strict=True):
            found.setdefault((holder.split()[0], probe.split()[0]), set()).add(answer)
    return found


@pytest.mark.parametrize(("addresses", "seen"), answers().items())
def test_certain_and_possible_collisions_are_those_that_the_kernel_showed(
    addresses: tuple[str, str], seen: set[str]
) -> None:
    holder, probe = (Address.parse(each) for each in addresses)
    assert addresses_collide(holder, probe) is (seen == {"INUSE"})
    assert addresses_may_collide(holder, probe) is ("INUSE" in seen)


def test_the_measured_table_has_certain_possible_and_impossible_collisions() -> None:
    seen = list(answers().values())
    assert len(seen) == 36
    assert [seen.count(each) for each in ({"INUSE"}, {"INUSE", "ok"}, {"ok"})] == [16, 8, 12]


@pytest.mark.parametrize(
    ("one", "other", "certain", "possible"),
    [
        ("::ffff:0.0.0.0", "127.0.0.1", True, True),
        ("::ffff:0.0.0.0", "0.0.0.0", True, True),
        ("::ffff:0.0.0.0", "::1", False, False),
        ("::ffff:0.0.0.0", "::", False, True),
        ("10.0.0.7", "0.0.0.0", True, True),
        ("10.0.0.7", "127.0.0.1", False, False),
        ("2001:db8::1", "::", True, True),
        ("2001:db8::1", "::1", False, False),
        ("2001:db8::1", "0.0.0.0", False, False),
    ],
)
def test_collisions_of_other_addresses(one: str, other: str, certain: bool, possible: bool) -> None:
    first, second = Address.parse(one), Address.parse(other)
    assert addresses_collide(first, second) is addresses_collide(second, first) is certain
    assert addresses_may_collide(first, second) is addresses_may_collide(second, first) is possible
