"""Who comes first among the processes that share a socket."""

from __future__ import annotations

import pytest

from porttui.analysis.holders import by_seniority
from porttui.model.process import Process
from tests.making import process

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
