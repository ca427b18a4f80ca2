"""What can run out: in which order, how bad, and in what words."""

from __future__ import annotations

from porttui.forecast.forecast import forecast
from porttui.forecast.gauges import Gauge, Resource, gauges
from porttui.model.forecast import ConnectPath, Level
from porttui.model.kernel import Limit, Limits, PortRange, ProcessFiles, RangeName, TcpRules
from porttui.model.socket import Socket, TcpState
from porttui.text.forecast import (
    RESOURCES,
    bounds_text,
    cause,
    cure,
    recovery,
    short_title,
    title,
    verdict,
)
from tests.making import at, connection, listener, process, snapshot

HUNDRED = PortRange(RangeName.EPHEMERAL, 40000, 40099)
CLIENT = process(812, "python")
SERVER = process(77, "postgres")
LINUX = TcpRules(tw_reuse=2, timestamps=True, tw_reuse_delay_ms=1000, autobind_reuse=False)


def clients(number: int, state: TcpState = TcpState.ESTABLISHED) -> list[Socket]:
    held_by = [CLIENT] if state is TcpState.ESTABLISHED else []
    return [
        connection(f"127.0.0.1:{port}", "127.0.0.1:5432", state=state, held_by=held_by)
        for port in range(40000, 40000 + number)
    ]


def measured(*sockets: Socket, limits: Limits | None = None) -> tuple[Gauge, ...]:
    look = snapshot(listener("127.0.0.1", 5432, held_by=[SERVER]), *sockets, ephemeral=HUNDRED)
    found = forecast(look._replace(lists_bound_inactive=True, tcp_rules=LINUX))
    assert found is not None
    return gauges(found, limits)


def test_a_quiet_machine_has_binds_and_udp() -> None:
    found = measured()
    assert [(each.resource, str(each.address or "")) for each in found] == [
        (Resource.BIND, "127.0.0.1"),
        (Resource.BIND, "0.0.0.0"),
        (Resource.BIND, "::1"),
        (Resource.UDP, ""),
    ]
    assert {each.level for each in found} == {Level.OK}


def test_the_worst_comes_first() -> None:
    found = measured(*clients(96))
    assert [each.level for each in found] == [
        Level.CRITICAL,
        Level.CRITICAL,
        Level.CRITICAL,
        Level.OK,
        Level.OK,
    ]
    assert found[0].resource is Resource.CONNECT
    assert found[0].key == (
        Resource.CONNECT,
        ConnectPath(at("127.0.0.1:0").address, at("127.0.0.1:5432")),
    )


def test_limits_that_are_none_of_ports_are_named_apart() -> None:
    full = Limits(conntrack=Limit(100, 100), open_files=Limit(1, 100))
    first, *_, last = measured(limits=full)
    assert (first.resource, first.level, first.left) == (Resource.CONNTRACK, Level.EXHAUSTED, 0)
    assert (last.resource, last.level, last.left) == (Resource.OPEN_FILES, Level.OK, 99)
    assert "not a lack of ports" in cure(first)
    assert title(first) == "connections tracked by netfilter"


def test_a_process_without_descriptors_is_named_apart_too() -> None:
    node, curl = process(4213, "node"), process(11, "curl")
    told = (ProcessFiles(curl, Limit(10, 1024)), ProcessFiles(node, Limit(1000, 1024)))
    first, *_, last = measured(limits=Limits(None, None, told))
    assert (first.resource, first.level, first.left) == (Resource.PROCESS_FILES, Level.CRITICAL, 24)
    assert first.key == (Resource.PROCESS_FILES, node.identity)
    assert verdict(first) == "open files of node 4213: 24 of 1,024 left"
    assert short_title(first) == "for files of node 4213"
    assert cure(first).startswith("not a lack of ports (EMFILE): raise the process's limit")
    assert (last.process, last.level, last.is_notable) == (curl, Level.OK, False)
    assert all(each.is_notable for each in measured()), "what is OK of the machine is told"


def test_a_limit_that_was_lowered_below_what_is_open_leaves_nothing() -> None:
    node = process(4213, "node")
    first, *_ = measured(limits=Limits(None, None, (ProcessFiles(node, Limit(70, 64)),)))
    assert (first.level, first.left) == (Level.EXHAUSTED, 0)


def test_the_verdict_says_what_is_left_and_who_has_the_rest() -> None:
    first = measured(*clients(90))[0]
    assert verdict(first) == (
        "connect() to 127.0.0.1:5432 from 127.0.0.1: 10 of 100 left; 90 in use by python 812"
    )
    assert bounds_text(first) == ""
    assert "ip_local_port_range" in cure(first)


def test_ports_that_others_bound_are_told() -> None:
    bound = [listener("127.0.0.77", port) for port in range(40090, 40100)]
    first = measured(*clients(80), *bound)[0]
    assert first.left == 10
    assert cause(first) == "80 in use by python 812, 10 more are bound or listening"


def test_time_wait_tells_when_it_recovers() -> None:
    fresh = [each._replace(expires_ms=59_500) for each in clients(100, state=TcpState.TIME_WAIT)]
    first = measured(*fresh)[0]
    assert first.level is Level.EXHAUSTED
    assert recovery(first) == "recovers within 1 s"
    assert verdict(first) == (
        "connect() to 127.0.0.1:5432 from 127.0.0.1: exhausted, 0 of 100 left; "
        "100 in use, 100 of them in TIME_WAIT; recovers within 1 s"
    )


def test_what_cannot_be_told_apart_is_said() -> None:
    other = connection("127.0.0.1:40000", "127.0.0.1:6379", held_by=[CLIENT])
    found = [each for each in measured(other) if each.resource is Resource.CONNECT]
    [gauge] = found
    assert bounds_text(gauge) == ""
    look = snapshot(other, *clients(2)[1:], ephemeral=HUNDRED)
    both = forecast(look._replace(lists_bound_inactive=True, tcp_rules=LINUX))
    assert both is not None
    said = {bounds_text(each) for each in gauges(both) if each.resource is Resource.CONNECT}
    assert said == {"at least 98: clients that bind first cannot be recognised"}


def test_every_resource_has_its_words_in_one_row() -> None:
    assert set(RESOURCES) == set(Resource)
    for words in RESOURCES.values():
        assert all((words.title, words.short_title, words.cure))
