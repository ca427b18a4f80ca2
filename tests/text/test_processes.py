"""How processes are written."""

from __future__ import annotations

import pytest

from porttui.model.forecast import PortShare
from porttui.model.socket import Ownership
from porttui.text.processes import HIDDEN, brief, holder_names, names, shares, with_user
from tests.making import listener, process

NODE = process(10, "node")
WORKERS = [process(pid, "nginx", ppid=10) for pid in range(31, 36)]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, ""), (1, "nginx 31"), (2, "nginx 31, nginx 32"), (3, "nginx 31, nginx 32 and 1 more")],
)
def test_some_by_name_and_the_rest_by_number(number: int, words: str) -> None:
    assert names(WORKERS[:number], limit=2) == words


def test_a_cell_has_room_for_one() -> None:
    assert brief([NODE]) == "node 10"
    assert brief([NODE, *WORKERS]) == "node 10 +5"


def test_holders_of_several_sockets_are_named_once() -> None:
    both = [listener(each, 80, held_by=[WORKERS[0], NODE]) for each in ("::", "0.0.0.0")]
    assert holder_names(both) == "node 10, nginx 31"
    assert holder_names([listener("::", 80)]) == HIDDEN


def test_the_user_follows_the_pid() -> None:
    assert with_user(NODE._replace(user="ana")) == "node 10 (ana)"
    assert with_user(NODE._replace(user=None)) == "node 10"


def test_a_share_tells_its_ports() -> None:
    found = [PortShare(NODE, 4210), PortShare(WORKERS[0], 3)]
    assert shares(found, 1) == "node 10 (4,210) and 1 more"


@pytest.mark.parametrize(
    ("ownership", "words"),
    [
        (Ownership.HIDDEN, "a hidden process"),
        (Ownership.GONE, "an unknown process (the socket has closed)"),
        (Ownership.KERNEL, "the kernel"),
    ],
)
def test_why_nobody_is_named_is_what_the_kernel_told(ownership: Ownership, words: str) -> None:
    """Gone is not hidden, and what no process holds is the kernel's."""
    unheld = listener("127.0.0.1", 80)._replace(ownership=ownership)
    assert holder_names([unheld]) == words
    assert holder_names([unheld, listener("::", 80, held_by=[NODE])]) == "node 10"
