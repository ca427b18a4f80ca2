"""Sockets: which of them are listened on, and what a stop target knows of its holders."""

from __future__ import annotations

import pytest

from porttui.model.address import Family
from porttui.model.snapshot import Problem
from porttui.model.socket import Socket, TcpState
from porttui.model.stop import StopSignal
from tests.making import connection, listener, target, udp

HERE, THERE = "127.0.0.1:3000", "127.0.0.1:40000"


@pytest.mark.parametrize(
    ("each", "is_listening"),
    [
        (listener("127.0.0.1", 3000), True),
        (udp("0.0.0.0", 53), True),
        (udp("0.0.0.0", 53, remote="10.0.0.1:53"), False),
        (udp("0.0.0.0", 0), False),
        *(
            (connection(HERE, THERE, state=state), False)
            for state in TcpState
            if state is not TcpState.LISTEN
        ),
    ],
)
def test_tcp_listeners_and_bound_udp_sockets_are_listened_on(
    each: Socket, is_listening: bool
) -> None:
    assert each.is_listening is is_listening


@pytest.mark.parametrize(
    ("address", "family"),
    [
        ("127.0.0.1", Family.IPV4),
        ("::1", Family.IPV6),
        ("::ffff:127.0.0.1", Family.IPV6),
    ],
)
def test_a_socket_has_its_local_address_family(address: str, family: Family) -> None:
    assert listener(address, 80).family is family


def test_a_target_tells_what_else_a_holder_listens_on() -> None:
    aim = target()._replace(other_endpoints=((1, ("127.0.0.1:1",)), (2, ())))
    assert aim.other_endpoints_of(1) == ("127.0.0.1:1",)
    assert aim.other_endpoints_of(2) == ()
    assert aim.other_endpoints_of(3) == ()


def test_signals_are_named_as_the_system_names_them() -> None:
    assert [(each.name, each.value) for each in StopSignal] == [
        ("TERM", "SIGTERM"),
        ("KILL", "SIGKILL"),
        ("CONT", "SIGCONT"),
    ]


def test_a_problem_says_where() -> None:
    assert str(Problem("/proc/net/tcp", "cannot be read")) == "/proc/net/tcp: cannot be read"
