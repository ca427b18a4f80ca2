"""Port ranges (of IANA and of the kernel), TCP rules, and limits."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import PORTS
from porttui.model.process import Process
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


def port_bitmap(spans: tuple[range, ...]) -> bytes:
    """For each port 1 if it is in one of the spans, else 0: many are looked up at once."""
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
"""RFC 6335, section 6."""


class TcpRules(NamedTuple):
    """Sysctls of this network namespace (ip-sysctl of the kernel's documentation)."""

    tw_reuse: int
    """net.ipv4.tcp_tw_reuse, whether connect(2) may take over a port in TIME_WAIT: 0 never,
    1 always, 2 where one end is a loopback address."""
    timestamps: bool
    """net.ipv4.tcp_timestamps: without them nothing in TIME_WAIT is taken over."""
    tw_reuse_delay_ms: int
    """net.ipv4.tcp_tw_reuse_delay: how long it must be in TIME_WAIT before that. Kernels before
    6.14 have no such sysctl; theirs is a second."""
    autobind_reuse: bool
    """net.ipv4.ip_autobind_reuse: a bind(2) to port 0 with SO_REUSEADDR may share the port of
    another that has set it, once no port is free."""


class Limit(NamedTuple):
    """Usage and maximum."""

    used: int
    maximum: int


class ProcessFiles(NamedTuple):
    """The open files of one process, sockets among them."""

    process: Process
    files: Limit
    """Of at most its soft RLIMIT_NOFILE (getrlimit(2)): beyond it socket(2) and accept(2) fail
    with EMFILE."""


class Limits(NamedTuple):
    """Limits that a new connection can meet though ports are left. None where unknown."""

    conntrack: Limit | None = None
    """Connections that netfilter tracks (nf_conntrack_count and nf_conntrack_max): beyond the
    limit packets are dropped, so that connect(2) times out."""
    open_files: Limit | None = None
    """Open files of the whole system (fs.file-nr, proc_sys_fs(5)): beyond the limit socket(2)
    fails with ENFILE."""
    processes: tuple[ProcessFiles, ...] = ()
    """Of the processes with most sockets, as far as it is known."""
