"""The listening pane's rows."""

from __future__ import annotations

import pytest

from porttui.analysis.filter_columns import listening_text
from porttui.analysis.listeners import ListeningRow, listening_rows
from porttui.model.address import Protocol
from porttui.model.socket import Exposure, Ownership, Socket, TcpState
from tests.making import connection, listener, made, process, snapshot, udp

NODE = process(4213, "node", age_s=90.0)
PYTHON = process(5000, "python3", user="bob")


def only(*sockets: Socket) -> ListeningRow:
    (row,) = listening_rows(snapshot(*sockets))
    return row


def test_a_row_tells_who_listens_where_for_how_long() -> None:
    services = {(Protocol.TCP, 3000): "hbci", (Protocol.UDP, 3000): "other"}
    (row,) = listening_rows(
        snapshot(listener("127.0.0.1", 3000, held_by=[NODE]), services=services)
    )
    assert row.protocol is Protocol.TCP
    assert str(row.local) == "127.0.0.1:3000"
    assert row.service == "hbci"
    assert row.holders == (NODE,)
    assert row.ownership is Ownership.KNOWN
    assert row.user == "ana"
    assert row.exposure is Exposure.LOOPBACK
    assert row.sockets == 1
    assert row.age_s == 60  # in whole minutes
    assert row.started == NODE.create_time


@pytest.mark.parametrize(
    ("each", "is_there"),
    [
        (listener("127.0.0.1", 3000, held_by=[NODE]), True),
        (udp("0.0.0.0", 5353, held_by=[NODE]), True),
        (udp("::", 5353, held_by=[NODE]), True),
        (udp("127.0.0.1", 5353, remote="127.0.0.1:53", held_by=[NODE]), False),
        (udp("0.0.0.0", 0, held_by=[NODE]), False),
        *(
            (connection("127.0.0.1:3000", "127.0.0.1:4000", state=state, held_by=[NODE]), False)
            for state in TcpState
            if state is not TcpState.LISTEN
        ),
    ],
)
def test_listeners_and_bound_udp_sockets_have_rows(each: Socket, is_there: bool) -> None:
    assert len(listening_rows(snapshot(each))) == is_there


def test_nobody_listens_on_an_empty_machine() -> None:
    assert list(listening_rows(snapshot())) == []


def test_rows_are_ordered_by_port_then_protocol_then_address() -> None:
    rows = listening_rows(
        snapshot(
            listener("127.0.0.1", 10000),
            listener("::", 9000),
            udp("127.0.0.1", 80),
            listener("127.0.0.2", 80),
            listener("127.0.0.1", 80),
            listener("0.0.0.0", 80),
            listener("127.0.0.1", 9),
        )
    )
    assert [f"{row.protocol} {row.local}" for row in rows] == [
        "tcp 127.0.0.1:9",
        "tcp 0.0.0.0:80",
        "tcp 127.0.0.1:80",
        "tcp 127.0.0.2:80",
        "udp 127.0.0.1:80",
        "tcp [::]:9000",
        "tcp 127.0.0.1:10000",
    ]


def test_twins_are_one_row_with_all_their_holders() -> None:
    master = process(100, started=1)
    worker = process(101, started=2, ppid=100)
    row = only(
        listener("0.0.0.0", 80, held_by=[worker]),
        listener("0.0.0.0", 80, held_by=[worker, master]),
        listener("0.0.0.0", 80, held_by=[PYTHON]),
    )
    assert row.sockets == 3
    assert row.holders == (master, PYTHON, worker)
    assert row.user == "ana"


@pytest.mark.parametrize(
    "other",
    [
        listener("127.0.0.2", 80),
        listener("127.0.0.1", 81),
        listener("::ffff:127.0.0.1", 80),
        udp("127.0.0.1", 80),
    ],
)
def test_only_the_same_protocol_address_and_port_make_twins(other: Socket) -> None:
    assert len(listening_rows(snapshot(listener("127.0.0.1", 80), other))) == 2


def test_a_hidden_owner_is_told_with_the_socket_s_user() -> None:
    row = only(listener("0.0.0.0", 5432, user="postgres"))
    assert row.ownership is Ownership.HIDDEN
    assert row.holders == ()
    assert row.user == "postgres"
    assert (row.age_s, row.started) == (None, None)


def test_the_kernel_s_listener_has_no_user() -> None:
    kernel = made(Protocol.TCP, TcpState.LISTEN, "0.0.0.0:2049", ownership=Ownership.KERNEL)
    row = only(kernel)
    assert row.ownership is Ownership.KERNEL
    assert row.user is None


def test_the_user_is_the_first_holder_s_and_else_the_socket_s() -> None:
    assert only(listener("::", 80, held_by=[PYTHON], user="root")).user == "bob"
    nameless = process(6, user=None)
    assert only(listener("::", 80, held_by=[nameless], user="root")).user == "root"


@pytest.mark.parametrize("hidden_first", [True, False])
def test_a_seen_twin_is_named_whichever_is_listed_first(hidden_first: bool) -> None:
    hidden, seen = udp("0.0.0.0", 5353, user="avahi"), udp("0.0.0.0", 5353, held_by=[NODE])
    row = only(hidden, seen) if hidden_first else only(seen, hidden)
    assert row.holders == (NODE,)
    assert row.user == "ana"


def test_a_hidden_twin_is_found_as_the_header_counts_it() -> None:
    row = only(udp("0.0.0.0", 5353, user="avahi"), udp("0.0.0.0", 5353, held_by=[NODE]))
    assert "hidden" in listening_text(row)


def test_a_start_after_the_sample_is_no_negative_age() -> None:
    assert only(listener("::1", 80, held_by=[process(1, age_s=-5.0)])).age_s == 0


def test_age_is_that_of_the_first_holder() -> None:
    master = process(100, started=1, age_s=500.0)
    worker = process(101, started=2, age_s=5.0, ppid=100)
    assert only(listener("::1", 80, held_by=[worker, master])).age_s == 480


def test_the_key_stays_and_the_signature_changes_when_the_server_is_restarted() -> None:
    before = only(listener("127.0.0.1", 3000, held_by=[NODE]))
    after = only(listener("127.0.0.1", 3000, held_by=[process(4213, started=99999)]))
    assert before.key == after.key
    assert before.signature != after.signature


def test_neither_age_nor_order_of_the_tables_changes_the_signature() -> None:
    older = NODE._replace(create_time=NODE.create_time - 1)
    one = only(listener("::", 80, held_by=[NODE, PYTHON]))
    other = only(listener("::", 80, held_by=[PYTHON, older]))
    assert one.signature == other.signature
