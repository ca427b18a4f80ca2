"""What is done by columns must be what would be done row by row."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator

import pytest

from porttui.analysis.filter import parse_filter
from porttui.analysis.filter_columns import Searchable, SearchableRows, matching_rows, pair_text
from porttui.analysis.loopback import PairTable, loopback_pairs
from porttui.analysis.loopback_rows import PairRow
from porttui.model.address import Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.socket_table import SocketTable
from tests.analysis.naive_filter import meets
from tests.making import connection, listener, process, snapshot, udp

PROCESSES = [process(pid, name) for pid, name in ((10, "node"), (20, "curl"), (300, "web 3000"))]
ADDRESSES = ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"]
STATES = [TcpState.ESTABLISHED] * 4 + [TcpState.FIN_WAIT2, TcpState.CLOSE_WAIT, TcpState.SYN_RECV]
FILTERS = [
    "", "3000", "3000-3002", "300*", "4*", "127.0.0.1:3000", "[::1]:3000", "localhost:3001", "node",
    "curl 3000", "web", "127.0.0", "0.1:30", "::1", "]:3", ":1", "hidden", "unaccepted", "not seen",
    "tcp", "ESTABLISHED", "fin_wait2", "ana", "http", "nothing-has-this", "0", "loopback",
    "0-1023", "0-3000", "1-65535", "127.", ".", "4100 node", "node 3000 tcp",
]  # fmt: skip


def some_sockets(seed: int) -> Iterator[Socket]:
    """Connections of every kind: with both ends, one end, shared, hidden, mapped."""
    rng = random.Random(seed)
    for port in (3000, 3001, 3002):
        yield listener(rng.choice([*ADDRESSES, "::", "0.0.0.0"]), port, held_by=PROCESSES[:1])
    for _ in range(40):
        near = f"{rng.choice(ADDRESSES)}:{rng.choice([40000, 40001, 4100, 3000])}"
        far = f"{rng.choice(ADDRESSES)}:{rng.randrange(3000, 3003)}"
        for local, remote in ((near, far), (far, near)):
            if rng.random() < 0.8:
                held_by: list[Process] = rng.sample(PROCESSES, rng.randrange(3))
                yield connection(
                    local,
                    remote,
                    state=rng.choice(STATES),
                    held_by=held_by,
                    ownership=rng.choice([Ownership.KERNEL, Ownership.HIDDEN]),
                )


def some_pairs(seed: int) -> PairTable:
    """Their pairs."""
    services = {(Protocol.TCP, 3001): "http-alt"}
    return loopback_pairs(snapshot(*some_sockets(seed), services=services))


def searchable(row: PairRow) -> Searchable:
    return Searchable((row.client.endpoint, row.server.endpoint), pair_text(row))


@pytest.mark.parametrize("seed", range(25))
def test_the_filter_by_columns_is_the_filter_by_rows(seed: int) -> None:
    table = some_pairs(seed)
    rows = list(table)
    for text in FILTERS:
        if text == "0":
            continue
        row_filter = parse_filter(text)
        by_rows = [at for at, row in enumerate(rows) if meets(row_filter, searchable(row))]
        assert matching_rows(table, row_filter) == by_rows, text
        one_by_one = SearchableRows(map(searchable, rows))
        assert matching_rows(one_by_one, row_filter) == by_rows, text


@pytest.mark.parametrize("seed", range(25))
def test_keys_signatures_and_ports_by_columns_are_those_of_the_rows(seed: int) -> None:
    table = some_pairs(seed)
    rows = list(table)
    assert table.keys() == [row.key for row in rows]
    assert table.signatures() == [row.signature for row in rows]
    assert list(table.client_ports) == [row.client.endpoint.port for row in rows]
    assert list(table.server_ports) == [row.server.endpoint.port for row in rows]
    for ends, expected in zip(
        table.endpoints,
        ([row.client.endpoint for row in rows], [row.server.endpoint for row in rows]),
        strict=True,
    ):
        addresses = [table.addresses[number] for number in ends.addresses]
        assert all(addresses)
        assert [
            str(Endpoint(address, port))
            for address, port in zip(addresses, ends.ports, strict=True)
            if address
        ] == [str(each) for each in expected]
    assert len(set(table.keys())) == len(rows)


@pytest.mark.parametrize("seed", range(5))
def test_a_table_of_sockets_gives_back_what_it_was_made_of(seed: int) -> None:
    sockets = list(some_sockets(seed))
    table = SocketTable.of(sockets)
    assert list(table) == sockets
    assert pickle.loads(pickle.dumps(table)) == table
    assert table[-1] == sockets[-1]
    assert list(table[2:5]) == sockets[2:5]
    with pytest.raises(IndexError):
        table[len(sockets)]


def test_a_table_of_pairs_survives_the_way_between_two_processes() -> None:
    table = some_pairs(1)
    assert list(pickle.loads(pickle.dumps(table))) == list(table)


@pytest.mark.parametrize("seed", range(10))
def test_some_rows_of_a_table_are_those_rows_over_their_own_sockets(seed: int) -> None:
    table, rng = some_pairs(seed), random.Random(seed)
    for places in ([], list(range(len(table))), sorted(rng.sample(range(len(table)), 5))):
        some = table.select(places)
        assert list(some) == [table[at] for at in places]
        assert some.keys() == [table.keys()[at] for at in places]
        assert some.signatures() == [table.signatures()[at] for at in places]
        assert len(some.sockets) <= 2 * len(places)
        row_filter = parse_filter("node")
        rows = [at for at, row in enumerate(some) if meets(row_filter, searchable(row))]
        assert matching_rows(some, row_filter) == rows


@pytest.mark.parametrize("seed", range(5))
def test_some_rows_of_a_table_of_sockets_are_those_rows(seed: int) -> None:
    sockets = sorted([*some_sockets(seed), udp("127.0.0.1", 53)], key=lambda each: each.protocol)
    table = SocketTable.of(sockets)
    rows = [0, 3, 4, 20, len(sockets) - 1]
    assert list(table.select(rows)) == [sockets[row] for row in rows]
    assert table.select(rows).udp_start == 4
    assert table.select([]) == SocketTable.of([])
