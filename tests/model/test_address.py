"""Addresses and endpoints: how they are read, spelled, and told apart."""

from __future__ import annotations

import pytest

from porttui.model.address import Address, Endpoint, Family


@pytest.mark.parametrize(
    ("text", "packed", "shown"),
    [
        ("127.0.0.1", bytes([127, 0, 0, 1]), "127.0.0.1"),
        ("0.0.0.0", bytes(4), "0.0.0.0"),
        ("255.255.255.255", b"\xff" * 4, "255.255.255.255"),
        ("::", bytes(16), "::"),
        ("::1", bytes(15) + b"\x01", "::1"),
        ("[::1]", bytes(15) + b"\x01", "::1"),
        ("0:0:0:0:0:0:0:1", bytes(15) + b"\x01", "::1"),
        ("FE80::1", b"\xfe\x80" + bytes(13) + b"\x01", "fe80::1"),
        ("fe80::1%eth0", b"\xfe\x80" + bytes(13) + b"\x01", "fe80::1%eth0"),
        ("[fe80::1%eth0]", b"\xfe\x80" + bytes(13) + b"\x01", "fe80::1%eth0"),
        ("::ffff:127.0.0.1", bytes(10) + b"\xff\xff\x7f\x00\x00\x01", "::ffff:127.0.0.1"),
        ("::ffff:7f00:1", bytes(10) + b"\xff\xff\x7f\x00\x00\x01", "::ffff:127.0.0.1"),
    ],
)
def test_an_address_is_read_and_spelled_in_the_usual_way(
    text: str, packed: bytes, shown: str
) -> None:
    address = Address.parse(text)
    assert address.packed == packed
    assert address.text == shown
    assert str(address) == shown
    assert Address.parse(shown) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "127.1",
        "127.0.0.256",
        "127.0.0.1.1",
        "127.0.0.1:80",
        " 127.0.0.1",
        "127.0.0.1\n",
        "127.0.0.1\0",
        "0x7f.0.0.1",
        "3000",
        ":",
        ":::",
        "1::2::3",
        "[]",
        "[::1]:80",
        "::1]%eth0",
        "fe80::12345",
        "१२७.0.0.1",
        "127.0.0.1\udc80",
        "%eth0",
        "*",
    ],
)
def test_what_spells_no_address_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address") as raised:
        Address.parse(text)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize("length", [0, 1, 3, 5, 12, 13, 15, 17, 32])
def test_only_4_or_16_bytes_are_an_address(length: int) -> None:
    with pytest.raises(ValueError, match=f"4 or 16 bytes, not {length}"):
        Address.of_packed(bytes(length))


def test_a_mapped_prefix_with_too_few_bytes_behind_it_is_no_address() -> None:
    with pytest.raises(ValueError, match="4 or 16 bytes, not 14"):
        Address.of_packed(bytes(10) + b"\xff\xff\x7f\x00")


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [
        ("126.255.255.255", False),
        ("127.0.0.0", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("127.255.255.255", True),
        ("128.0.0.0", False),
        ("0.0.0.0", False),
        ("10.127.0.1", False),
        ("::", False),
        ("::1", True),
        ("::1%lo", True),
        ("::2", False),
        ("1::1", False),
        ("fe80::1", False),
        ("::127.0.0.1", False),
        ("7f00::", False),
        ("::ffff:126.255.255.255", False),
        ("::ffff:127.0.0.0", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:127.255.255.255", True),
        ("::ffff:128.0.0.0", False),
        ("::fffe:127.0.0.1", False),
    ],
)
def test_loopback_is_127_8_and_1_and_the_mapped_127_104(text: str, is_loopback: bool) -> None:
    assert Address.parse(text).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("text", "is_wildcard"),
    [
        ("0.0.0.0", True),
        ("::", True),
        ("::ffff:0.0.0.0", True),
        ("0.0.0.1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:0.0.0.1", False),
        ("1::", False),
    ],
)
def test_the_wildcards(text: str, is_wildcard: bool) -> None:
    assert Address.parse(text).is_wildcard is is_wildcard


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("127.0.0.1", Family.IPV4),
        ("::1", Family.IPV6),
        ("::ffff:127.0.0.1", Family.IPV6),
    ],
)
def test_a_mapped_address_belongs_to_an_ipv6_socket(text: str, family: Family) -> None:
    assert Address.parse(text).family is family


@pytest.mark.parametrize(
    ("text", "unmapped"),
    [
        ("127.0.0.1", bytes([127, 0, 0, 1])),
        ("::ffff:127.0.0.1", bytes([127, 0, 0, 1])),
        ("::1", bytes(15) + b"\x01"),
        ("::127.0.0.1", bytes(12) + bytes([127, 0, 0, 1])),
    ],
)
def test_unmapped_is_the_ipv4_address_of_a_mapped_one(text: str, unmapped: bytes) -> None:
    assert Address.parse(text).unmapped == unmapped


def test_packed_bytes_and_text_make_the_same_address() -> None:
    for text in ("127.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"):
        parsed = Address.parse(text)
        assert Address.of_packed(parsed.packed, parsed.zone) == parsed


def test_the_same_bytes_on_two_interfaces_are_two_addresses() -> None:
    assert Address.parse("fe80::1%eth0") != Address.parse("fe80::1%eth1")
    assert Address.parse("fe80::1%eth0").zone == "eth0"
    assert Address.parse("fe80::1").zone == ""


@pytest.mark.parametrize(
    ("address", "port", "shown"),
    [
        ("127.0.0.1", 3000, "127.0.0.1:3000"),
        ("0.0.0.0", 0, "0.0.0.0:0"),
        ("::1", 3000, "[::1]:3000"),
        ("::", 65535, "[::]:65535"),
        ("fe80::1%eth0", 22, "[fe80::1%eth0]:22"),
        ("::ffff:127.0.0.1", 80, "[::ffff:127.0.0.1]:80"),
    ],
)
def test_an_endpoint_is_written_as_in_a_url(address: str, port: int, shown: str) -> None:
    assert str(Endpoint.of(address, port)) == shown


def test_an_endpoint_of_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="'localhost' is not an IP address"):
        Endpoint.of("localhost", 80)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("127.0.0.1", 80), ("::ffff:127.0.0.1", 80), True),
        (("fe80::1%eth0", 80), ("fe80::1%eth1", 80), True),
        (("127.0.0.1", 80), ("127.0.0.1", 81), False),
        (("127.0.0.1", 80), ("127.0.0.2", 80), False),
        (("127.0.0.1", 80), ("::1", 80), False),
        (("0.0.0.0", 80), ("::", 80), False),
    ],
)
def test_a_peer_key_knows_neither_mapping_nor_scope(
    one: tuple[str, int], other: tuple[str, int], is_same: bool
) -> None:
    assert (Endpoint.of(*one).peer_key == Endpoint.of(*other).peer_key) is is_same
