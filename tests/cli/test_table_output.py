"""Sockets and connections in columns."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from porttui.analysis.loopback import loopback_pairs
from porttui.cli.table_output import pair_table, socket_table
from porttui.model.address import Protocol
from porttui.model.socket import Ownership, Socket, TcpState
from tests.making import connection, listener, made, pair, process, snapshot, udp

NODE, CURL = process(10, "node"), process(20, "curl")
WORKER = process(11, "node", ppid=10)


def lines(*sockets: Socket) -> list[str]:
    return socket_table(sockets).split("\n")


def test_sockets_stand_in_columns() -> None:
    kernel = connection("[::1]:80", "[::1]:40000", state=TcpState.TIME_WAIT)
    assert lines(
        listener("127.0.0.1", 3000, held_by=[WORKER, NODE]),
        udp("0.0.0.0", 5353, user="avahi"),
        kernel,
    ) == [
        "PROTO  STATE      LOCAL           REMOTE       EXPOSURE        USER   PROCESS",
        "tcp    LISTEN     127.0.0.1:3000  *            loopback        ana    node 10, node 11",
        "udp    -          0.0.0.0:5353    *            all interfaces  avahi  hidden",
        "tcp    TIME_WAIT  [::1]:80        [::1]:40000  loopback        -      (kernel)",
    ]


def test_one_interface_and_a_remote_end() -> None:
    (_, line) = lines(connection("10.0.0.7:40000", "10.0.0.8:443", held_by=[CURL]))
    cells = "tcp ESTABLISHED 10.0.0.7:40000 10.0.0.8:443 one interface ana curl 20"
    assert " ".join(line.split()) == cells


@pytest.mark.parametrize(
    ("each", "who"),
    [
        (listener("::", 80, held_by=[CURL, NODE]), "node 10, curl 20"),
        (listener("::", 80), "hidden"),
        (
            made(Protocol.TCP, TcpState.LISTEN, "[::]:80", ownership=Ownership.KERNEL),
            "(kernel)",
        ),
    ],
)
def test_nobody_is_never_an_empty_cell(each: Socket, who: str) -> None:
    assert lines(each)[1].endswith(f"  {who}")


def test_where_the_socket_s_user_is_not_told_its_holder_s_is() -> None:
    """psutil tells the users of processes, not of sockets."""
    (_, line) = lines(listener("::", 80, held_by=[process(10, user="ana")], user=None))
    assert " ana " in line


def test_nothing_is_no_heading_either() -> None:
    assert socket_table([]) == ""
    assert pair_table([]) == ""


def test_no_line_ends_in_blanks() -> None:
    table = lines(listener("::", 80, held_by=[NODE]), listener("::", 81, held_by=[NODE, CURL]))
    assert all(line == line.rstrip() for line in table)


def test_connections_stand_in_columns_with_how_sure_the_direction_is() -> None:
    rows = loopback_pairs(
        snapshot(
            listener("127.0.0.1", 3000, held_by=[NODE]),
            *pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[CURL], server_of=[WORKER, NODE]),
            *pair("[::1]:40001", "[::1]:3001", client_of=[CURL], server_of=[NODE]),
            *pair("127.0.0.1:4002", "127.0.0.1:3002", client_of=[CURL], server_of=[NODE]),
        )
    )
    assert pair_table(rows).split("\n") == [
        "CLIENT           PROCESS      SERVER          PROCESS",
        "127.0.0.1:40000  curl 20  ->  127.0.0.1:3000  node 10, node 11",
        "[::1]:40001      curl 20  ~>  [::1]:3001      node 10",
        "127.0.0.1:4002   curl 20  --  127.0.0.1:3002  node 10",
    ]


def test_columns_are_of_cells_not_of_characters() -> None:
    """Wide letters take two, and what isolates right-to-left text none."""
    names = ("漢字", "node", "\u2068אבג\u2069", "ภาษาไทย")
    users = [process(10 + at, "x", user=name) for at, name in enumerate(names)]
    table = socket_table(
        listener("127.0.0.1", 3000 + at, held_by=[each], user=each.user)
        for at, each in enumerate(users)
    )
    heading, *lines = table.splitlines()
    begins = {cell_len(line[: line.index(" x ") + 1]) for line in lines}
    assert begins == {heading.index("PROCESS")}


def test_a_name_of_several_words_cannot_read_as_two_processes() -> None:
    table = socket_table([listener("127.0.0.1", 1, held_by=[process(7, "sshd 1, cron")])])
    assert table.endswith("'sshd 1, cron' 7")


@pytest.mark.parametrize(
    ("peer", "who"),
    [
        (None, "(peer not seen)"),
        (connection("127.0.0.1:3000", "127.0.0.1:40000"), "(not accepted yet)"),
        (
            connection("127.0.0.1:3000", "127.0.0.1:40000", ownership=Ownership.HIDDEN),
            "(hidden)",
        ),
        (
            connection("127.0.0.1:3000", "127.0.0.1:40000", state=TcpState.FIN_WAIT2),
            "(closing)",
        ),
    ],
)
def test_an_end_without_a_process_says_why(peer: Socket | None, who: str) -> None:
    near = connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[CURL])
    taken = snapshot(*filter(None, (near, peer)))
    assert pair_table(loopback_pairs(taken)).endswith(f"127.0.0.1:3000  {who}")


def test_a_socket_connected_to_itself_says_so() -> None:
    itself = connection("127.0.0.1:40000", "127.0.0.1:40000", held_by=[CURL])
    (_, line) = pair_table(loopback_pairs(snapshot(itself))).split("\n")
    assert line == "127.0.0.1:40000  curl 20  --  127.0.0.1:40000  (itself)"
