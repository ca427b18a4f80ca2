"""How many connections are left: one rule of the kernel after the other."""

from __future__ import annotations

import pytest

from porttui.model.address import Endpoint
from porttui.model.forecast import Headroom, PortShare
from porttui.model.kernel import PortRange, RangeName, TcpRules
from porttui.model.socket import Ownership, Socket, TcpState
from tests.forecast.small_range import (
    LINUX,
    SERVER,
    SMALL,
    accepted,
    client,
    connect_headroom,
    connects,
    destination,
    idle,
    of,
    path,
    taken,
    waiting,
)
from tests.making import at, connection, listener, process, udp


def exactly(left: int) -> Headroom:
    return Headroom(left, left, left)


def test_an_empty_machine_has_the_whole_range() -> None:
    assert connects(taken()) == exactly(10)


def test_reserved_ports_are_not_drawn() -> None:
    reserved = SMALL._replace(reserved=((40001, 40002), (40009, 40009)))
    assert connects(taken(client(40001), client(40003), ephemeral=reserved)) == exactly(6)


def test_a_port_is_used_once_for_each_destination() -> None:
    found = taken(*(client(port) for port in range(40000, 40010)))
    assert connects(found) == exactly(0)
    for other in ("127.0.0.1:8002", "127.0.0.2:8001"):
        assert connects(found, other) == Headroom(at_least=0, at_most=10, expected=10)
    assert connects(found, source="127.0.0.5").expected == 10
    assert connects(found, "[::1]:8001", "::1").expected == 10


def test_a_mapped_address_is_the_same_destination() -> None:
    mapped = connection("[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:8001")
    found = taken(mapped, client(40001))
    assert connects(found).expected == 8
    assert connects(found, "[::ffff:127.0.0.1]:8001", "::ffff:127.0.0.1").expected == 8
    [only] = of(found).destinations
    assert (only.local.text, only.remote, only.in_use) == ("127.0.0.1", at(SERVER), 2)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77", "0.0.0.0", "::1", "::"])
def test_what_somebody_bound_is_no_client_s_whatever_the_address(address: str) -> None:
    found = taken(listener(address, 40000), idle(address, 40001))
    assert connects(found) == connects(found, "[::1]:8001", "::1") == exactly(8)


def test_ports_outside_the_range_do_not_count() -> None:
    assert connects(taken(client(39999), listener("0.0.0.0", 40010))) == exactly(10)


def test_udp_takes_nothing_from_tcp() -> None:
    assert connects(taken(udp("0.0.0.0", 40000))) == exactly(10)


@pytest.mark.parametrize("state", sorted(set(TcpState) - {TcpState.TIME_WAIT}))
def test_a_connection_takes_its_port_in_every_state(state: TcpState) -> None:
    assert connects(taken(connection("127.0.0.1:40000", SERVER, state=state))) == exactly(9)


def test_a_bound_socket_that_was_connected_once_takes_its_port_from_all() -> None:
    reset = connection("127.0.0.1:40000", SERVER, state=TcpState.CLOSE)
    assert connects(taken(reset), "127.0.0.1:8002") == exactly(9)


def test_in_a_range_of_an_odd_size_one_port_may_be_passed_over() -> None:
    odd = PortRange(RangeName.EPHEMERAL, 40000, 40010)
    assert connects(taken(ephemeral=odd)) == Headroom(10, 11, 11)
    ends = listener("::", 40000), listener("::", 40010)
    assert connects(taken(ends[0], ephemeral=odd)) == Headroom(9, 10, 10)
    assert connects(taken(*ends, ephemeral=odd)) == exactly(9)
    single = PortRange(RangeName.EPHEMERAL, 40000, 40000)
    assert connects(taken(ephemeral=single)) == exactly(1)


def test_a_range_without_a_port_leaves_nothing() -> None:
    nothing = SMALL._replace(reserved=((40000, 40009),))
    assert connects(taken(ephemeral=nothing)) == exactly(0)


def test_without_a_range_there_is_no_forecast() -> None:
    found = taken(client(40000), ephemeral=None)
    assert connect_headroom(found, path()) is None


OWN, ELSEWHERE = "10.0.0.1", "10.0.0.2:80"


@pytest.mark.parametrize(
    ("rules", "age_ms", "source", "to", "left"),
    [
        (LINUX, 999, "127.0.0.1", SERVER, 9),
        (LINUX, 1000, "127.0.0.1", SERVER, 10),
        (LINUX, 59_000, OWN, ELSEWHERE, 9),
        (LINUX, 59_000, OWN, f"{OWN}:80", 9),
        (LINUX, 1000, "127.0.0.1", f"{OWN}:80", 10),
        (LINUX, 1000, OWN, "127.0.0.1:80", 10),
        (LINUX._replace(tw_reuse=1), 1000, OWN, ELSEWHERE, 10),
        (LINUX._replace(tw_reuse=1), 999, OWN, ELSEWHERE, 9),
        (LINUX._replace(tw_reuse=0), 59_000, "127.0.0.1", SERVER, 9),
        (LINUX._replace(timestamps=False), 59_000, "127.0.0.1", SERVER, 9),
        (LINUX._replace(tw_reuse_delay_ms=50), 50, "127.0.0.1", SERVER, 10),
        (LINUX._replace(tw_reuse_delay_ms=50), 49, "127.0.0.1", SERVER, 9),
        (LINUX._replace(tw_reuse_delay_ms=60_000), 59_999, "127.0.0.1", SERVER, 9),
        (LINUX, None, "127.0.0.1", SERVER, 9),
    ],
)
def test_time_wait_is_taken_over_by_the_rules(
    rules: TcpRules, age_ms: int | None, source: str, to: str, left: int
) -> None:
    found = taken(waiting(40000, age_ms, to, source), rules=rules)
    # A client that had bound its port leaves one that is not taken over.
    assert connects(found, to, source) == Headroom(9, left, left)
    assert of(found).reusable == left - 9


def test_it_recovers_by_takeover_or_by_the_end_of_time_wait() -> None:
    rows = [waiting(40000, 200), waiting(40001, 700), waiting(40002, 30_000), client(40003)]
    soon = destination(taken(*rows), path())
    assert (soon.recovers_in_s, soon.recovered_in_s) == (0.3, 0.8)
    slow = destination(taken(*rows, rules=LINUX._replace(tw_reuse=0)), path())
    assert (slow.recovers_in_s, slow.recovered_in_s) == (30.0, 59.8)


@pytest.mark.parametrize(
    "rows",
    [
        [client(40000)],
        [waiting(40000, 5000)],
        [waiting(40000, None)],
        [waiting(40000, 0), idle("127.0.0.9", 40000)],
    ],
    ids=["connected", "old", "of an age that is not told", "on a port that somebody bound"],
)
def test_what_is_not_blocked_by_time_wait_alone_does_not_recover(rows: list[Socket]) -> None:
    found = destination(taken(*rows), path())
    assert (found.recovers_in_s, found.recovered_in_s) == (None, None)


def test_time_wait_on_a_bound_port_is_not_reusable() -> None:
    assert of(taken(waiting(40000, 5000), idle("127.0.0.9", 40000))).reusable == 0


def test_what_a_listener_accepted_is_no_destination() -> None:
    rows = [accepted("127.0.0.1:40000", "127.0.0.1:50000")]
    for address, count in (("127.0.0.1", 0), ("0.0.0.0", 0), ("::", 0), ("127.0.0.2", 1)):
        found = of(taken(*rows, listener(address, 40000)))
        assert len(found.destinations) == count, address
    v6only = listener("::", 40000)._replace(v6only=True)
    assert len(of(taken(*rows, v6only)).destinations) == 1
    # Nobody can tell any more.
    assert len(of(taken(*rows)).destinations) == 1


def test_destinations_come_with_the_least_headroom_first() -> None:
    rows = [client(port) for port in range(40000, 40003)]
    rows += [client(port, "127.0.0.1:8002") for port in range(40000, 40005)]
    rows += [waiting(port, 5000, "127.0.0.1:8003") for port in range(40000, 40009)]
    found = of(taken(*rows))
    assert [(each.remote.port, each.in_use, each.time_wait) for each in found.destinations] == [
        (8002, 5, 0),
        (8001, 3, 0),
        (8003, 9, 9),
    ]
    assert [each.headroom and each.headroom.expected for each in found.destinations] == [5, 7, 10]
    assert [each.remote.port for each in of(taken(*rows), top=1).destinations] == [8002]


def test_what_is_wanted_is_there_once() -> None:
    wanted = [path("127.0.0.9:9"), path("[::ffff:127.0.0.1]:8001", "::ffff:127.0.0.1")]
    found = of(taken(client(40000)), *wanted, top=0).destinations
    assert [(each.local, each.remote) for each in found] == [wanted[1], wanted[0]]
    assert [(each.in_use, each.headroom) for each in found] == [
        (1, Headroom(9, 9, 9)),
        (0, Headroom(9, 10, 10)),
    ]
    assert len(of(taken(client(40000)), *wanted).destinations) == 2


def test_who_connects_and_who_listens_there() -> None:
    node, curl, postgres = process(10, "node"), process(11, "curl"), process(12, "postgres")
    rows = [
        client(40000)._replace(holders=(node,), ownership=Ownership.KNOWN),
        client(40001)._replace(holders=(node, curl), ownership=Ownership.KNOWN),
        client(40002)._replace(ownership=Ownership.HIDDEN),
        waiting(40003),
        listener("0.0.0.0", 8001, held_by=[postgres]),
        listener("127.0.0.2", 8001, held_by=[curl]),
        listener("127.0.0.1", 8002, held_by=[curl]),
    ]
    found = destination(taken(*rows), path())
    assert found.holders == (PortShare(node, 2), PortShare(curl, 1))
    assert (found.in_use, found.time_wait, found.hidden) == (4, 1, 1)
    assert found.listeners == (postgres,)


@pytest.mark.parametrize("bound", ["10.0.0.1", "0.0.0.0", "::"])
def test_nobody_here_listens_elsewhere(bound: str) -> None:
    nginx = process(11, "nginx")
    rows = [client(40000, "10.0.0.2:80", "10.0.0.1"), listener(bound, 80, held_by=[nginx])]
    assert destination(taken(*rows), path("10.0.0.2:80", "10.0.0.1")).listeners == ()
    assert destination(taken(*rows), path("10.0.0.1:80", "10.0.0.1")).listeners == (nginx,)


@pytest.mark.parametrize(
    ("wildcard", "local"), [("0.0.0.0", "127.0.0.1"), ("[::]", "::1"), ("0.0.0.0", "10.0.0.1")]
)
def test_who_connects_to_a_wildcard_comes_to_his_own_address(wildcard: str, local: str) -> None:
    postgres = process(12, "postgres")
    to = Endpoint.of(local, 8001)
    rows = [client(40000, str(to), local if ":" not in local else f"[{local}]")]
    found = taken(*rows, listener(local, 8001, held_by=[postgres]))
    asked = destination(found, path(f"{wildcard}:8001", local))
    assert (asked.in_use, asked.headroom, asked.listeners) == (1, Headroom(9, 9, 9), (postgres,))
