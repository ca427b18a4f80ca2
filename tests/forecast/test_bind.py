"""How many ports are left to bind: which addresses collide."""

from __future__ import annotations

import pytest

from porttui.model.address import Address
from porttui.model.forecast import Caveat, Headroom
from porttui.model.kernel import PortRange, RangeName
from porttui.model.socket import Socket
from porttui.model.socket_table import SocketTable
from tests.forecast.small_range import (
    LINUX,
    accepted,
    bind_headroom,
    binds,
    client,
    idle,
    of,
    taken,
    udp_headroom,
    waiting,
)
from tests.making import connection, listener, udp

MAPPED_ANY = "::ffff:0.0.0.0"
ASKED = ("127.0.0.1", "127.0.0.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", MAPPED_ANY)
V6_CLIENT = connection("[::1]:40000", "[::1]:8001")
MAPPED_CLIENT = connection("[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:8001")


@pytest.mark.parametrize(
    ("row", "collides"),
    [
        (client(40000), "127.0.0.1, 0.0.0.0, ::, ::ffff:127.0.0.1, ::ffff:0.0.0.0"),
        (waiting(40000, 5000), "127.0.0.1, 0.0.0.0, ::, ::ffff:127.0.0.1, ::ffff:0.0.0.0"),
        (MAPPED_CLIENT, "127.0.0.1, 0.0.0.0, ::, ::ffff:127.0.0.1, ::ffff:0.0.0.0"),
        (idle("127.0.0.9", 40000), "127.0.0.9, 0.0.0.0, ::, ::ffff:0.0.0.0"),
        (
            listener("0.0.0.0", 40000),
            "127.0.0.1, 127.0.0.9, 0.0.0.0, ::, ::ffff:127.0.0.1, ::ffff:0.0.0.0",
        ),
        (idle("::1", 40000, v6only=True), "::1, ::"),
        (idle("::1", 40000), "::1, ::"),
        (idle("::", 40000, v6only=True), "::1, ::"),
        (idle("::", 40000, v6only=False), ", ".join(ASKED)),
        (client(39999), ""),
        (udp("0.0.0.0", 40000), ""),
    ],
)
def test_what_collides(row: Socket, collides: str) -> None:
    found = taken(row)
    refused = [each for each in ASKED if binds(found, each) == Headroom(9, 9, 9)]
    free = [each for each in ASKED if binds(found, each) == Headroom(10, 10, 10)]
    assert ", ".join(refused) == collides
    assert len(refused) + len(free) == len(ASKED)


def test_an_ipv6_client_that_did_not_bind_is_in_the_way_of_all_ipv4() -> None:
    found = taken(V6_CLIENT)
    assert binds(found, "0.0.0.0") == Headroom(at_least=9, at_most=10, expected=9)
    assert binds(found, MAPPED_ANY) == Headroom(10, 10, 10)
    assert binds(found, "::1") == Headroom(9, 9, 9)


def test_what_an_ipv6_only_listener_accepted_is_not() -> None:
    row = accepted("[::1]:40000", "[::1]:50000")
    for one in (idle("::1", 40000), listener("::1", 40000)):
        expected = 10 if one.is_listening else 9
        assert binds(taken(row, one), "0.0.0.0") == Headroom(9, 10, expected)
    v6only = listener("::", 40000)._replace(v6only=True)
    assert binds(taken(row, v6only), "0.0.0.0") == Headroom(9, 10, 10)
    dual = listener("::", 40000)._replace(v6only=False)
    assert binds(taken(row, dual), "0.0.0.0") == Headroom(9, 9, 9)


def test_a_wildcard_that_is_not_told_to_be_ipv6_only_is_expected_to_be_dual() -> None:
    found = taken(listener("::", 40000))
    for address in ("127.0.0.1", "0.0.0.0", MAPPED_ANY):
        assert binds(found, address) == Headroom(at_least=9, at_most=10, expected=9)


def test_a_port_counts_once() -> None:
    rows = [client(40000, f"127.0.0.1:{port}") for port in range(8001, 8005)]
    assert binds(taken(*rows, idle("127.0.0.9", 40000)), "0.0.0.0") == Headroom(9, 9, 9)


def test_in_a_range_of_an_odd_size_one_port_may_be_passed_over() -> None:
    odd = PortRange(RangeName.EPHEMERAL, 40000, 40010)
    assert binds(taken(ephemeral=odd), "127.0.0.1") == Headroom(10, 11, 11)
    rows = [idle("127.0.0.9", port) for port in (40000, 40010)]
    assert binds(taken(*rows, ephemeral=odd), "127.0.0.1") == Headroom(10, 11, 11)
    assert binds(taken(*rows, ephemeral=odd), "127.0.0.9") == Headroom(9, 9, 9)


V4, V6 = "0.0.0.0", "::"


@pytest.mark.parametrize(
    ("row", "v4", "v6"),
    [
        (udp("127.0.0.1", 40000), Headroom(9, 9, 9), Headroom(9, 9, 9)),
        (udp("127.0.0.1", 40000, remote="127.0.0.1:53"), Headroom(9, 9, 9), Headroom(9, 9, 9)),
        (udp("::ffff:127.0.0.1", 40000), Headroom(9, 9, 9), Headroom(9, 9, 9)),
        (udp("::1", 40000), Headroom(10, 10, 10), Headroom(9, 9, 9)),
        (udp("::1", 40000, remote="[::1]:53"), Headroom(9, 10, 9), Headroom(9, 9, 9)),
        (udp("::", 40000)._replace(v6only=False), Headroom(9, 9, 9), Headroom(9, 9, 9)),
        (udp("::", 40000)._replace(v6only=True), Headroom(10, 10, 10), Headroom(9, 9, 9)),
        (udp("::", 40000), Headroom(9, 10, 9), Headroom(9, 9, 9)),
        (client(40000), Headroom(10, 10, 10), Headroom(10, 10, 10)),
        (udp("127.0.0.1", 39999), Headroom(10, 10, 10), Headroom(10, 10, 10)),
    ],
)
def test_udp_shares_no_port_between_destinations(row: Socket, v4: Headroom, v6: Headroom) -> None:
    found = taken(row)
    assert udp_headroom(found) == udp_headroom(found, Address.parse(V4)) == v4
    assert udp_headroom(found, Address.parse(V6)) == v6
    assert of(found).udp_headroom == v4


def test_udp_passes_over_nothing() -> None:
    odd = PortRange(RangeName.EPHEMERAL, 40000, 40010)
    assert udp_headroom(taken(ephemeral=odd)) == Headroom(11, 11, 11)


def test_without_a_range_there_is_no_forecast() -> None:
    found = taken(ephemeral=None)
    assert bind_headroom(found, Address.parse(V4)) is None
    assert udp_headroom(found) is None


def test_the_whole() -> None:
    rows = [client(40000), client(40000, "127.0.0.1:8002"), waiting(40001, 10), udp("::1", 40000)]
    found = of(taken(*rows, listener("::1", 40002)))
    assert (found.tcp_used, found.time_wait, found.reusable, found.udp_used) == (3, 1, 0, 1)
    assert [(each.address.text, each.headroom.expected) for each in found.binds] == [
        ("127.0.0.1", 8),
        ("0.0.0.0", 8),
        ("::1", 9),
    ]
    assert found.caveats == ()
    assert not found.is_estimate


def test_what_the_source_does_not_tell_is_said() -> None:
    found = of(taken(waiting(40000, None))._replace(lists_bound_inactive=False))
    assert found.caveats == (Caveat.BOUND_INACTIVE_UNLISTED, Caveat.AGES_UNKNOWN)
    assert not found.is_estimate
    assert [each.headroom for each in found.binds] == [
        Headroom(at_least=0, at_most=9, expected=9),
        Headroom(at_least=0, at_most=9, expected=9),
        Headroom(at_least=0, at_most=10, expected=10),
    ]
    assert found.destinations[0].headroom == Headroom(at_least=0, at_most=9, expected=9)
    assert found.udp_headroom == Headroom(10, 10, 10)
    shared = of(taken(rules=LINUX._replace(autobind_reuse=True)))
    assert shared.caveats == (Caveat.PORTS_SHARED,)
    assert not shared.is_estimate


def test_nothing_of_an_empty_table() -> None:
    found = of(taken()._replace(sockets=SocketTable.of(())))
    assert (found.tcp_used, found.time_wait, found.udp_used, found.destinations) == (0, 0, 0, ())
