"""Where it is not known how ports are given out, nothing is predicted: how many are in use is."""

from __future__ import annotations

from porttui.forecast.gauges import Gauge, Resource, gauges
from porttui.model.address import Address
from porttui.model.forecast import Caveat, Level, PortShare
from porttui.model.socket import Ownership, Socket
from porttui.text.forecast import bounds_text, cause, cure, left_text, title, verdict
from tests.forecast.small_range import (
    SERVER,
    bind_headroom,
    client,
    connect_headroom,
    of,
    path,
    taken,
    udp_headroom,
    waiting,
)
from tests.making import listener, process, udp

CURL, NODE = process(11, "curl"), process(10, "node")


def mac(number: int, *others: Socket) -> list[Socket]:
    """Connections as psutil tells them, without how long TIME_WAIT lasts."""
    made = [client(port) for port in range(40000, 40000 + number)]
    held = [each._replace(holders=(CURL,), ownership=Ownership.KNOWN) for each in made]
    return [*held, *others]


def measured(*sockets: Socket) -> tuple[Gauge, ...]:
    return gauges(of(taken(*sockets, rules=None)))


def test_destinations_are_told_and_what_is_left_to_them_is_not() -> None:
    rows = mac(3, waiting(40003, None), listener("127.0.0.1", 8001, held_by=[NODE]))
    found = of(taken(*rows, rules=None), path("127.0.0.1:9"))
    assert found.is_estimate
    assert found.caveats == (Caveat.RULES_UNKNOWN,)
    first, asked = found.destinations
    assert (first.in_use, first.time_wait, first.holders) == (4, 1, (PortShare(CURL, 3),))
    assert first.listeners == (NODE,)
    assert (asked.in_use, asked.time_wait) == (0, 0)
    for each in (first, asked):
        assert (each.headroom, each.recovers_in_s, each.recovered_in_s) == (None, None, None)
    assert (found.binds, found.reusable, found.udp_headroom) == ((), None, None)
    assert (found.tcp_used, found.time_wait, found.udp_used) == (4, 1, 0)


def test_no_rule_of_linux_s_is_applied() -> None:
    machine = taken(client(40000), rules=None)
    assert connect_headroom(machine, path(SERVER)) is None
    assert bind_headroom(machine, Address.parse("127.0.0.1")) is None
    assert udp_headroom(machine) is None


def test_what_runs_out_is_the_range_and_that_is_said_to_be_an_estimate() -> None:
    tcp, udps = measured(*mac(7, waiting(40008, None)), udp("0.0.0.0", 40000))
    assert (tcp.resource, tcp.used, tcp.capacity, tcp.time_wait) == (Resource.TCP_RANGE, 8, 10, 1)
    assert (udps.resource, udps.used, udps.time_wait) == (Resource.UDP_RANGE, 1, None)
    assert tcp.is_estimate
    assert udps.is_estimate
    assert title(tcp) == "TCP ports of the ephemeral range"
    assert left_text(tcp) == "about 2 of 10 left (estimate)"
    assert cause(tcp) == "8 in use; 1 socket in TIME_WAIT"
    assert bounds_text(tcp).startswith("estimate: this system does not document")
    for each in (tcp, udps):
        assert "net.ipv4" not in cure(each), "that is Linux' name of it"


def test_a_warning_is_given_and_that_nothing_is_left_is_never_claimed() -> None:
    levels = [measured(*mac(number))[0].level for number in (8, 9, 10)]
    assert levels == [Level.OK, Level.WARNING, Level.CRITICAL]
    assert verdict(measured(*mac(10))[0]) == (
        "TCP ports of the ephemeral range: about 0 of 10 left (estimate); "
        "10 in use; 0 sockets in TIME_WAIT"
    )
