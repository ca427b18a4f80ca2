"""Ranges of port numbers: IANA's (RFC 6335, section 6) and the one this kernel draws from."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from porttui.model.address import PORTS
from porttui.record import NamedTuple


class RangeName(StrEnum):
    """The ranges that porttui speaks of."""

    WELL_KNOWN = "well-known"
    REGISTERED = "registered"
    DYNAMIC = "dynamic"
    EPHEMERAL = "ephemeral"


class PortRange(NamedTuple):
    """The ports `first`..`last`, both included, less the `reserved` ones."""

    name: RangeName
    first: int
    last: int
    reserved: tuple[tuple[int, int], ...] = ()
    """Inclusive spans, sorted, apart from each other and inside the range."""

    def __contains__(self, port: object) -> bool:
        if not isinstance(port, int) or not self.first <= port <= self.last:
            return False
        return not any(first <= port <= last for first, last in self.reserved)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @property
    def capacity(self) -> int:
        """How many ports it has, reserved ones not counted."""
        reserved_count = sum(last - first + 1 for first, last in self.reserved)
        return self.last - self.first + 1 - reserved_count

    def shared_with(self, other: PortRange) -> int:
        """How many ports of this range lie between the ends of `other`."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        if first > last:
            return 0
        return PortRange(self.name, first, last, clip(self.reserved, first, last)).capacity


def clip(
    spans: tuple[tuple[int, int], ...] | list[tuple[int, int]], first: int, last: int
) -> tuple[tuple[int, int], ...]:
    """`spans` (inclusive, any order, may overlap) cut to first..last, sorted and merged."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        start, end = max(start, first), min(end, last)
        if start > end:
            continue
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


@lru_cache(maxsize=16)
def port_bitmap(spans: tuple[range, ...]) -> bytes:
    """For each port there is 1 if it is in one of the spans, else 0: to look up many at once."""
    bitmap = bytearray(len(PORTS))
    for span in spans:
        bitmap[span.start : span.stop] = b"\x01" * len(span)
    return bytes(bitmap)


def range_bitmap(port_range: PortRange) -> bytes:
    """As `port_bitmap`, of a range."""
    spans, first = [], port_range.first
    for start, end in port_range.reserved:
        spans.append(range(first, start))
        first = end + 1
    return port_bitmap((*spans, range(first, port_range.last + 1)))


IANA_RANGES = (
    PortRange(RangeName.WELL_KNOWN, 0, 1023),
    PortRange(RangeName.REGISTERED, 1024, 49151),
    PortRange(RangeName.DYNAMIC, 49152, 65535),
)
