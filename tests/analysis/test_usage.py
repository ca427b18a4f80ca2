"""How much of each range of ports is in use."""

from __future__ import annotations

import pytest

from porttui.analysis.usage import RangeUsage, port_usage
from porttui.model.kernel import PortRange, RangeName
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState
from tests.making import EPHEMERAL, connection, listener, pair, process, snapshot, udp

NODE, CURL = process(10, "node"), process(20, "curl")


def usage(taken: Snapshot, name: RangeName = RangeName.EPHEMERAL) -> RangeUsage:
    (found,) = (each for each in port_usage(taken).ranges if each.key is name)
    return found


def test_there_are_iana_s_ranges_and_the_kernel_s() -> None:
    assert [each.key for each in port_usage(snapshot()).ranges] == [
        RangeName.WELL_KNOWN,
        RangeName.REGISTERED,
        RangeName.DYNAMIC,
        RangeName.EPHEMERAL,
    ]


def test_without_the_kernel_s_range_iana_s_remain() -> None:
    names = [each.key for each in port_usage(snapshot(ephemeral=None)).ranges]
    assert names == [RangeName.WELL_KNOWN, RangeName.REGISTERED, RangeName.DYNAMIC]


@pytest.mark.parametrize("each", port_usage(snapshot()).ranges, ids=lambda each: str(each.key))
def test_an_empty_machine_uses_nothing(each: RangeUsage) -> None:
    assert (each.tcp, each.udp, each.by_state, each.holders, each.share) == (0, 0, (), (), 0.0)


def test_ports_are_counted_not_rows() -> None:
    rows = [
        connection("10.0.0.1:40000", f"10.0.0.2:{server}", held_by=[CURL])
        for server in range(80, 180)
    ]
    found = usage(snapshot(*rows))
    assert found.tcp == 1
    assert found.by_state == ((TcpState.ESTABLISHED, 1),)
    assert [(each.process, each.ports) for each in found.holders] == [(CURL, 1)]


def test_only_the_local_port_counts() -> None:
    taken = snapshot(connection("10.0.0.1:40000", "10.0.0.2:50000"))
    assert usage(taken).tcp == 1
    assert usage(taken, RangeName.DYNAMIC).tcp == 0


def test_both_families_share_the_ports() -> None:
    found = usage(snapshot(listener("127.0.0.1", 40000), listener("::1", 40000)))
    assert found.tcp == 1


@pytest.mark.parametrize(
    ("port", "names"),
    [
        (1, [RangeName.WELL_KNOWN]),
        (1023, [RangeName.WELL_KNOWN]),
        (1024, [RangeName.REGISTERED]),
        (32767, [RangeName.REGISTERED]),
        (32768, [RangeName.REGISTERED, RangeName.EPHEMERAL]),
        (49151, [RangeName.REGISTERED, RangeName.EPHEMERAL]),
        (49152, [RangeName.DYNAMIC, RangeName.EPHEMERAL]),
        (60999, [RangeName.DYNAMIC, RangeName.EPHEMERAL]),
        (61000, [RangeName.DYNAMIC]),
        (65535, [RangeName.DYNAMIC]),
    ],
)
def test_a_port_counts_in_every_range_that_has_it(port: int, names: list[RangeName]) -> None:
    found = port_usage(snapshot(listener("127.0.0.1", port))).ranges
    assert [each.key for each in found if each.tcp] == names


def test_states_count_ports_most_first_and_a_port_can_be_in_several() -> None:
    waits = [
        connection(f"127.0.0.1:{port}", "127.0.0.1:80", state=TcpState.TIME_WAIT)
        for port in range(40000, 40003)
    ]
    found = usage(
        snapshot(
            connection("127.0.0.1:40000", "127.0.0.1:81"),
            connection("127.0.0.1:50000", "127.0.0.1:81", state=TcpState.SYN_SENT),
            connection("127.0.0.1:40000", "127.0.0.1:82", state=TcpState.SYN_SENT),
            *waits,
            connection("127.0.0.1:80", "127.0.0.1:40000", state=TcpState.TIME_WAIT),
        )
    )
    assert found.tcp == 4
    assert found.by_state == (
        (TcpState.TIME_WAIT, 3),
        (TcpState.SYN_SENT, 2),
        (TcpState.ESTABLISHED, 1),
    )
    assert found.in_state(TcpState.TIME_WAIT) == 3
    assert found.in_state(TcpState.LISTEN) == 0


def test_udp_is_counted_apart() -> None:
    found = usage(
        snapshot(udp("0.0.0.0", 40000), udp("::", 40000), udp("::", 40001), listener("::", 40002))
    )
    assert (found.tcp, found.udp) == (1, 2)
    assert found.by_state == ((TcpState.LISTEN, 1),)


def test_holders_come_with_their_distinct_ports_most_first() -> None:
    rows = [
        *pair("127.0.0.1:40001", "127.0.0.1:50000", client_of=[CURL], server_of=[NODE]),
        *pair("127.0.0.1:40002", "127.0.0.1:50000", client_of=[CURL], server_of=[NODE]),
        listener("127.0.0.1", 50000, held_by=[NODE]),
        listener("127.0.0.1", 3000, held_by=[NODE]),
        udp("127.0.0.1", 40003, held_by=[CURL]),
    ]
    found = usage(snapshot(*rows))
    assert [(each.process, each.ports) for each in found.holders] == [(CURL, 3), (NODE, 1)]
    assert usage(snapshot(*rows), RangeName.WELL_KNOWN).holders == ()


def test_each_of_those_who_share_a_socket_holds_its_port() -> None:
    found = usage(snapshot(listener("::", 40000, held_by=[NODE, CURL])))
    assert {each.process for each in found.holders} == {NODE, CURL}
    assert {each.ports for each in found.holders} == {1}


def test_a_pid_given_out_again_is_counted_as_two_processes() -> None:
    again = process(10, "sh", started=99)
    found = usage(
        snapshot(listener("::", 40000, held_by=[NODE]), listener("::", 40001, held_by=[again]))
    )
    assert {(each.process, each.ports) for each in found.holders} == {(NODE, 1), (again, 1)}


def test_reserved_ports_count_neither_as_capacity_nor_as_use() -> None:
    reserved = EPHEMERAL._replace(reserved=((40000, 40009), (60999, 60999)))
    rows = [listener("::", port, held_by=[NODE]) for port in (39999, 40000, 40009, 40010, 60999)]
    found = usage(snapshot(*rows, udp("::", 40005), ephemeral=reserved))
    assert found.range.capacity == 28221
    assert (found.tcp, found.udp) == (2, 0)
    assert found.in_state(TcpState.LISTEN) == 2
    assert [each.ports for each in found.holders] == [2]
    assert found.shared_with == (
        (RangeName.REGISTERED, 16374),
        (RangeName.DYNAMIC, 11847),
    )


def test_share_is_tcp_ports_of_the_capacity() -> None:
    small = PortRange(RangeName.EPHEMERAL, 40000, 40009, ((40000, 40001),))
    rows = [listener("::", 40002), listener("::", 40003), udp("::", 40004)]
    assert usage(snapshot(*rows, ephemeral=small)).share == 0.25


def test_a_range_without_a_port_has_no_share() -> None:
    nothing = PortRange(RangeName.EPHEMERAL, 40000, 40000, ((40000, 40000),))
    assert usage(snapshot(listener("::", 40000), ephemeral=nothing)).share == 0.0


@pytest.mark.parametrize(
    ("ephemeral", "shared"),
    [
        (EPHEMERAL, ((RangeName.REGISTERED, 16384), (RangeName.DYNAMIC, 11848))),
        (
            PortRange(RangeName.EPHEMERAL, 49152, 65535),
            ((RangeName.DYNAMIC, 16384),),
        ),
        (
            PortRange(RangeName.EPHEMERAL, 1000, 65535),
            (
                (RangeName.WELL_KNOWN, 24),
                (RangeName.REGISTERED, 48128),
                (RangeName.DYNAMIC, 16384),
            ),
        ),
    ],
)
def test_the_kernel_s_range_overlaps_iana_s(
    ephemeral: PortRange, shared: tuple[tuple[RangeName, int], ...]
) -> None:
    assert usage(snapshot(ephemeral=ephemeral)).shared_with == shared


def test_iana_s_ranges_overlap_nothing() -> None:
    found = port_usage(snapshot(ephemeral=EPHEMERAL)).ranges
    assert [each.shared_with for each in found[:3]] == [(), (), ()]
