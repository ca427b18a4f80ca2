"""Ranges of ports: how many, which, and what is shared."""

from __future__ import annotations

import pytest

from porttui.model.kernel import (
    IANA_RANGES,
    PortRange,
    RangeName,
    clip,
    port_bitmap,
    range_bitmap,
)

Spans = tuple[tuple[int, int], ...]


def ephemeral(first: int, last: int, *reserved: tuple[int, int]) -> PortRange:
    return PortRange(RangeName.EPHEMERAL, first, last, reserved)


@pytest.mark.parametrize(
    ("port_range", "capacity"),
    [
        (ephemeral(32768, 60999), 28232),
        (ephemeral(5, 5), 1),
        (ephemeral(0, 65535), 65536),
        (ephemeral(5, 5, (5, 5)), 0),
        (ephemeral(32768, 60999, (40000, 40000)), 28231),
        (ephemeral(32768, 60999, (32768, 32769), (60999, 60999)), 28229),
        (ephemeral(40000, 40099, (40000, 40099)), 0),
    ],
)
def test_capacity_counts_both_ends_and_leaves_out_reserved_ports(
    port_range: PortRange, capacity: int
) -> None:
    assert port_range.capacity == capacity
    assert sum(port in port_range for port in range(65536)) == capacity


@pytest.mark.parametrize(
    ("port", "is_in"),
    [
        (32767, False),
        (32768, True),
        (39999, True),
        (40000, False),
        (40001, False),
        (40002, True),
        (50000, False),
        (60999, True),
        (61000, False),
        (0, False),
        (65535, False),
        (-1, False),
        (65536, False),
    ],
)
def test_a_range_holds_its_ends_and_not_its_reserved_ports(port: int, is_in: bool) -> None:
    assert (port in ephemeral(32768, 60999, (40000, 40001), (50000, 50000))) is is_in


@pytest.mark.parametrize("port", [0, 65535])
def test_the_lowest_and_the_highest_port_are_ports(port: int) -> None:
    assert port in ephemeral(0, 65535)
    assert port not in ephemeral(1, 65534)


@pytest.mark.parametrize("what", ["40000", 40000.0, None, (40000,)])
def test_only_a_number_can_be_in_a_range(what: object) -> None:
    assert what not in ephemeral(32768, 60999)


def test_a_range_is_written_with_its_ends() -> None:
    assert str(ephemeral(32768, 60999, (40000, 40000))) == "32768-60999"


def test_the_names_of_the_ranges_are_iana_s_and_the_kernel_s() -> None:
    assert list(RangeName) == ["well-known", "registered", "dynamic", "ephemeral"]


def test_iana_ranges_follow_each_other_from_0_to_65535() -> None:
    assert [(each.name, each.first, each.last) for each in IANA_RANGES] == [
        (RangeName.WELL_KNOWN, 0, 1023),
        (RangeName.REGISTERED, 1024, 49151),
        (RangeName.DYNAMIC, 49152, 65535),
    ]
    assert sum(each.capacity for each in IANA_RANGES) == 65536


@pytest.mark.parametrize(
    ("mine", "other", "shared"),
    [
        (ephemeral(32768, 60999), ephemeral(1024, 49151), 16384),
        (ephemeral(32768, 60999), ephemeral(49152, 65535), 11848),
        (ephemeral(32768, 60999), ephemeral(0, 1023), 0),
        (ephemeral(10, 20), ephemeral(20, 30), 1),
        (ephemeral(10, 20), ephemeral(21, 30), 0),
        (ephemeral(21, 30), ephemeral(10, 20), 0),
        (ephemeral(10, 20), ephemeral(12, 14), 3),
        (ephemeral(12, 14), ephemeral(10, 20), 3),
        (ephemeral(10, 20, (11, 12)), ephemeral(0, 15), 4),
        (ephemeral(10, 20, (14, 17)), ephemeral(0, 15), 4),
        (ephemeral(10, 20, (14, 17)), ephemeral(15, 16), 0),
        (ephemeral(10, 20, (18, 20)), ephemeral(0, 15), 6),
        (ephemeral(10, 20, (10, 11), (13, 13), (19, 20)), ephemeral(11, 19), 6),
    ],
)
def test_shared_ports_are_counted_without_the_reserved_ones(
    mine: PortRange, other: PortRange, shared: int
) -> None:
    assert mine.shared_with(other) == shared


def test_what_is_shared_with_all_iana_ranges_is_the_whole_capacity() -> None:
    port_range = ephemeral(500, 60999, (1000, 1030), (49151, 49152))
    assert sum(port_range.shared_with(each) for each in IANA_RANGES) == port_range.capacity


@pytest.mark.parametrize(
    ("spans", "clipped"),
    [
        ((), ()),
        (((15, 16),), ((15, 16),)),
        (((10, 20),), ((10, 20),)),
        (((0, 100),), ((10, 20),)),
        (((0, 9),), ()),
        (((21, 30),), ()),
        (((0, 10),), ((10, 10),)),
        (((20, 30),), ((20, 20),)),
        (((12, 13), (14, 15)), ((12, 15),)),
        (((12, 13), (15, 16)), ((12, 13), (15, 16))),
        (((12, 15), (14, 18)), ((12, 18),)),
        (((12, 18), (14, 15)), ((12, 18),)),
        (((12, 12), (12, 12)), ((12, 12),)),
        (((17, 18), (12, 13)), ((12, 13), (17, 18))),
        (((18, 19), (12, 13), (14, 17)), ((12, 19),)),
        (((0, 5), (8, 11), (19, 40), (50, 60)), ((10, 11), (19, 20))),
        (((15, 14),), ()),
    ],
)
def test_clip_cuts_sorts_and_merges(spans: Spans, clipped: Spans) -> None:
    assert clip(spans, 10, 20) == clipped
    assert clip(list(spans), 10, 20) == clipped


@pytest.mark.parametrize(
    "spans", [((3, 7), (5, 12), (13, 13), (15, 15), (30, 40)), ((9, 9),), ((0, 99),)]
)
def test_clip_keeps_exactly_the_ports_that_were_there(spans: Spans) -> None:
    before = {port for first, last in spans for port in range(first, last + 1)}
    after = [port for first, last in clip(spans, 5, 35) for port in range(first, last + 1)]
    assert after == sorted(before & set(range(5, 36)))


@pytest.mark.parametrize(
    "reserved",
    [(), ((40000, 40009),), ((40090, 40099),), ((40001, 40001), (40005, 40050)), ((40000, 40099),)],
)
def test_the_marks_of_a_range_are_its_ports(reserved: tuple[tuple[int, int], ...]) -> None:
    each = PortRange(RangeName.EPHEMERAL, 40000, 40099, reserved)
    bitmap = range_bitmap(each)
    assert len(bitmap) == 65536
    assert [port for port, mark in enumerate(bitmap) if mark] == [
        port for port in range(65536) if port in each
    ]
    assert sum(bitmap) == each.capacity


def test_marks_of_spans_that_meet_and_of_none() -> None:
    bitmap = port_bitmap((range(10, 20), range(15, 30), range(65535, 65536), range(5, 5)))
    assert {port for port, mark in enumerate(bitmap) if mark == 1} == {*range(10, 30), 65535}
    assert not any(port_bitmap(()))
