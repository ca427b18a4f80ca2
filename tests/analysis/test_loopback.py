"""Both ends of each loopback connection in one row."""

from __future__ import annotations

import itertools

import pytest

from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.loopback_rows import ConnectionEnd, EndStatus, PairRow, RoleCertainty
from porttui.model.address import Protocol
from porttui.model.kernel import PortRange
from porttui.model.socket import Ownership, Socket, TcpState
from tests.making import EPHEMERAL, at, connection, listener, pair, process, snapshot, udp

CURL, NODE = process(20, "curl"), process(10, "node", user="bob")

CLIENT, SERVER = "127.0.0.1:40000", "127.0.0.1:3000"
BOTH = pair(CLIENT, SERVER, client_of=[CURL], server_of=[NODE])
LISTENER = listener("127.0.0.1", 3000, held_by=[NODE])


def only(*sockets: Socket, ephemeral: PortRange | None = EPHEMERAL) -> PairRow:
    (row,) = loopback_pairs(snapshot(*sockets, ephemeral=ephemeral))
    return row


def ends(row: PairRow) -> tuple[str, str]:
    return str(row.client.endpoint), str(row.server.endpoint)


def test_a_connection_is_one_row_with_both_ends() -> None:
    assert only(LISTENER, *BOTH) == PairRow(
        client=ConnectionEnd(at(CLIENT), EndStatus.HELD, (CURL,), "ana", TcpState.ESTABLISHED),
        server=ConnectionEnd(at(SERVER), EndStatus.HELD, (NODE,), "ana", TcpState.ESTABLISHED),
        role_certainty=RoleCertainty.KNOWN,
    )


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_the_order_of_the_tables_does_not_matter(order: tuple[int, ...]) -> None:
    sockets = (LISTENER, *BOTH)
    assert only(*(sockets[index] for index in order)) == only(*sockets)


@pytest.mark.parametrize(
    ("client", "server", "shown"),
    [
        ("127.0.0.1:40000", "127.0.0.1:3000", ("127.0.0.1:40000", "127.0.0.1:3000")),
        ("127.0.0.1:40000", "127.9.9.9:3000", ("127.0.0.1:40000", "127.9.9.9:3000")),
        ("[::1]:40000", "[::1]:3000", ("[::1]:40000", "[::1]:3000")),
        (
            "[::ffff:127.0.0.1]:40000",
            "[::ffff:127.0.0.1]:3000",
            ("127.0.0.1:40000", "127.0.0.1:3000"),
        ),
    ],
)
def test_connections_of_each_family_are_paired(
    client: str, server: str, shown: tuple[str, str]
) -> None:
    row = only(*pair(client, server, client_of=[CURL], server_of=[NODE]))
    assert ends(row) == shown
    assert (row.client.status, row.server.status) == (EndStatus.HELD, EndStatus.HELD)


MAPPED_CLIENT, MAPPED_SERVER = "[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:3000"


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ((CLIENT, SERVER), (MAPPED_SERVER, MAPPED_CLIENT)),
        ((MAPPED_CLIENT, MAPPED_SERVER), (SERVER, CLIENT)),
    ],
    ids=["dual-stack server", "mapped client"],
)
def test_an_ipv4_end_is_paired_with_a_mapped_one(
    near: tuple[str, str], far: tuple[str, str]
) -> None:
    row = only(connection(*near, held_by=[CURL]), connection(*far, held_by=[NODE]))
    assert ends(row) == (CLIENT, SERVER)
    assert row.client.holders == (CURL,)
    assert row.server.holders == (NODE,)


def test_each_connection_to_one_server_has_its_row_ordered_by_server_then_client_port() -> None:
    rows = loopback_pairs(
        snapshot(
            listener("0.0.0.0", 3000),
            listener("0.0.0.0", 10000),
            *pair("127.0.0.1:50000", "127.0.0.1:10000"),
            *pair("127.0.0.1:40009", "127.0.0.1:3000"),
            *pair("127.0.0.1:40001", "127.0.0.1:10000"),
            *pair("127.0.0.1:40001", "127.0.0.1:3000"),
        )
    )
    assert [ends(row) for row in rows] == [
        ("127.0.0.1:40001", "127.0.0.1:3000"),
        ("127.0.0.1:40009", "127.0.0.1:3000"),
        ("127.0.0.1:40001", "127.0.0.1:10000"),
        ("127.0.0.1:50000", "127.0.0.1:10000"),
    ]


@pytest.mark.parametrize("order", sorted(set(itertools.permutations([0, 0, 1, 1]))))
def test_an_end_that_is_listed_twice_is_one(order: tuple[int, ...]) -> None:
    """As may happen where other sockets come while the kernel walks its tables."""
    assert only(LISTENER, *(BOTH[index] for index in order)) == only(LISTENER, *BOTH)
    assert only(LISTENER, BOTH[1], BOTH[1]) == only(LISTENER, BOTH[1])


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_a_socket_connected_to_itself_is_one_row(address: str) -> None:
    itself = f"{address}:40000"
    row = only(connection(itself, itself, held_by=[CURL]))
    assert ends(row) == (itself, itself)
    assert (row.client.status, row.server.status) == (EndStatus.HELD, EndStatus.ITSELF)
    assert row.role_certainty is RoleCertainty.UNKNOWN


@pytest.mark.parametrize(
    ("each", "is_one"),
    [
        (connection(CLIENT, SERVER), True),
        (connection(CLIENT, SERVER, state=TcpState.TIME_WAIT), True),
        (connection("[::1]:40000", "[::1]:3000"), True),
        (connection(MAPPED_CLIENT, MAPPED_SERVER), True),
        (connection("127.0.0.1:40000", "10.0.0.1:3000"), False),
        (connection("10.0.0.1:40000", "127.0.0.1:3000"), False),
        (connection("10.0.0.1:40000", "10.0.0.1:3000"), False),
        (connection("128.0.0.0:40000", "127.0.0.1:3000"), False),
        (listener("127.0.0.1", 3000), False),
        (udp("127.0.0.1", 40000, remote="127.0.0.1:53"), False),
    ],
)
def test_a_loopback_connection_is_tcp_with_both_ends_on_loopback(
    each: Socket, is_one: bool
) -> None:
    assert each.is_on_loopback is is_one
    assert len(loopback_pairs(snapshot(each))) == (
        1 if is_one and each.state is TcpState.ESTABLISHED else 0
    )


@pytest.mark.parametrize(
    "state", [state for state in TcpState if state is not TcpState.ESTABLISHED]
)
def test_only_an_established_end_makes_a_row(state: TcpState) -> None:
    assert list(loopback_pairs(snapshot(connection(CLIENT, SERVER, state=state)))) == []


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        (None, EndStatus.MISSING),
        (connection(SERVER, CLIENT, held_by=[NODE]), EndStatus.HELD),
        (connection(SERVER, CLIENT, ownership=Ownership.HIDDEN), EndStatus.HIDDEN),
        (connection(SERVER, CLIENT), EndStatus.NOT_ACCEPTED),
        (connection(SERVER, CLIENT, state=TcpState.FIN_WAIT2), EndStatus.CLOSING),
        (connection(SERVER, CLIENT, state=TcpState.TIME_WAIT), EndStatus.CLOSING),
        (
            connection(SERVER, CLIENT, state=TcpState.FIN_WAIT2, held_by=[NODE]),
            EndStatus.HELD,
        ),
        (
            connection(SERVER, CLIENT, state=TcpState.CLOSE_WAIT, ownership=Ownership.HIDDEN),
            EndStatus.HIDDEN,
        ),
    ],
)
def test_what_is_known_of_the_other_end(peer: Socket | None, status: EndStatus) -> None:
    near = connection(CLIENT, SERVER, held_by=[CURL])
    row = only(*filter(None, (LISTENER, near, peer)))
    assert row.server.status is status
    assert row.server.state is (peer.state if peer else None)
    assert row.server.user == (peer.user if peer else None)
    assert row.server.endpoint == at(SERVER)


def test_a_request_that_the_listener_defers_is_not_closing() -> None:
    """TCP_DEFER_ACCEPT (tcp(7)), which Apache sets: the client is established already."""
    near = connection(CLIENT, SERVER, held_by=[CURL])
    row = only(LISTENER, near, connection(SERVER, CLIENT, state=TcpState.SYN_RECV))
    assert row.server.status is EndStatus.NOT_ACCEPTED
    assert not row.is_half_closed


def test_an_end_that_was_not_accepted_is_the_server_without_a_listener_in_sight() -> None:
    near = connection("127.0.0.1:50000", "127.0.0.1:60000", held_by=[CURL])
    waits = connection("127.0.0.1:60000", "127.0.0.1:50000")
    row = only(waits, near)
    assert ends(row) == ("127.0.0.1:50000", "127.0.0.1:60000")
    assert row.role_certainty is RoleCertainty.KNOWN


def test_a_client_that_is_gone_leaves_the_server_s_end() -> None:
    row = only(LISTENER, connection(SERVER, CLIENT, held_by=[NODE]))
    assert ends(row) == (CLIENT, SERVER)
    assert row.client.status is EndStatus.MISSING
    assert row.server.holders == (NODE,)


LOW, HIGH = "127.0.0.1:2000", "127.0.0.1:3000"
DRAWN, DRAWN_HIGHER = "127.0.0.1:40000", "127.0.0.1:50000"


@pytest.mark.parametrize(
    ("one", "other", "listening", "server", "role_certainty"),
    [
        (DRAWN, HIGH, [("127.0.0.1", 3000)], HIGH, RoleCertainty.KNOWN),
        (DRAWN, HIGH, [("0.0.0.0", 3000)], HIGH, RoleCertainty.KNOWN),
        (DRAWN, HIGH, [("127.0.0.1", 40000)], DRAWN, RoleCertainty.KNOWN),
        (DRAWN, HIGH, [("0.0.0.0", 40000)], DRAWN, RoleCertainty.KNOWN),
        (DRAWN, DRAWN_HIGHER, [("127.0.0.1", 50000)], DRAWN_HIGHER, RoleCertainty.KNOWN),
        (LOW, HIGH, [("0.0.0.0", 3000)], HIGH, RoleCertainty.KNOWN),
        (DRAWN, HIGH, [], HIGH, RoleCertainty.LIKELY),
        (DRAWN, HIGH, [("127.0.0.2", 40000)], HIGH, RoleCertainty.LIKELY),
        (DRAWN, HIGH, [("127.0.0.1", 3001)], HIGH, RoleCertainty.LIKELY),
        (DRAWN, HIGH, [("127.0.0.1", 3000), ("127.0.0.1", 40000)], HIGH, RoleCertainty.LIKELY),
        (LOW, HIGH, [], LOW, RoleCertainty.UNKNOWN),
        (DRAWN, DRAWN_HIGHER, [], DRAWN, RoleCertainty.UNKNOWN),
        (LOW, HIGH, [("0.0.0.0", 2000), ("0.0.0.0", 3000)], LOW, RoleCertainty.UNKNOWN),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_which_end_is_the_server_and_how_sure_that_is(
    one: str,
    other: str,
    listening: list[tuple[str, int]],
    server: str,
    role_certainty: RoleCertainty,
    is_turned: bool,
) -> None:
    near, far = (other, one) if is_turned else (one, other)
    row = only(
        *(listener(*each) for each in listening),
        *pair(near, far, client_of=[CURL], server_of=[NODE]),
    )
    assert row.role_certainty is role_certainty
    assert str(row.server.endpoint) == server


@pytest.mark.parametrize(
    ("near", "server", "role_certainty"),
    [
        (("[::1]:40000", "[::1]:3000"), "[::1]:3000", RoleCertainty.KNOWN),
        ((MAPPED_CLIENT, MAPPED_SERVER), SERVER, RoleCertainty.KNOWN),
        ((CLIENT, SERVER), SERVER, RoleCertainty.LIKELY),
    ],
    ids=["ipv6", "mapped", "AF_INET"],
)
def test_a_wildcard_ipv6_listener_serves_ipv6_sockets_alone(
    near: tuple[str, str], server: str, role_certainty: RoleCertainty
) -> None:
    """An accepted socket has its listener's family, so an AF_INET one is never from [::]."""
    row = only(listener("::", 3000), *pair(*near, client_of=[CURL], server_of=[NODE]))
    assert str(row.server.endpoint) == server
    assert row.role_certainty is role_certainty


def test_an_ipv6_listener_on_the_client_s_port_does_not_make_it_the_server() -> None:
    """Two programs: one has [::]:40000 for itself, the other is a client from 127.0.0.1:40000."""
    row = only(listener("::", 40000), listener("127.0.0.1", 3000), *BOTH)
    assert ends(row) == (CLIENT, SERVER)
    assert row.role_certainty is RoleCertainty.KNOWN


@pytest.mark.parametrize("address", ["::", "0.0.0.0", "127.0.0.1", "::ffff:127.0.0.1"])
def test_any_listener_may_have_served_an_end_that_is_not_seen(address: str) -> None:
    row = only(listener(address, 3000), connection(CLIENT, SERVER, held_by=[CURL]))
    assert row.role_certainty is RoleCertainty.KNOWN
    assert ends(row) == (CLIENT, SERVER)


def test_udp_and_loopback_listeners_elsewhere_say_nothing_of_the_direction() -> None:
    row = only(udp("127.0.0.1", 40000), *BOTH)
    assert row.role_certainty is RoleCertainty.LIKELY


@pytest.mark.parametrize(
    ("one", "other", "server"),
    [(DRAWN, HIGH, HIGH), (LOW, HIGH, LOW), (DRAWN_HIGHER, DRAWN, DRAWN)],
)
def test_without_the_kernel_s_range_the_lower_port_is_taken_for_the_server(
    one: str, other: str, server: str
) -> None:
    row = only(*pair(one, other), ephemeral=None)
    # Neither end is held, so both wait to be accepted: that tells nothing either.
    assert str(row.server.endpoint) == server
    assert row.role_certainty is RoleCertainty.UNKNOWN


def test_a_reserved_port_is_none_that_the_kernel_draws() -> None:
    reserved = EPHEMERAL._replace(reserved=((40000, 40000),))
    row = only(*pair(DRAWN_HIGHER, DRAWN, client_of=[CURL], server_of=[NODE]), ephemeral=reserved)
    assert str(row.server.endpoint) == DRAWN
    assert row.role_certainty is RoleCertainty.LIKELY


def test_the_service_is_that_of_the_server_s_port() -> None:
    services = {
        (Protocol.TCP, 3000): "hbci",
        (Protocol.UDP, 3000): "wrong",
        (Protocol.TCP, 40000): "wrong",
    }
    (row,) = loopback_pairs(snapshot(LISTENER, *BOTH, services=services))
    assert row.service == "hbci"


def test_the_key_stays_when_the_ends_change_roles() -> None:
    one = only(listener("127.0.0.1", 3000), *BOTH)
    other = only(listener("127.0.0.1", 40000), *BOTH)
    assert ends(one) == ends(other)[::-1]
    assert one.key == other.key


def test_the_key_is_the_same_mapped_or_not_and_another_for_another_connection() -> None:
    mapped = pair(MAPPED_CLIENT, MAPPED_SERVER)
    assert only(*BOTH).key == only(*mapped).key
    assert only(*BOTH).key != only(*pair("127.0.0.1:40001", SERVER)).key


@pytest.mark.parametrize(
    ("after", "is_same"),
    [
        (BOTH, True),
        (pair(CLIENT, SERVER, client_of=[CURL], server_of=[CURL]), False),
        (pair(CLIENT, SERVER, client_of=[NODE], server_of=[NODE]), False),
        (pair(CLIENT, SERVER, client_of=[CURL]), False),
        (BOTH[:1], False),
    ],
    ids=["nothing", "other server", "other client", "not accepted", "server vanished"],
)
def test_the_signature_tells_when_an_end_changed_hands(
    after: tuple[Socket, ...], is_same: bool
) -> None:
    before = only(LISTENER, *BOTH)
    assert (before.signature == only(LISTENER, *after).signature) is is_same


def test_a_listener_that_goes_does_not_make_the_ends_change_hands() -> None:
    drawn = pair(DRAWN, DRAWN_HIGHER, client_of=[CURL], server_of=[NODE])
    before = only(listener("127.0.0.1", 50000, held_by=[NODE]), *drawn)
    after = only(*drawn)
    assert before.signature == after.signature


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_order_of_the_tables_does_not_make_equal_ends_change_hands(is_turned: bool) -> None:
    both = pair("127.0.0.1:5000", "127.0.0.2:5000", client_of=[CURL], server_of=[NODE])
    row = only(*(both[::-1] if is_turned else both))
    assert row.role_certainty is RoleCertainty.UNKNOWN
    assert row.key == only(*both).key
    assert row.signature == only(*both).signature


@pytest.mark.parametrize(
    ("peer", "is_half_closed"),
    [
        (connection(SERVER, CLIENT, held_by=[NODE]), False),
        (connection(SERVER, CLIENT, state=TcpState.CLOSE_WAIT, held_by=[NODE]), True),
        (connection(SERVER, CLIENT, state=TcpState.FIN_WAIT1), True),
        (None, False),
    ],
)
def test_a_row_tells_when_one_side_has_begun_to_close(
    peer: Socket | None, is_half_closed: bool
) -> None:
    near = connection(CLIENT, SERVER, held_by=[CURL])
    row = only(*filter(None, (LISTENER, near, peer)))
    assert row.is_half_closed is is_half_closed


def test_the_other_end_of_a_half_closed_connection_is_no_second_row() -> None:
    near = connection(CLIENT, SERVER, held_by=[CURL])
    far = connection(SERVER, CLIENT, state=TcpState.CLOSE_WAIT, held_by=[NODE])
    for sockets in ((near, far), (far, near)):
        assert ends(only(LISTENER, *sockets)) == (CLIENT, SERVER)
