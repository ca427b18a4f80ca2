"""Builds a SocketTable from a dump and its holders."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

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
from porttui.model.address import PORTS, Address, Family, Protocol
from porttui.model.snapshot import Problem
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    NO_ADDRESS,
    NO_HOLDERS,
    OWNERSHIP_CODES,
    UNKNOWN_NUMBER,
    SideTables,
    SocketTable,
)
from porttui.record import NamedTuple
from porttui.record import Protocol as Interface

_KNOWN = OWNERSHIP_CODES[Ownership.KNOWN]
_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]
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


class DumpPart(NamedTuple):
    """The sockets of one protocol and family."""

    protocol: Protocol
    family: Family
    columns: InetDiagColumns


class SockDiagReader:
    """Dumps sockets over netlink."""

    name = "sock_diag"

    def __init__(self) -> None:
        """Open the netlink socket.

        Raises:
            SockDiagError: it is refused.
        """
        self._diag = SockDiag()
        self._supports_tcp_dump = True

    def read(self, request: SocketRequest, ports: range = PORTS) -> SocketDump:
        parts: list[DumpPart] = []
        problems: list[Problem] = []
        states = LISTENING if request.is_listening else ALL_STATES
        tcp = _dump_parts(Protocol.TCP, self._dump_tcp(states, ports))
        for part, is_interrupted in (*tcp, *self._dump_udp(ports)):
            parts.append(part)
            if is_interrupted:
                table = f"sock_diag, {part.protocol} over {_FAMILY_NAMES[part.family]}"
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

    def _dump_udp(self, ports: range) -> Iterator[tuple[DumpPart, bool]]:
        """UDP has no LISTEN: its unconnected sockets are in the state CLOSE."""
        for family in Family:
            yield from _dump_parts(
                Protocol.UDP, [self._diag.dump(family, Protocol.UDP, ports=ports)]
            )


def _dump_parts(protocol: Protocol, dumps: list[InetDiagDump]) -> Iterator[tuple[DumpPart, bool]]:
    for dump in dumps:
        for family, columns in dump.columns.items():
            yield DumpPart(protocol, family, columns), dump.is_interrupted


class _InetDiagSocketDump(NamedTuple):
    parts: tuple[DumpPart, ...]
    problems: tuple[Problem, ...]

    def inodes(self) -> set[int]:
        return set[int]().union(*(part.columns.inodes for part in self.parts)) - {0}

    def build(self, holders: Holders | None) -> SocketTable:
        """TCP comes before UDP."""
        numbers = AddressNumbers()
        rows = [_table_columns(part, holders, numbers) for part in self.parts]
        return SocketTable(
            udp_start=sum(
                part.columns.rows for part in self.parts if part.protocol is Protocol.TCP
            ),
            states=b"".join(columns.states for columns in rows),
            local_addresses=_join_columns("I", [columns.local_addresses for columns in rows]),
            local_ports=_join_columns("H", [part.columns.local_ports for part in self.parts]),
            remote_addresses=_join_columns("I", [columns.remote_addresses for columns in rows]),
            remote_ports=_join_columns("H", [columns.remote_ports for columns in rows]),
            holder_sets=_join_columns("I", [columns.owners.holder_sets for columns in rows]),
            ownerships=b"".join(columns.owners.ownerships for columns in rows),
            uids=_join_columns("I", [columns.owners.uids for columns in rows]),
            inodes=_join_columns("I", [columns.inodes for columns in rows]),
            v6only=b"".join(columns.v6only for columns in rows),
            cgroup_ids=_join_columns("Q", [columns.cgroup_ids for columns in rows]),
            expires_ms=_join_columns("I", [part.columns.expires_ms for part in self.parts]),
            recv_queues=_join_columns("I", [part.columns.recv_queues for part in self.parts]),
            send_queues=_join_columns("I", [part.columns.send_queues for part in self.parts]),
            side=SideTables(
                tuple(numbers.addresses), holders.sets if holders else ((),), _users(rows)
            ),
        )


class _HolderColumns(NamedTuple):
    """Holders and owners of the sockets of a part."""

    holder_sets: array[int]
    ownerships: bytes
    uids: array[int]


class _TableColumns(NamedTuple):
    states: bytes
    local_addresses: array[int]
    remote_addresses: array[int]
    remote_ports: array[int]
    owners: _HolderColumns
    inodes: array[int]
    v6only: bytes
    cgroup_ids: array[int]


def _table_columns(
    part: DumpPart, holders: Holders | None, numbers: AddressNumbers
) -> _TableColumns:
    columns = part.columns
    states, inodes, remote_ports = columns.states, columns.inodes, columns.remote_ports
    return _TableColumns(
        states=states if part.protocol is Protocol.TCP else bytes(len(states)),
        local_addresses=numbers.of(columns.local_addresses),
        remote_addresses=_remote_addresses(part, remote_ports, states, numbers),
        remote_ports=remote_ports,
        owners=_holder_columns(part, holders),
        inodes=inodes,
        v6only=_v6only(columns, len(states)),
        cgroup_ids=_cgroup_ids(columns),
    )


def _remote_addresses(
    part: DumpPart, ports: array[int], states: bytes, numbers: AddressNumbers
) -> array[int]:
    """A remote port of 0 means no remote endpoint; only some states have none."""
    if not any(ports):
        return array("I", [NO_ADDRESS]) * len(ports)  # listeners alone
    addresses = numbers.of(part.columns.remote_addresses)
    for row in indexes_of_ones(states.translate(_MAY_HAVE_NO_REMOTE)):
        if not ports[row]:
            addresses[row] = NO_ADDRESS
    return addresses


def _holder_columns(part: DumpPart, holders: Holders | None) -> _HolderColumns:
    """Without an inode the kernel reports user 0 for every socket, so the user is unknown."""
    inodes, uids, rows = part.columns.inodes, part.columns.uids, part.columns.rows
    no_holders = array("I", [NO_HOLDERS]) * rows
    if inodes == no_holders:
        return _HolderColumns(
            no_holders, bytes([_KERNEL]) * rows, array("I", [UNKNOWN_NUMBER]) * rows
        )
    if holders is None:
        holder_sets, ownerships = no_holders, bytearray([_UNASKED]) * rows
        unheld_rows = list(_indexes_of(inodes, 0))
    else:
        holder_sets = holders.set_indexes(inodes)
        ownerships = bytearray([_KNOWN]) * rows
        unheld_rows = list(_indexes_of(holder_sets, NO_HOLDERS))
    uids = uids[:] if unheld_rows else uids
    for row in unheld_rows:
        ownerships[row] = _HIDDEN if inodes[row] else _KERNEL
        if not inodes[row]:
            uids[row] = UNKNOWN_NUMBER
    return _HolderColumns(holder_sets, bytes(ownerships), uids)


def _indexes_of(column: array[int], value: int) -> Iterator[int]:
    """Indexes of a value in a column, ascending."""
    if array("I", [value]).tobytes() not in column.tobytes():
        return  # the fast way: as a rule the value is absent
    index = -1
    for _ in range(column.count(value)):
        index = column.index(value, index + 1)
        yield index


def _v6only(columns: InetDiagColumns, rows: int) -> bytes:
    column = bytearray(rows)
    for row, is_v6only in columns.v6only.items():
        column[row] = 2 if is_v6only else 1
    return bytes(column)


def _cgroup_ids(columns: InetDiagColumns) -> array[int]:
    column = array("Q", bytes(8 * columns.rows))
    for row, cgroup_id in columns.cgroup_ids.items():
        column[row] = cgroup_id
    return column


def _users(rows: Sequence[_TableColumns]) -> Mapping[int, str]:
    uids = set[int]().union(*map(_distinct_values, (columns.owners.uids for columns in rows))) - {
        UNKNOWN_NUMBER
    }
    return {uid: user_name(uid) for uid in uids}


def _distinct_values(column: array[int]) -> set[int]:
    """The values of a column, which often has a single one."""
    first = column[:1]
    return set(first) if column == first * len(column) else set(column)


def _join_columns(code: str, columns: Sequence[array[int]]) -> array[int]:
    joined = array(code)
    for column in columns:
        joined += column
    return joined


class AddressNumbers(dict[int | bytes, int]):
    """Numbers addresses in the order of their first use."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Address | None] = [None]

    def __missing__(self, value: int | bytes) -> int:
        number = self[value] = len(self.addresses)
        self.addresses.append(_address(value))
        return number

    def of(self, values: list[bytes] | array[int]) -> array[int]:
        """The numbers of a column of addresses (IPv4 as numbers, IPv6 as bytes)."""
        return array("I", map(self.__getitem__, values))


@lru_cache(maxsize=8192)
def _address(value: int | bytes) -> Address:
    return Address.of_packed(value if isinstance(value, bytes) else value.to_bytes(4, "big"))
