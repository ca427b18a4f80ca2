"""The socket tables over netlink."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator

from porttui.forecast.time_wait import TIME_WAIT_MS
from porttui.host.asking import Want
from porttui.host.linux.diag_messages import SockDiagError
from porttui.host.linux.diag_records import Records
from porttui.host.linux.holder_groups import Holders
from porttui.host.linux.sock_diag import (
    ALL_STATES,
    LISTENING,
    TIME_WAITING,
    Answer,
    SockDiag,
)
from porttui.host.linux.table_building import Part, build
from porttui.light_typing import TYPE_CHECKING, NamedTuple
from porttui.model.address import PORTS, Family, Protocol
from porttui.model.snapshot import Problem
from porttui.model.socket_table import SocketTable

if TYPE_CHECKING:
    from porttui.host.linux.tables import Tables

_TICK_MS = 20
"""The kernel's clock ticks at least every 10 ms (CONFIG_HZ)."""


_CROWD = 20000
"""Sockets: to look at so many messages one by one takes as long as the kernel's walk."""


class SockDiagReader:
    """Asks over netlink."""

    name = "sock_diag"

    def __init__(self, is_crowded: Callable[[], bool] | None = None) -> None:
        """Open the netlink socket.

        Args:
            is_crowded: Whether TIME_WAIT is better asked for by itself.

        Raises:
            SockDiagError: it is refused.
        """
        self._diag = SockDiag()
        self._is_crowded = is_crowded or _is_crowded
        self._knows_both_families = True

    def read(self, want: Want, ports: range = PORTS) -> Tables:
        """See `TableReader.read`."""
        parts: list[Part] = []
        problems: list[Problem] = []
        for part, is_torn in (*self._tcp(want, ports), *self._udp(ports)):
            parts.append(part)
            if is_torn:
                problems.append(_torn(part.protocol, part.family))
        return _DiagTables(tuple(parts), tuple(problems))

    def _tcp(self, want: Want, ports: range) -> Iterator[tuple[Part, bool]]:
        """Of many sockets those in TIME_WAIT by themselves: then all messages of an answer have the
        same length, and none has to be looked at alone. For few another walk costs more."""
        if want.is_listening or not self._is_crowded():
            states = LISTENING if want.is_listening else ALL_STATES
            yield from _parts(Protocol.TCP, self._tcp_in(states, ports))
            return
        begun = time.monotonic()
        others = list(_parts(Protocol.TCP, self._tcp_in(ALL_STATES & ~TIME_WAITING, ports)))
        waiting = list(_parts(Protocol.TCP, self._tcp_in(TIME_WAITING, ports)))
        since_ms = (time.monotonic() - begun) * 1000
        for part, is_torn in others:
            for later, _ in waiting:
                if later.family is part.family:
                    part = part._replace(
                        records=_without_those_waiting_by_now(part.records, later.records, since_ms)
                    )
            yield part, is_torn
        yield from waiting

    def _tcp_in(self, states: int, ports: range) -> list[Answer]:
        if self._knows_both_families:
            try:
                return [self._diag.ask_tcp(states, ports)]
            except SockDiagError:
                # Either it is refused, or nothing works: then the next question tells.
                self._knows_both_families = False
        return [self._diag.ask(family, Protocol.TCP, states, ports) for family in Family]

    def _udp(self, ports: range) -> Iterator[tuple[Part, bool]]:
        """UDP knows no LISTEN: its unconnected sockets are in the state CLOSE."""
        for family in Family:
            yield from _parts(Protocol.UDP, [self._diag.ask(family, Protocol.UDP, ports=ports)])


def _is_crowded(path: str = "/proc/net/sockstat") -> bool:
    """Whether there are many TCP sockets, some of them in TIME_WAIT (proc_pid_net(5))."""
    try:
        with open(path, "rb") as file:
            told = file.read().partition(b"\nTCP:")[2].split()
        counts = dict(zip(told[0:10:2], map(int, told[1:10:2]), strict=True))
        return counts[b"tw"] > 0 and counts[b"tw"] + counts[b"alloc"] > _CROWD
    except (OSError, ValueError, KeyError):
        return False


def _parts(protocol: Protocol, answers: list[Answer]) -> Iterator[tuple[Part, bool]]:
    for answer in answers:
        for family, found in answer.records.items():
            yield Part(protocol, family, found), answer.is_torn


def _without_those_waiting_by_now(others: Records, waiting: Records, since_ms: float) -> Records:
    """Without the sockets that went into TIME_WAIT after they were listed, and so are there twice.

    The other way round, with TIME_WAIT asked for first, they would not be there at all.
    """
    limit, expires_ms = TIME_WAIT_MS - since_ms - _TICK_MS, waiting.expires_ms
    if max(expires_ms) < limit:
        return others
    lately = [row for row, left_ms in enumerate(expires_ms) if left_ms >= limit]
    ends = {waiting.ends(row) for row in lately}
    every = waiting.both_ports
    ports = {every[row] for row in lately}
    gone = [
        row
        for row, both in enumerate(others.both_ports)
        if both in ports and others.ends(row) in ends
    ]
    return others.without(gone) if gone else others


class _DiagTables(NamedTuple):
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]

    def inodes(self) -> set[int]:
        return set[int]().union(*(part.records.inodes for part in self.parts)) - {0}

    def without(self, inodes: Collection[int]) -> Tables:
        return self._replace(parts=tuple(_part_without(part, inodes) for part in self.parts))

    def build(self, holders: Holders | None) -> SocketTable:
        return build(self.parts, holders)


def _part_without(part: Part, inodes: Collection[int]) -> Part:
    gone = [row for row, inode in enumerate(part.records.inodes) if inode in inodes]
    return part._replace(records=part.records.without(gone)) if gone else part


def _torn(protocol: Protocol, family: Family) -> Problem:
    return Problem(
        f"sock_diag, {protocol} over {_SPELLED[family]}",
        "the table changed while it was read: rows may be missing",
    )


_SPELLED = {Family.IPV4: "IPv4", Family.IPV6: "IPv6"}
