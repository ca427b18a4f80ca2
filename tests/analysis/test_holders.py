"""Who comes first among the holders of a socket, and who holds most sockets."""

from __future__ import annotations

import pytest

from porttui.analysis.holders import by_seniority, top_socket_holders
from porttui.model.process import Process
from porttui.model.socket_table import SocketTable
from tests.making import connection, listener, process, udp

MASTER = process(100, "nginx", started=50, ppid=1)
WORKERS = [process(101, "nginx", started=60, ppid=100), process(102, "nginx", started=61, ppid=100)]


@pytest.mark.parametrize(
    ("holders", "ordered"),
    [
        ([], []),
        ([MASTER], [MASTER]),
        ([WORKERS[1], WORKERS[0], MASTER], [MASTER, *WORKERS]),
        ([WORKERS[1], WORKERS[0]], WORKERS),
        ([MASTER, WORKERS[0], MASTER, WORKERS[0]], [MASTER, WORKERS[0]]),
        (
            [process(9, started=70), process(8, started=70), process(300, started=20)],
            [process(300, started=20), process(8, started=70), process(9, started=70)],
        ),
    ],
    ids=["nobody", "one", "prefork", "orphaned workers", "twice", "strangers by age"],
)
def test_parents_first_then_the_oldest_and_each_once(
    holders: list[Process], ordered: list[Process]
) -> None:
    assert by_seniority(holders) == tuple(ordered)


def test_a_master_comes_first_although_its_worker_has_the_lower_pid() -> None:
    worker = process(7, "gunicorn", started=50, ppid=100)
    assert by_seniority([worker, MASTER]) == (MASTER, worker)


def test_a_master_comes_first_although_a_stranger_s_child_is_older() -> None:
    stranger = process(30, "sleep", started=10, ppid=1)
    assert by_seniority([*WORKERS, MASTER, stranger]) == (stranger, MASTER, *WORKERS)


def test_three_generations_come_in_order() -> None:
    child = process(101, started=60, ppid=100)
    grandchild = process(102, started=70, ppid=101)
    assert by_seniority([grandchild, child, MASTER]) == (MASTER, child, grandchild)


def test_one_that_is_its_own_parent_is_a_parent() -> None:
    own_parent = process(5, started=90, ppid=5)
    assert by_seniority([*WORKERS, own_parent, MASTER]) == (MASTER, own_parent, *WORKERS)


def test_a_pid_given_out_again_is_two_processes() -> None:
    before, after = process(7, "old", started=1), process(7, "new", started=2)
    assert by_seniority([after, before]) == (before, after)


def test_what_is_kept_of_two_looks_at_one_process_is_the_later() -> None:
    assert by_seniority([process(7, "sh", started=1), process(7, "node", started=1)]) == (
        process(7, "node", started=1),
    )


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
