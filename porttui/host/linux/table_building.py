"""Puts the kernel's records and the processes together into one table."""

from __future__ import annotations

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
    TIME_WAIT,
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


class _Numbers:
    """Gives each address its number."""

    def __init__(self) -> None:
        self.addresses: list[Address | None] = [None]
        self._numbers: dict[int | bytes, int] = {}

    def of(self, values: Sequence[int | bytes]) -> array[int]:
        """The numbers of a column of addresses; IPv4 ones as words, IPv6 ones as bytes."""
        numbers = self._numbers
        for value in set(values):
            if value not in numbers:
                numbers[value] = len(self.addresses)
                packed = value if isinstance(value, bytes) else value.to_bytes(4, sys.byteorder)
                self.addresses.append(Address.of_packed(packed))
        return array("I", list(map(numbers.__getitem__, values)))


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
        uids=_joined("q", [each.uids for each in columns]),
        inodes=_joined("Q", [each.inodes for each in columns]),
        v6only=b"".join(each.v6only for each in columns),
        expires_ms=_joined("i", [each.expires_ms for each in columns]),
        recv_queues=_joined("I", [part.records.recv_queues for part in parts]),
        send_queues=_joined("I", [part.records.send_queues for part in parts]),
        side=SideTables(tuple(numbers.addresses), holders.groups, _users(columns)),
    )


class _Columns(NamedTuple):
    states: bytes
    local_addresses: array[int]
    remote_addresses: array[int]
    groups: list[int]
    ownerships: bytes
    uids: list[int]
    inodes: list[int]
    v6only: bytes
    expires_ms: array[int]


def _columns(part: Part, holders: Holders, numbers: _Numbers) -> _Columns:
    records = part.records
    inodes = records.inodes
    groups = list(map(holders.group_of.get, inodes, repeat(NOBODY)))
    remote = numbers.of(records.remote_addresses(part.family))
    return _Columns(
        states=records.states if part.protocol is Protocol.TCP else bytes(records.rows),
        local_addresses=numbers.of(records.local_addresses(part.family)),
        remote_addresses=_where_connected(remote, records.remote_ports),
        groups=groups,
        ownerships=_ownerships(groups, inodes),
        uids=_uids(records.uids, inodes),
        inodes=inodes,
        v6only=_v6only(records),
        expires_ms=_expires(records, part.protocol),
    )


def _where_connected(addresses: array[int], ports: array[int]) -> array[int]:
    """A remote port of 0 is no remote end."""
    if 0 not in ports:
        return addresses
    pairs = zip(addresses, ports, strict=True)
    return array("I", [address if port else NOWHERE for address, port in pairs])


def _ownerships(groups: Sequence[int], inodes: Sequence[int]) -> bytes:
    if NOBODY not in groups:
        return bytes([_KNOWN]) * len(groups)
    pairs = zip(groups, inodes, strict=True)
    return bytes([_KNOWN if group else _HIDDEN if inode else _KERNEL for group, inode in pairs])


def _uids(uids: list[int], inodes: Sequence[int]) -> list[int]:
    """Without an inode the kernel says user 0 whoever made the socket: that is no fact."""
    if 0 not in inodes:
        return uids
    return [uid if inode else -1 for uid, inode in zip(uids, inodes, strict=True)]


def _v6only(records: Records) -> bytes:
    column = bytearray(records.rows)
    for row, told in records.v6only.items():
        column[row] = 2 if told else 1
    return bytes(column)


def _expires(records: Records, protocol: Protocol) -> array[int]:
    if protocol is Protocol.UDP or TIME_WAIT not in records.states:
        return array("i", [-1]) * records.rows
    pairs = zip(records.expires_ms, records.states, strict=True)
    return array("i", [left if state == TIME_WAIT else -1 for left, state in pairs])


def _users(columns: Sequence[_Columns]) -> Mapping[int, str]:
    uids = {uid for each in columns for uid in set(each.uids)}
    return {uid: user_name(uid) for uid in uids if uid >= 0}


def _joined(code: str, columns: Sequence[Sequence[int]]) -> array[int]:
    joined = array(code)
    for column in columns:
        if isinstance(column, array) and column.typecode == code:
            joined += column
        else:
            joined.extend(array(code, column))
    return joined
