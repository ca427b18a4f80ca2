"""Puts the kernel's records and the processes together into one table."""

import socket
import sys
from array import array
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from porttui.host.accounts import user_name
from porttui.host.linux.diag_records import Records
from porttui.host.linux.holder_cache import Holders
from porttui.model.address import Address, Protocol
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    NOBODY,
    NOWHERE,
    OWNERSHIP_CODES,
    UNTOLD,
    SideTables,
    SocketTable,
)

_KNOWN = OWNERSHIP_CODES[Ownership.KNOWN]
_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]
_KERNEL = OWNERSHIP_CODES[Ownership.KERNEL]


class Part(NamedTuple):
    """The sockets of one protocol and family."""

    protocol: Protocol
    family: socket.AddressFamily
    records: Records


class _Numbers(dict[int | bytes, int]):
    """Gives each address its number when it is first asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Address | None] = [None]

    def __missing__(self, value: int | bytes) -> int:
        number = self[value] = len(self.addresses)
        packed = value if isinstance(value, bytes) else value.to_bytes(4, sys.byteorder)
        self.addresses.append(Address.of_packed(packed))
        return number

    def of(self, values: "list[bytes] | array[int]") -> "array[int]":
        """The numbers of a column of addresses; IPv4 ones as words, IPv6 ones as bytes."""
        return array("I", list(map(self.__getitem__, values)))


def build(parts: Sequence[Part], holders: Holders) -> SocketTable:
    """One table of all parts, which come with TCP before UDP."""
    numbers = _Numbers()
    columns = [_columns(part, holders, numbers) for part in parts]
    return SocketTable(
        udp_from=sum(part.records.rows for part in parts if part.protocol is Protocol.TCP),
        states=b"".join(each.states for each in columns),
        local_addresses=_joined("I", [each.local_addresses for each in columns]),
        local_ports=_joined("H", [part.records.local_ports for part in parts]),
        remote_addresses=_joined("I", [each.remote_addresses for each in columns]),
        remote_ports=_joined("H", [part.records.remote_ports for part in parts]),
        groups=_joined("I", [each.groups for each in columns]),
        ownerships=b"".join(each.ownerships for each in columns),
        uids=_joined("I", [each.uids for each in columns]),
        inodes=_joined("I", [each.inodes for each in columns]),
        v6only=b"".join(each.v6only for each in columns),
        expires_ms=_joined("I", [part.records.expires_ms for part in parts]),
        recv_queues=_joined("I", [part.records.recv_queues for part in parts]),
        send_queues=_joined("I", [part.records.send_queues for part in parts]),
        side=SideTables(tuple(numbers.addresses), holders.groups, _users(columns)),
    )


class _Columns(NamedTuple):
    states: bytes
    local_addresses: Sequence[int]
    remote_addresses: Sequence[int]
    groups: Sequence[int]
    ownerships: bytes
    uids: Sequence[int]
    inodes: Sequence[int]
    v6only: bytes


def _columns(part: Part, holders: Holders, numbers: _Numbers) -> _Columns:
    records = part.records
    inodes = records.inodes
    listed = inodes.tolist()
    groups = list(map(holders.group_of.get, listed, repeat(NOBODY)))
    remote = numbers.of(records.remote_addresses(part.family))
    states = records.states
    return _Columns(
        states=states if part.protocol is Protocol.TCP else bytes(len(states)),
        local_addresses=numbers.of(records.local_addresses(part.family)),
        remote_addresses=_where_connected(remote, records.remote_ports),
        groups=groups,
        ownerships=_ownerships(groups, listed),
        uids=_uids(records.uids, listed),
        inodes=inodes,
        v6only=_v6only(records, len(states)),
    )


def _where_connected(addresses: "array[int]", ports: "array[int]") -> "array[int]":
    """A remote port of 0 is no remote end."""
    if 0 in ports:
        for row, port in enumerate(ports):
            if not port:
                addresses[row] = NOWHERE
    return addresses


def _ownerships(groups: Sequence[int], inodes: Sequence[int]) -> bytes:
    if NOBODY not in groups:
        return bytes([_KNOWN]) * len(groups)
    pairs = zip(groups, inodes, strict=True)
    return bytes([_KNOWN if group else _HIDDEN if inode else _KERNEL for group, inode in pairs])


def _uids(uids: "array[int]", inodes: Sequence[int]) -> "array[int]":
    """Without an inode the kernel says user 0 whoever made the socket: that is no fact."""
    if 0 in inodes:
        for row, inode in enumerate(inodes):
            if not inode:
                uids[row] = UNTOLD
    return uids


def _v6only(records: Records, rows: int) -> bytes:
    column = bytearray(rows)
    for row, told in records.v6only.items():
        column[row] = 2 if told else 1
    return bytes(column)


def _users(columns: Sequence[_Columns]) -> Mapping[int, str]:
    uids = set[int]().union(*(each.uids for each in columns)) - {UNTOLD}
    return {uid: user_name(uid) for uid in uids}


def _joined(code: str, columns: Sequence[Sequence[int]]) -> "array[int]":
    joined = array(code)
    for column in columns:
        if isinstance(column, array) and column.typecode == code:
            joined += column
        else:
            joined.extend(array(code, column))
    return joined
