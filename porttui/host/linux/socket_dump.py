"""Builds a SocketTable from a dump and its holders."""

from __future__ import annotations

import socket
from array import array
from collections.abc import Iterator
from functools import reduce
from itertools import compress
from operator import add

from porttui.host.accounts import user_name
from porttui.host.linux.inet_diag import (
    ALL_STATES,
    LISTENING,
    InetDiagColumns,
    InetDiagDump,
    SockDiag,
    indexes_of_ones,
)
from porttui.host.linux.netlink import SockDiagError
from porttui.host.linux.owners import Holders
from porttui.host.request import SocketRequest
from porttui.host.safe_text import safe_text
from porttui.model.address import PORTS, Address, Family, Protocol
from porttui.model.snapshot import SOCK_DIAG, Problem
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    HIDDEN,
    NO_ADDRESS,
    NO_HOLDERS,
    OWNERSHIP_CODES,
    UNKNOWN_NUMBER,
    SideTables,
    SocketTable,
)
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.record import Protocol as Interface

if TYPE_CHECKING:
    from typing import Any

_KNOWN = OWNERSHIP_CODES[Ownership.KNOWN]
_KERNEL = OWNERSHIP_CODES[Ownership.KERNEL]
_UNASKED = OWNERSHIP_CODES[Ownership.NOT_LOOKED_UP]

_MAY_HAVE_NO_REMOTE = bytes(code in (7, 10, 13) for code in range(256))
"""CLOSE, LISTEN and bound-inactive, in the kernel's numbers."""

_FAMILY_NAMES = {Family.IPV4: "IPv4", Family.IPV6: "IPv6"}


class SocketDump(Interface):
    """The sockets of a read, without holders."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Reasons why sockets may be missing."""

    def inodes(self) -> set[int]:
        """Inodes of all open sockets."""

    def build(self, holders: Holders | None) -> SocketTable:
        """The table of all rows; without holders if None."""


class SocketDumpReader(Interface):
    """Reads the socket tables of this network namespace."""

    @property
    def name(self) -> str:
        """For the status line."""

    def read(self, request: SocketRequest, ports: range) -> SocketDump:
        """Dump at least the requested sockets that have one of these local ports.

        Raises:
            HostError: nothing could be read.
        """


class SockDiagReader:
    """Dumps sockets over netlink."""

    name = SOCK_DIAG

    def __init__(self) -> None:
        """Open the netlink socket.

        Raises:
            SockDiagError: it is refused.
        """
        self._diag = SockDiag()
        self._supports_tcp_dump = True

    def read(self, request: SocketRequest, ports: range = PORTS) -> SocketDump:
        states = LISTENING if request.is_listening else ALL_STATES
        dumps = [(Protocol.TCP, dump) for dump in self._dump_tcp(states, ports)]
        # UDP has no LISTEN: its unconnected sockets are in the state CLOSE.
        dumps += [
            (Protocol.UDP, self._diag.dump(family, Protocol.UDP, ports=ports)) for family in Family
        ]
        parts: list[tuple[Protocol, InetDiagColumns]] = []
        problems: list[Problem] = []
        for protocol, dump in dumps:
            for family, columns in dump.columns.items():
                parts.append((protocol, columns))
                if dump.is_interrupted:
                    table = f"sock_diag, {protocol} over {_FAMILY_NAMES[family]}"
                    problems.append(
                        Problem(table, "the table changed while it was read: rows may be missing")
                    )
        return _InetDiagSocketDump(tuple(parts), tuple(problems))

    def _dump_tcp(self, states: int, ports: range) -> list[InetDiagDump]:
        if self._supports_tcp_dump:
            try:
                return [self._diag.dump_tcp(states, ports)]
            except SockDiagError:
                # This request is refused, or all are: the next one shows.
                self._supports_tcp_dump = False
        return [self._diag.dump(family, Protocol.TCP, states, ports) for family in Family]


class _InetDiagSocketDump(NamedTuple):
    parts: tuple[tuple[Protocol, InetDiagColumns], ...]
    problems: tuple[Problem, ...]

    def inodes(self) -> set[int]:
        return set[int]().union(*(columns.inodes for _, columns in self.parts)) - {0}

    def build(self, holders: Holders | None) -> SocketTable:
        """TCP comes before UDP."""
        if not self.parts:
            return SocketTable.of(())
        numbers = AddressNumbers()
        parts = [_table_columns(*part, holders, numbers) for part in self.parts]
        joined = {name: reduce(add, [part[name] for part in parts]) for name in parts[0]}
        uids = set(joined["uids"]) - {UNKNOWN_NUMBER}
        return SocketTable(
            udp_start=sum(
                columns.rows for protocol, columns in self.parts if protocol is Protocol.TCP
            ),
            side=SideTables(
                tuple(numbers.addresses),
                holders.sets if holders else ((),),
                {uid: user_name(uid) for uid in uids},
            ),
            **joined,
        )


def _table_columns(
    protocol: Protocol, columns: InetDiagColumns, holders: Holders | None, numbers: AddressNumbers
) -> dict[str, Any]:
    """The columns of a SocketTable, by name."""
    holder_sets, ownerships, uids = _holder_columns(columns, holders)
    v6only, cgroup_ids = bytearray(columns.rows), array("Q", bytes(8 * columns.rows))
    for row, is_v6only in columns.v6only.items():
        v6only[row] = 2 if is_v6only else 1
    for row, cgroup_id in columns.cgroup_ids.items():
        cgroup_ids[row] = cgroup_id
    return {
        "states": columns.states if protocol is Protocol.TCP else bytes(columns.rows),
        "local_addresses": _local_addresses(columns, numbers),
        "local_ports": columns.local_ports,
        "remote_addresses": _remote_addresses(columns, numbers),
        "remote_ports": columns.remote_ports,
        "holder_sets": holder_sets,
        "ownerships": ownerships,
        "uids": uids,
        "inodes": columns.inodes,
        "v6only": bytes(v6only),
        "cgroup_ids": cgroup_ids,
        "expires_ms": columns.expires_ms,
        "recv_queues": columns.recv_queues,
        "send_queues": columns.send_queues,
    }


def _local_addresses(columns: InetDiagColumns, numbers: AddressNumbers) -> array[int]:
    addresses = numbers.of(columns.local_addresses)
    for row in _rows_with_device(columns):
        addresses[row] = numbers.with_zone(addresses[row], columns.devices[row])
    return addresses


def _remote_addresses(columns: InetDiagColumns, numbers: AddressNumbers) -> array[int]:
    """A remote port of 0 means no remote endpoint; only some states have none."""
    addresses, ports = numbers.of(columns.remote_addresses), columns.remote_ports
    for row in _rows_with_device(columns):
        if numbers.addresses[addresses[row]].is_link_local:  # type: ignore[union-attr]
            addresses[row] = numbers.with_zone(addresses[row], columns.devices[row])
    for row in indexes_of_ones(columns.states.translate(_MAY_HAVE_NO_REMOTE)):
        if not ports[row]:
            addresses[row] = NO_ADDRESS
    return addresses


def _rows_with_device(columns: InetDiagColumns) -> Iterator[int]:
    return compress(range(columns.rows), columns.devices)


def _holder_columns(
    columns: InetDiagColumns, holders: Holders | None
) -> tuple[array[int], bytes, array[int]]:
    """Holder sets, ownerships and uids.

    Without an inode the kernel reports user 0 for every socket, so the user is unknown.
    """
    inodes, uids = columns.inodes, columns.uids[:]
    if holders is None:
        holder_sets = array("I", [NO_HOLDERS]) * columns.rows
        ownerships = bytearray([_UNASKED]) * columns.rows
        unheld_rows = _indexes_of(inodes, 0)
    else:
        holder_sets = holders.set_indexes(inodes)
        ownerships = bytearray([_KNOWN]) * columns.rows
        unheld_rows = _indexes_of(holder_sets, NO_HOLDERS)
    for row in unheld_rows:
        ownerships[row] = HIDDEN if inodes[row] else _KERNEL
        if not inodes[row]:
            uids[row] = UNKNOWN_NUMBER
    return holder_sets, bytes(ownerships), uids


def _indexes_of(column: array[int], value: int) -> Iterator[int]:
    """Indexes of a value in a column, ascending."""
    index = -1
    for _ in range(column.count(value)):
        index = column.index(value, index + 1)
        yield index


class AddressNumbers(dict[int | bytes, int]):
    """Numbers addresses in the order of their first use."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Address | None] = [None]
        self._with_zone: dict[tuple[int, int], int] = {}

    def __missing__(self, value: int | bytes) -> int:
        number = self[value] = len(self.addresses)
        packed = value if isinstance(value, bytes) else value.to_bytes(4, "big")
        self.addresses.append(Address.of_packed(packed))
        return number

    def with_zone(self, number: int, device: int) -> int:
        """The number of the same address on an interface, given by its index."""
        key = (number, device)
        if key not in self._with_zone:
            address = self.addresses[number]
            assert address is not None
            self._with_zone[key] = len(self.addresses)
            self.addresses.append(Address.of_packed(address.packed, device_name(device)))
        return self._with_zone[key]

    def of(self, values: list[bytes] | array[int]) -> array[int]:
        """The numbers of a column of addresses (IPv4 as numbers, IPv6 as bytes)."""
        return array("I", map(self.__getitem__, values))


def device_name(index: int) -> str:
    """The name of an interface; one that is gone has none, and is called "if7" as `ss` does."""
    try:
        return safe_text(socket.if_indextoname(index))
    except OSError:
        return f"if{index}"
