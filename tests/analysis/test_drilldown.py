"""The sockets of a range or a destination, and the filter over them."""

from __future__ import annotations

import pytest

from porttui.analysis.drilldown import Drilldown, DrilldownRows, SocketRow, drilldown_rows
from porttui.analysis.filter import parse_filter
from porttui.analysis.filter_columns import (
    Searchable,
    matching_rows,
    socket_row_groups,
    socket_text,
)
from porttui.model.address import Address, Protocol
from porttui.model.kernel import PortRange, RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState
from tests.analysis.naive_filter import meets
from tests.analysis.test_pair_table import FILTERS, some_sockets
from tests.making import at, connection, listener, process, snapshot, udp

LOOPBACK = Address.parse("127.0.0.1")
TO_POSTGRES = Drilldown(
    "postgres", protocol=Protocol.TCP, local=LOOPBACK, remote=at("127.0.0.1:5432")
)


def rows_of(taken: Snapshot, drilldown: Drilldown) -> DrilldownRows:
    return drilldown_rows(taken, socket_row_groups(taken.sockets, taken.services), drilldown)


def rows(drilldown: Drilldown) -> DrilldownRows:
    return rows_of(
        snapshot(
            listener("127.0.0.1", 5432),
            connection("127.0.0.1:40000", "127.0.0.1:5432"),
            connection("127.0.0.1:5432", "127.0.0.1:40000"),
            connection("[::ffff:127.0.0.1]:40001", "[::ffff:127.0.0.1]:5432"),
            connection("127.0.0.2:40002", "127.0.0.1:5432"),
            connection("127.0.0.1:40003", "127.0.0.1:5432", state=TcpState.TIME_WAIT),
            connection("127.0.0.1:40004", "127.0.0.1:6379"),
            udp("127.0.0.1", 40005, remote="127.0.0.1:5432"),
            udp("0.0.0.0", 53),
            services={(Protocol.TCP, 5432): "postgresql", (Protocol.TCP, 40000): "client"},
        ),
        drilldown,
    )


def test_a_destination_is_one_source_and_one_remote_end_however_spelled() -> None:
    assert [row.socket.local.port for row in rows(TO_POSTGRES)] == [40000, 40001, 40003]


def test_a_range_has_both_protocols() -> None:
    row_filter = PortRange(RangeName.EPHEMERAL, 40002, 40005)
    assert [row.socket.local.port for row in rows(Drilldown("", row_filter))] == [
        40002,
        40003,
        40004,
        40005,
    ]
    udp_only = rows(Drilldown("", row_filter, Protocol.UDP))
    assert [row.socket.local.port for row in udp_only] == [40005]


def test_reserved_ports_are_not_in_the_range() -> None:
    row_filter = PortRange(RangeName.EPHEMERAL, 40002, 40005, reserved=((40003, 40004),))
    assert [row.socket.local.port for row in rows(Drilldown("", row_filter))] == [40002, 40005]


def test_the_service_is_the_remote_ports_or_the_local_ones() -> None:
    found = {str(row.socket.local): row.service for row in rows(Drilldown(""))}
    assert found["127.0.0.1:40000"] == "postgresql"
    assert found["127.0.0.1:5432"] == "client"
    assert found["127.0.0.1:40004"] is None


def test_a_connection_keeps_its_key_and_no_two_rows_share_one() -> None:
    table = rows(Drilldown(""))
    assert table.keys() == [row.key for row in table]
    assert len(set(table.keys())) == len(table)
    before = snapshot(connection("127.0.0.1:40000", "127.0.0.1:80", held_by=[process()]))
    after = snapshot(connection("127.0.0.1:40000", "127.0.0.1:80", state=TcpState.TIME_WAIT))
    assert rows_of(before, Drilldown("")).keys() == rows_of(after, Drilldown("")).keys()


def test_rows_of_two_devices_have_two_keys() -> None:
    ends = [("fe80::1%v0", "fe80::2%v0"), ("fe80::1%v1", "fe80::2%v1")]
    both = [connection(f"[{near}]:40000", f"[{far}]:80") for near, far in ends]
    assert len(set(rows_of(snapshot(*both), Drilldown("")).keys())) == 2


def searchable(row: SocketRow) -> Searchable:
    each = row.socket
    endpoints = (each.local, each.remote) if each.remote else (each.local,)
    return Searchable(endpoints, socket_text(each, row.service))


@pytest.mark.parametrize("seed", range(10))
def test_the_filter_by_columns_is_the_filter_by_rows(seed: int) -> None:
    services = {(Protocol.TCP, 3001): "http-alt"}
    taken = snapshot(*some_sockets(seed), udp("::1", 3000), services=services)
    table = rows_of(taken, Drilldown("", ports=PortRange(RangeName.DYNAMIC, 3000, 40000)))
    for text in set(FILTERS) - {"0"}:
        row_filter = parse_filter(text)
        expected = [
            number for number, row in enumerate(table) if meets(row_filter, searchable(row))
        ]
        assert matching_rows(table, row_filter) == expected, text


def test_sorting_by_columns_is_sorting_by_rows() -> None:
    table = rows(Drilldown(""))
    ports = [row.socket.local.port for row in table]
    assert ports == sorted(ports) == list(table.local_ports())
    remotes = [row.socket.remote.port if row.socket.remote else -1 for row in table]
    assert table.remote_ports() == remotes
    assert table.states() == [row.socket.state or "" for row in table]
    assert table.users() == [row.socket.user or "\uffff" for row in table]
    assert table.process_names() == ["\uffff"] * len(table)
