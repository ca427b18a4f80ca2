"""What a stop aims at, what else it touches, and what stands on the port."""

from __future__ import annotations

import pytest

from porttui.analysis.listeners import listening_rows
from porttui.analysis.loopback import loopback_pairs
from porttui.analysis.stop_targets import (
    colliding_sockets,
    still_holds,
    target_of_connection_end,
    target_of_listening_row,
)
from porttui.model.address import Protocol
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.stop import SocketCredentials, StopTarget
from tests.making import at, connection, listener, pair, process, snapshot, target, udp

NODE, CURL = process(10, "node"), process(20, "curl", user="bob")
WORKER = process(11, "node", ppid=10)
HERE = listener("127.0.0.1", 3000, held_by=[NODE])


def listened(taken: Snapshot, endpoint: str, protocol: Protocol = Protocol.TCP) -> StopTarget:
    (row,) = (row for row in listening_rows(taken) if row.key == (protocol, at(endpoint)))
    return target_of_listening_row(taken, row)


def client_and_server(taken: Snapshot) -> tuple[StopTarget, StopTarget]:
    (row,) = loopback_pairs(taken)
    return target_of_connection_end(taken, row.client), target_of_connection_end(taken, row.server)


def test_a_listening_row_is_aimed_at_with_all_its_holders() -> None:
    taken = snapshot(listener("127.0.0.1", 3000, held_by=[WORKER, NODE]))
    assert listened(taken, "127.0.0.1:3000") == StopTarget(
        protocol=Protocol.TCP,
        endpoint=at("127.0.0.1:3000"),
        is_listener=True,
        holders=(NODE, WORKER),
        hidden_user="ana",
        other_endpoints=((10, ()), (11, ())),
        clients=0,
        port_holders=frozenset({NODE.identity, WORKER.identity}),
        inodes=frozenset({7001}),
        credentials=(
            (11, SocketCredentials(1000, "ana", inode=7001)),
            (10, SocketCredentials(1000, "ana", inode=7001)),
        ),
    )


def test_a_hidden_holder_leaves_the_socket_s_user() -> None:
    aim = listened(snapshot(listener("::", 5432, user="postgres")), "[::]:5432")
    assert (aim.holders, aim.hidden_user, aim.other_endpoints) == ((), "postgres", ())


def test_an_end_of_a_connection_is_aimed_at_with_its_holders_by_seniority() -> None:
    both = pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[CURL], server_of=[WORKER, NODE])
    client, server = client_and_server(snapshot(HERE, *both))
    assert (str(client.endpoint), client.holders) == ("127.0.0.1:40000", (CURL,))
    assert (str(server.endpoint), server.holders) == ("127.0.0.1:3000", (NODE, WORKER))
    assert (client.is_listener, server.is_listener) == (False, False)
    assert client.clients == 0


def test_an_end_that_is_hidden_leaves_the_socket_s_user() -> None:
    hidden = connection("127.0.0.1:3000", "127.0.0.1:40000", ownership=Ownership.HIDDEN)
    near = connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[CURL])
    _, server = client_and_server(snapshot(HERE, near, hidden))
    assert (server.holders, server.hidden_user) == ((), "ana")


def test_also_holds_names_the_other_endpoints_of_each_holder_by_port() -> None:
    taken = snapshot(
        listener("127.0.0.1", 3000, held_by=[NODE, CURL]),
        listener("127.0.0.1", 10000, held_by=[NODE]),
        listener("::1", 3000, held_by=[NODE]),
        listener("0.0.0.0", 9229, held_by=[NODE, WORKER]),
        udp("0.0.0.0", 5353, held_by=[NODE]),
        udp("0.0.0.0", 6000, remote="10.0.0.1:53", held_by=[NODE]),
        connection("127.0.0.1:41000", "127.0.0.1:3000", held_by=[NODE]),
        listener("127.0.0.1", 80, held_by=[WORKER]),
    )
    assert listened(taken, "127.0.0.1:3000").other_endpoints == (
        (10, ("[::1]:3000", "0.0.0.0:5353 udp", "0.0.0.0:9229", "127.0.0.1:10000")),
        (20, ()),
    )


def test_also_holds_names_twins_once() -> None:
    twins = [listener("0.0.0.0", 80, held_by=[NODE])] * 2
    aim = listened(snapshot(HERE, *twins), "127.0.0.1:3000")
    assert aim.other_endpoints_of(10) == ("0.0.0.0:80",)


def test_also_holds_is_not_fooled_by_a_pid_given_out_again() -> None:
    again = process(10, "sh", started=99)
    aim = listened(snapshot(HERE, listener("::", 80, held_by=[again])), "127.0.0.1:3000")
    assert aim.other_endpoints_of(10) == ()


def test_the_same_endpoint_of_the_other_protocol_is_another_one() -> None:
    taken = snapshot(
        listener("127.0.0.1", 53, held_by=[NODE]), udp("127.0.0.1", 53, held_by=[NODE])
    )
    assert listened(taken, "127.0.0.1:53").other_endpoints_of(10) == ("127.0.0.1:53 udp",)
    assert listened(taken, "127.0.0.1:53", Protocol.UDP).other_endpoints_of(10) == ("127.0.0.1:53",)


def test_stopping_a_connection_s_server_says_that_it_listens_there() -> None:
    both = pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[CURL], server_of=[NODE])
    _, server = client_and_server(snapshot(HERE, *both))
    assert server.other_endpoints_of(10) == ("127.0.0.1:3000",)


def clients_of(address: str, *sockets: Socket) -> int:
    taken = snapshot(listener(address, 3000, held_by=[NODE]), *sockets)
    (row,) = (row for row in listening_rows(taken) if row.holders == (NODE,))
    return target_of_listening_row(taken, row).clients


@pytest.mark.parametrize(
    ("address", "local", "is_client"),
    [
        ("127.0.0.1", "127.0.0.1:3000", True),
        ("127.0.0.1", "127.0.0.2:3000", False),
        ("127.0.0.1", "127.0.0.1:3001", False),
        ("0.0.0.0", "127.0.0.1:3000", True),
        ("0.0.0.0", "10.0.0.7:3000", True),
        ("0.0.0.0", "[::1]:3000", False),
        ("::", "[::1]:3000", True),
        ("::", "[::ffff:127.0.0.1]:3000", True),
        ("::1", "[::1]:3000", True),
        ("::1", "127.0.0.1:3000", False),
    ],
)
def test_clients_are_the_connections_established_to_the_address(
    address: str, local: str, is_client: bool
) -> None:
    peer = "[::1]:40000" if "[" in local else "127.0.0.1:40000"
    assert clients_of(address, connection(local, peer)) == is_client


def test_an_ipv4_socket_is_no_client_of_an_ipv6_listener() -> None:
    """An accepted socket has its listener's family: this one is the neighbour's on 0.0.0.0."""
    both = pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[CURL], server_of=[WORKER])
    neighbour = listener("0.0.0.0", 3000, held_by=[WORKER])
    assert clients_of("0.0.0.0", *both) == 1
    assert clients_of("::", neighbour, *both) == 0


@pytest.mark.parametrize(
    "each",
    [
        connection("127.0.0.1:40000", "127.0.0.1:3000"),
        connection("127.0.0.1:3000", "127.0.0.1:40000", state=TcpState.TIME_WAIT),
        connection("127.0.0.1:3000", "127.0.0.1:40000", state=TcpState.CLOSE_WAIT),
        udp("127.0.0.1", 3000, remote="127.0.0.1:40000"),
    ],
    ids=["the client's own end", "TIME_WAIT", "CLOSE_WAIT", "UDP"],
)
def test_what_is_no_client(each: Socket) -> None:
    assert clients_of("127.0.0.1", each) == 0


def test_tcp_connections_are_no_clients_of_a_udp_socket() -> None:
    taken = snapshot(
        udp("127.0.0.1", 53, held_by=[NODE]),
        connection("127.0.0.1:53", "127.0.0.1:40000", held_by=[CURL]),
    )
    assert listened(taken, "127.0.0.1:53", Protocol.UDP).clients == 0


def test_every_client_counts() -> None:
    ends = [connection("127.0.0.1:3000", f"127.0.0.1:{port}") for port in range(40000, 40007)]
    assert clients_of("127.0.0.1", *ends) == 7


@pytest.mark.parametrize(
    ("each", "holds"),
    [
        (HERE, True),
        (listener("127.0.0.1", 3000, held_by=[CURL, NODE]), True),
        (listener("::ffff:127.0.0.1", 3000, held_by=[NODE]), True),
        (connection("127.0.0.1:3000", "127.0.0.1:40000", held_by=[NODE]), True),
        (
            connection(
                "127.0.0.1:3000", "127.0.0.1:40000", state=TcpState.CLOSE_WAIT, held_by=[NODE]
            ),
            True,
        ),
        (listener("127.0.0.1", 3000, held_by=[CURL]), False),
        (listener("127.0.0.1", 3000), False),
        (listener("127.0.0.1", 3001, held_by=[NODE]), False),
        (listener("0.0.0.0", 3000, held_by=[NODE]), False),
        (udp("127.0.0.1", 3000, held_by=[NODE]), False),
        (connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[NODE]), False),
        (listener("127.0.0.1", 3000, held_by=[process(10, started=99)]), False),
    ],
)
def test_a_process_still_holds_the_address_with_any_socket_on_it(each: Socket, holds: bool) -> None:
    assert still_holds(snapshot(each), target("127.0.0.1:3000"), NODE.identity) is holds


def test_a_process_that_holds_one_of_many_still_holds() -> None:
    sockets = [listener("127.0.0.1", 80, held_by=[CURL]), HERE]
    assert still_holds(snapshot(*sockets), target(), NODE.identity)
    assert not still_holds(snapshot(), target(), NODE.identity)


@pytest.mark.parametrize(
    ("aim", "each", "certain", "perhaps"),
    [
        ("127.0.0.1:3000", HERE, True, True),
        ("127.0.0.1:3000", listener("0.0.0.0", 3000), True, True),
        ("127.0.0.1:3000", listener("::", 3000), False, True),
        ("127.0.0.1:3000", listener("::1", 3000), False, False),
        ("127.0.0.1:3000", listener("127.0.0.2", 3000), False, False),
        ("127.0.0.1:3000", listener("127.0.0.1", 3001), False, False),
        ("127.0.0.1:3000", udp("127.0.0.1", 3000), False, False),
        ("127.0.0.1:3000", connection("127.0.0.1:3000", "127.0.0.1:40000"), True, True),
        (
            "127.0.0.1:3000",
            connection("127.0.0.1:3000", "10.0.0.1:1", state=TcpState.TIME_WAIT),
            True,
            True,
        ),
        (
            "127.0.0.1:3000",
            connection("[::ffff:127.0.0.1]:3000", "[::ffff:127.0.0.1]:40000"),
            True,
            True,
        ),
        ("127.0.0.1:3000", connection("127.0.0.1:40000", "127.0.0.1:3000"), False, False),
        ("0.0.0.0:3000", listener("10.0.0.7", 3000), True, True),
        ("0.0.0.0:3000", listener("::1", 3000), False, False),
        ("[::]:3000", listener("::1", 3000), True, True),
        ("[::]:3000", HERE, False, True),
    ],
)
def test_what_stands_in_the_way_certainly_and_perhaps(
    aim: str, each: Socket, certain: bool, perhaps: bool
) -> None:
    assert colliding_sockets(snapshot(each), target(aim)) == ((each,) if certain else ())
    assert colliding_sockets(snapshot(each), target(aim), possibly=True) == (
        (each,) if perhaps else ()
    )


def test_udp_stands_in_the_way_of_udp_alone() -> None:
    each = udp("0.0.0.0", 53)
    taken = snapshot(each, listener("0.0.0.0", 53))
    assert colliding_sockets(taken, target("127.0.0.1:53", protocol=Protocol.UDP)) == (each,)
