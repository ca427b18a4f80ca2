"""Puts the kernel's records and the processes together into one table."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from porttui.host.accounts import user_name
from porttui.host.linux.address_numbers import AddressNumbers
from porttui.host.linux.diag_records import Records, places_of_ones
from porttui.host.linux.holder_groups import Holders
from porttui.model.address import Family, Protocol
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
_UNASKED = OWNERSHIP_CODES[Ownership.UNASKED]

_MAY_LACK_A_REMOTE_END = bytes(code in (7, 10, 13) for code in range(256))
"""CLOSE, LISTEN and bound and inactive, in the kernel's numbers."""


class Part(NamedTuple):
    """The sockets of one protocol and family."""

    protocol: Protocol
    family: Family
    records: Records


def build(parts: Sequence[Part], holders: Holders | None) -> SocketTable:
    """One table of all parts, which come with TCP before UDP; with None nobody was looked for."""
    numbers = AddressNumbers()
    columns = [_columns(part, holders, numbers) for part in parts]
    return SocketTable(
        udp_from=sum(part.records.rows for part in parts if part.protocol is Protocol.TCP),
        states=b"".join(each.states for each in columns),
        local_addresses=_joined("I", [each.local_addresses for each in columns]),
        local_ports=_joined("H", [part.records.local_ports for part in parts]),
        remote_addresses=_joined("I", [each.remote_addresses for each in columns]),
        remote_ports=_joined("H", [each.remote_ports for each in columns]),
        groups=_joined("I", [each.held.groups for each in columns]),
        ownerships=b"".join(each.held.ownerships for each in columns),
        uids=_joined("I", [each.held.uids for each in columns]),
        inodes=_joined("I", [each.inodes for each in columns]),
        v6only=b"".join(each.v6only for each in columns),
        cgroup_ids=_joined("Q", [each.cgroup_ids for each in columns]),
        expires_ms=_joined("I", [part.records.expires_ms for part in parts]),
        recv_queues=_joined("I", [part.records.recv_queues for part in parts]),
        send_queues=_joined("I", [part.records.send_queues for part in parts]),
        side=SideTables(
            tuple(numbers.addresses), holders.groups if holders else ((),), _users(columns)
        ),
    )


class _Held(NamedTuple):
    """Whose the sockets are."""

    groups: array[int]
    ownerships: bytes
    uids: array[int]


class _Columns(NamedTuple):
    states: bytes
    local_addresses: array[int]
    remote_addresses: array[int]
    remote_ports: array[int]
    held: _Held
    inodes: array[int]
    v6only: bytes
    cgroup_ids: array[int]


def _columns(part: Part, holders: Holders | None, numbers: AddressNumbers) -> _Columns:
    records = part.records
    states, inodes, remote_ports = records.states, records.inodes, records.remote_ports
    return _Columns(
        states=states if part.protocol is Protocol.TCP else bytes(len(states)),
        local_addresses=numbers.of(records.local_addresses),
        remote_addresses=_remote_addresses(part, remote_ports, states, numbers),
        remote_ports=remote_ports,
        held=_held(part, holders),
        inodes=inodes,
        v6only=_v6only(records, len(states)),
        cgroup_ids=_cgroup_ids(records),
    )


def _remote_addresses(
    part: Part, ports: array[int], states: bytes, numbers: AddressNumbers
) -> array[int]:
    """A remote port of 0 is no remote end; only some states are without one."""
    if not any(ports):
        return array("I", [NOWHERE]) * len(ports)  # listeners alone
    addresses = numbers.of(part.records.remote_addresses)
    for row in places_of_ones(states.translate(_MAY_LACK_A_REMOTE_END)):
        if not ports[row]:
            addresses[row] = NOWHERE
    return addresses


def _held(part: Part, holders: Holders | None) -> _Held:
    """Without an inode the kernel says user 0 whoever made the socket: that is no fact."""
    inodes, uids, rows = part.records.inodes, part.records.uids, part.records.rows
    nobody = array("I", [NOBODY]) * rows
    if inodes == nobody:
        return _Held(nobody, bytes([_KERNEL]) * rows, array("I", [UNTOLD]) * rows)
    if holders is None:
        groups, ownerships = nobody, bytearray([_UNASKED]) * rows
        unheld = list(_places(inodes, 0))
    else:
        groups = holders.groups_in(inodes)
        ownerships = bytearray([_KNOWN]) * rows
        unheld = list(_places(groups, NOBODY))
    uids = uids[:] if unheld else uids
    for row in unheld:
        ownerships[row] = _HIDDEN if inodes[row] else _KERNEL
        if not inodes[row]:
            uids[row] = UNTOLD
    return _Held(groups, bytes(ownerships), uids)


def _places(column: array[int], value: int) -> Iterator[int]:
    """Where a value stands in a column, in order."""
    if array("I", [value]).tobytes() not in column.tobytes():
        return  # nor anywhere between two others: as a rule it is nowhere
    place = -1
    for _ in range(column.count(value)):
        place = column.index(value, place + 1)
        yield place


def _v6only(records: Records, rows: int) -> bytes:
    column = bytearray(rows)
    for row, told in records.v6only.items():
        column[row] = 2 if told else 1
    return bytes(column)


def _cgroup_ids(records: Records) -> array[int]:
    column = array("Q", bytes(8 * records.rows))
    for row, told in records.cgroup_ids.items():
        column[row] = told
    return column


def _users(columns: Sequence[_Columns]) -> Mapping[int, str]:
    uids = set[int]().union(*map(_different, (each.held.uids for each in columns))) - {UNTOLD}
    return {uid: user_name(uid) for uid in uids}


def _different(column: array[int]) -> set[int]:
    """The values of a column, which often has a single one."""
    first = column[:1]
    return set(first) if column == first * len(column) else set(column)


def _joined(code: str, columns: Sequence[array[int]]) -> array[int]:
    joined = array(code)
    for column in columns:
        joined += column
    return joined
