"""Who holds most sockets."""

from __future__ import annotations

from porttui.analysis.holders import top_socket_holders
from porttui.model.socket_table import SocketTable
from tests.making import connection, listener, process, udp

NODE, CURL, NGINX = process(10, "node"), process(11, "curl"), process(12, "nginx")


def test_all_sockets_count_whatever_they_are() -> None:
    rows = [
        listener("127.0.0.1", 3000, held_by=[NODE]),
        udp("127.0.0.1", 5353, held_by=[CURL]),
        connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[CURL]),
        connection("127.0.0.1:40001", "127.0.0.1:3000"),
        # Shared sockets take a descriptor of each.
        *(listener("127.0.0.1", port, held_by=[NGINX, NODE]) for port in (80, 81, 82)),
    ]
    assert top_socket_holders(SocketTable.of(rows)) == (NODE, NGINX, CURL)


def test_a_handful_is_enough() -> None:
    many = [process(pid) for pid in range(100, 150)]
    rows = [
        listener("127.0.0.1", 1000 * at + port, held_by=[each])
        for at, each in enumerate(many)
        for port in range(1, at + 2)
    ]
    assert top_socket_holders(SocketTable.of(rows)) == tuple(reversed(many))[:16]


def test_nobody_where_holders_were_not_looked_for() -> None:
    assert top_socket_holders(SocketTable.of([listener("127.0.0.1", 80)])) == ()
