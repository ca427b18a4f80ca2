"""The socket tables over netlink."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from porttui.host.asking import Want
from porttui.host.linux.diag_messages import SockDiagError
from porttui.host.linux.holder_groups import Holders
from porttui.host.linux.sock_diag import ALL_STATES, LISTENING, Answer, SockDiag
from porttui.host.linux.table_building import Part, build
from porttui.model.address import PORTS, Family, Protocol
from porttui.model.snapshot import Problem
from porttui.model.socket_table import SocketTable

if TYPE_CHECKING:
    from porttui.host.linux.tables import Tables


class SockDiagReader:
    """Asks over netlink."""

    name = "sock_diag"

    def __init__(self) -> None:
        """Open the netlink socket.

        Raises:
            SockDiagError: it is refused.
        """
        self._diag = SockDiag()
        self._knows_both_families = True

    def read(self, want: Want, ports: range = PORTS) -> Tables:
        """See `TableReader.read`."""
        parts: list[Part] = []
        problems: list[Problem] = []
        states = LISTENING if want.is_listening else ALL_STATES
        tcp = _parts(Protocol.TCP, self._tcp(states, ports))
        for part, is_torn in (*tcp, *self._udp(ports)):
            parts.append(part)
            if is_torn:
                problems.append(_torn(part.protocol, part.family))
        return _DiagTables(tuple(parts), tuple(problems))

    def _tcp(self, states: int, ports: range) -> list[Answer]:
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


def _parts(protocol: Protocol, answers: list[Answer]) -> Iterator[tuple[Part, bool]]:
    for answer in answers:
        for family, found in answer.records.items():
            yield Part(protocol, family, found), answer.is_torn


class _DiagTables(NamedTuple):
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]

    def inodes(self) -> set[int]:
        return set[int]().union(*(part.records.inodes for part in self.parts)) - {0}

    def build(self, holders: Holders | None) -> SocketTable:
        return build(self.parts, holders)


def _torn(protocol: Protocol, family: Family) -> Problem:
    return Problem(
        f"sock_diag, {protocol} over {_SPELLED[family]}",
        "the table changed while it was read: rows may be missing",
    )


_SPELLED = {Family.IPV4: "IPv4", Family.IPV6: "IPv6"}
