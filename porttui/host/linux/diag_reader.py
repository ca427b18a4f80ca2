"""The socket tables over netlink."""

import socket
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from porttui.host.contract import Want
from porttui.host.linux.diag_records import records
from porttui.host.linux.holder_cache import Holders
from porttui.host.linux.sock_diag import ALL_STATES, LISTENING, SockDiag
from porttui.host.linux.table_building import Part, build
from porttui.model.address import Protocol
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

    def read(self, want: Want) -> "Tables":
        """See `TableReader.read`."""
        parts: list[Part] = []
        problems: list[Problem] = []
        for protocol in Protocol:
            # UDP knows no LISTEN: its unconnected sockets are in the state CLOSE.
            is_narrow = want is Want.LISTENING and protocol is Protocol.TCP
            for family in (socket.AF_INET, socket.AF_INET6):
                answer = self._diag.ask(family, protocol, LISTENING if is_narrow else ALL_STATES)
                parts.append(Part(protocol, family, records(answer)))
                if answer.is_torn:
                    problems.append(_torn(protocol, family))
        return _DiagTables(tuple(parts), tuple(problems))


class _DiagTables(NamedTuple):
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]

    def inodes(self) -> set[int]:
        return set[int]().union(*(part.records.inodes for part in self.parts)) - {0}

    def without(self, inodes: Collection[int]) -> "Tables":
        return self._replace(
            parts=tuple(part._replace(records=part.records.without(inodes)) for part in self.parts)
        )

    def build(self, holders: Holders) -> SocketTable:
        return build(self.parts, holders)


def _torn(protocol: Protocol, family: socket.AddressFamily) -> Problem:
    version = 4 if family == socket.AF_INET else 6
    return Problem(
        f"sock_diag, {protocol} over IPv{version}",
        "the table changed while it was read: rows may be missing",
    )
