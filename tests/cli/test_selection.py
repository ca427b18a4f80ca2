"""Which sockets a list command prints, and in which order."""

from __future__ import annotations

import pytest

from porttui.analysis.filter import parse_filter
from porttui.cli.selection import select_sockets
from porttui.model.address import Protocol
from porttui.model.socket import TcpState
from tests.making import connection, listener, pair, process, snapshot, udp

NODE, CURL = process(10, "node"), process(20, "curl")

SOCKETS = {
    "listener": listener("127.0.0.1", 3000, held_by=[NODE]),
    "udp": udp("0.0.0.0", 5353, held_by=[NODE]),
    "udp client": udp("127.0.0.1", 50000, remote="127.0.0.1:53", held_by=[CURL]),
    "client": connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[CURL]),
    "server": connection("127.0.0.1:3000", "127.0.0.1:40000", held_by=[NODE]),
    "closing": connection("127.0.0.1:3000", "127.0.0.1:40001", state=TcpState.TIME_WAIT),
    "abroad": connection("10.0.0.7:40002", "10.0.0.8:443", held_by=[CURL]),
    "mapped": connection("[::ffff:127.0.0.1]:40003", "[::ffff:127.0.0.1]:3001", held_by=[CURL]),
}


def chosen(typed: str = "", *, listening: bool = False, loopback: bool = False) -> set[str]:
    names = {each: name for name, each in SOCKETS.items()}
    found = select_sockets(
        snapshot(*SOCKETS.values(), services={(Protocol.TCP, 3000): "hbci"}),
        parse_filter(typed),
        only_listening=listening,
        only_loopback=loopback,
    )
    assert len(set(found)) == len(found)
    return {names[each] for each in found}


def test_without_a_wish_everything_is_chosen() -> None:
    assert chosen() == set(SOCKETS)


def test_only_what_is_listened_on() -> None:
    assert chosen(listening=True) == {"listener", "udp"}


def test_only_established_loopback_connections() -> None:
    assert chosen(loopback=True) == {"client", "server", "mapped"}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("3000", {"listener", "client", "server", "closing"}),
        ("30*", {"listener", "client", "server", "closing", "mapped"}),
        ("node", {"listener", "udp", "server"}),
        ("hbci", {"listener", "server", "closing"}),
        ("curl 3000", {"client"}),
        ("established loopback", {"client", "server", "mapped"}),
        ("udp", {"udp", "udp client"}),
        ("time_wait", {"closing"}),
        ("nobody", set()),
    ],
)
def test_the_filter_is_met(typed: str, names: set[str]) -> None:
    assert chosen(typed) == names


def test_wishes_add_up() -> None:
    assert chosen("3000", listening=True) == {"listener"}
    assert chosen("3000", loopback=True) == {"client", "server"}


def test_listeners_come_first_then_ports_protocols_addresses_and_peers() -> None:
    ordered = [
        listener("0.0.0.0", 80),
        listener("127.0.0.1", 80),
        udp("0.0.0.0", 80),
        listener("127.0.0.1", 10000),
        connection("127.0.0.1:80", "127.0.0.1:40000"),
        connection("127.0.0.1:80", "127.0.0.1:40001"),
        connection("127.0.0.1:80", "127.0.0.2:40001"),
        udp("127.0.0.1", 80, remote="127.0.0.1:1"),
        connection("127.0.0.1:9000", "127.0.0.1:1"),
    ]
    for given in (ordered, ordered[::-1]):
        found = select_sockets(
            snapshot(*given), parse_filter(""), only_listening=False, only_loopback=False
        )
        assert list(found) == ordered


def test_twins_are_all_there() -> None:
    twins = [listener("::", 80, held_by=[NODE]), listener("::", 80, held_by=[CURL])]
    found = select_sockets(
        snapshot(*twins, *pair("127.0.0.1:1", "127.0.0.1:2")),
        parse_filter("80"),
        only_listening=True,
        only_loopback=False,
    )
    assert sorted(found) == sorted(twins)
