"""From where an address can be reached."""

from __future__ import annotations

import pytest

from porttui.model.address import Address
from porttui.model.socket import EXPOSURE_WORDS, Exposure, exposure


@pytest.mark.parametrize(
    ("address", "reach", "words"),
    [
        ("127.0.0.1", Exposure.LOOPBACK, "loopback"),
        ("127.255.255.255", Exposure.LOOPBACK, "loopback"),
        ("::1", Exposure.LOOPBACK, "loopback"),
        ("::ffff:127.0.0.1", Exposure.LOOPBACK, "loopback"),
        ("10.0.0.7", Exposure.ONE_INTERFACE, "one interface"),
        ("128.0.0.0", Exposure.ONE_INTERFACE, "one interface"),
        ("fe80::1%eth0", Exposure.ONE_INTERFACE, "one interface"),
        ("::ffff:10.0.0.7", Exposure.ONE_INTERFACE, "one interface"),
        ("0.0.0.0", Exposure.ALL_INTERFACES, "all interfaces"),
        ("::", Exposure.ALL_INTERFACES, "all interfaces"),
        ("::ffff:0.0.0.0", Exposure.ALL_INTERFACES, "all interfaces"),
    ],
)
def test_exposure_follows_from_the_bound_address(address: str, reach: Exposure, words: str) -> None:
    assert exposure(Address.parse(address)) is reach
    assert EXPOSURE_WORDS[reach] == words
