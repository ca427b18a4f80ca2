"""From netlink messages to columns, without a step of Python for each field of each socket.

struct inet_diag_msg (linux/inet_diag.h), in 32-bit words:
0 family, state, timer, retransmits · 1 the two ports, in network order · 2-5 local address ·
6-9 remote address · 10 interface · 11-12 cookie · 13 expires · 14 receive queue · 15 send queue ·
16 uid · 17 inode
"""

from __future__ import annotations

import socket
import struct
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from porttui.host.linux.diag_messages import ATTRIBUTE, BODY, HEADER, RECORD, SockDiagError
from porttui.model.address import Family

_FAMILIES: dict[int, Family] = {socket.AF_INET: Family.IPV4, socket.AF_INET6: Family.IPV6}
_SKV6ONLY, _CGROUP_ID = 11, 21
"""INET_DIAG_SKV6ONLY, an attribute of listening and idle IPv6 sockets, and INET_DIAG_CGROUP_ID, of
all that are open (Linux 5.8)."""
_NUMBER = struct.Struct("=Q")
_IS_SERVER = bytes(state in (7, 10) for state in range(256))
"""CLOSE and LISTEN, in the kernel's numbers: of these attributes are read, one by one."""
_HEADER_WORDS = HEADER.size // 4
_RECORD_WORDS = RECORD // 4
_NUMBERS = (0, 1, 13, 14, 15, 16, 17)
"""The words that are numbers in either family, in the order of the fields of `Records`."""
_ENDS = (2, 6)
"""The words with which the addresses begin."""


class Records(NamedTuple):
    """The sockets of one family, as columns."""

    heads: array[int]
    """The first word of each."""
    both_ports: array[int]
    """Local and remote port in one number, as they lie there."""
    expires_ms: array[int]
    """Of the timer that runs, whichever it is."""
    recv_queues: array[int]
    """idiag_rqueue."""
    send_queues: array[int]
    """idiag_wqueue."""
    uids: array[int]
    """0 where there is no inode."""
    inodes: array[int]
    """0 for a socket without one."""
    local_addresses: list[bytes] | array[int]
    """Of IPv4 as numbers in network order, of IPv6 the 16 bytes."""
    remote_addresses: list[bytes] | array[int]
    """As `local_addresses`."""
    v6only: Mapping[int, bool]
    """By row, for those that tell it."""
    cgroup_ids: Mapping[int, int]
    """By row, of sockets that listen or are bound: the control group that they were opened in."""

    @property
    def rows(self) -> int:
        """How many sockets."""
        return len(self.heads)

    @property
    def states(self) -> bytes:
        """The kernel's numbers."""
        return _states(self.heads)

    @property
    def local_ports(self) -> array[int]:
        """In this machine's order."""
        return self._ports(0)

    @property
    def remote_ports(self) -> array[int]:
        """In this machine's order."""
        return self._ports(1)

    def _ports(self, half: int) -> array[int]:
        ports = array("H", self.both_ports.tobytes())[half::2]
        if sys.byteorder == "little":
            ports.byteswap()
        return ports


class Gathering:
    """Takes the sockets of an answer as its messages come in."""

    def __init__(self) -> None:
        self._columns: dict[int, _Columns] = {}
        """By the kernel's number of the family."""

    def take(self, words: array[int], starts: Sequence[int]) -> None:
        """Add the sockets of some messages.

        Args:
            words: What holds the messages.
            starts: The word with which each begins; a range, if all have the same length.

        Raises:
            SockDiagError: a family is unknown, or the length of an attribute lies.
        """
        for number, own in _by_family(words, starts).items():
            columns = self._columns.get(number)
            if columns is None:
                columns = self._columns[number] = _Columns(number)
            columns.take(words, own)

    def records(self) -> dict[Family, Records]:
        """By family, IPv4 first; without one that has no socket. To be asked for once."""
        return {
            _FAMILIES[number]: columns.records()
            for number, columns in sorted(self._columns.items())
        }


class _Columns:
    """The sockets of one family, as they come in."""

    def __init__(self, family: int) -> None:
        if family not in _FAMILIES:
            raise SockDiagError(f"netlink sent a socket of the unknown family {family}")
        self._is_v6 = _FAMILIES[family] is Family.IPV6
        self._numbers = [array("I") for _ in _NUMBERS]
        self._v4_ends = array("I"), array("I")
        self._v6_ends: tuple[list[bytes], list[bytes]] = [], []
        self._v6only: dict[int, bool] = {}
        self._cgroup_ids: dict[int, int] = {}

    def take(self, words: array[int], starts: Sequence[int]) -> None:
        """Add the sockets of these messages, which are all of this family."""
        rows = len(self._numbers[0])
        if isinstance(starts, range):
            self._add(words, range(starts.start + _HEADER_WORDS, starts.stop, starts.step))
        else:
            packed = _packed(words, starts)
            self._add(packed, range(0, len(packed), _RECORD_WORDS))
        are_servers = _states(self._numbers[0][rows:]).translate(_IS_SERVER)
        for row in places_of_ones(are_servers):
            for kind, content in _attributes(words, starts[row]):
                if kind == _SKV6ONLY and content:
                    self._v6only[rows + row] = bool(content[0])
                elif kind == _CGROUP_ID and len(content) == _NUMBER.size:
                    self._cgroup_ids[rows + row] = _NUMBER.unpack(content)[0]

    def _add(self, words: array[int], firsts: range) -> None:
        """`firsts`: the words with which the structures begin."""
        first, stop, step = firsts.start, firsts.stop, firsts.step
        for column, word in zip(self._numbers, _NUMBERS, strict=True):
            column += words[first + word : stop : step]
        if self._is_v6:
            content = words[:stop].tobytes()
            for addresses, word in zip(self._v6_ends, _ENDS, strict=True):
                places = range((first + word) * 4, stop * 4, step * 4)
                addresses += [content[at : at + 16] for at in places]
        else:
            for column, word in zip(self._v4_ends, _ENDS, strict=True):
                column += words[first + word : stop : step]

    def records(self) -> Records:
        """All that was taken. To be asked for once."""
        if sys.byteorder == "little":
            # A dictionary of numbers whose low bits are all 127 is a slow one.
            for column in self._v4_ends:
                column.byteswap()
        heads, both_ports, expires_ms, recv_queues, send_queues, uids, inodes = self._numbers
        local_addresses, remote_addresses = self._v6_ends if self._is_v6 else self._v4_ends
        return Records(
            heads,
            both_ports,
            expires_ms,
            recv_queues,
            send_queues,
            uids,
            inodes,
            local_addresses,
            remote_addresses,
            self._v6only,
            self._cgroup_ids,
        )


def _by_family(words: array[int], starts: Sequence[int]) -> dict[int, Sequence[int]]:
    """The messages of each family, by its number."""
    if not starts:
        return {}
    if isinstance(starts, range):
        heads = words[starts.start + _HEADER_WORDS : starts.stop : starts.step]
    else:
        heads = array("I", [words[at + _HEADER_WORDS] for at in starts])
    families = heads.tobytes()[::4]
    if families.count(families[0]) == len(families):
        return {families[0]: starts}
    return {
        number: [at for at, family in zip(starts, families, strict=True) if family == number]
        for number in set(families)
    }


def _packed(words: array[int], starts: Sequence[int]) -> array[int]:
    """The structures in these messages, one behind the other."""
    content = words[: starts[-1] + BODY // 4].tobytes()
    return array("I", b"".join([content[at * 4 + HEADER.size : at * 4 + BODY] for at in starts]))


def _states(heads: array[int]) -> bytes:
    return heads.tobytes()[1::4]


def places_of_ones(flags: bytes) -> Iterator[int]:
    """Where a column of 0 and 1 has a 1, in order."""
    place = flags.find(1)
    while place >= 0:
        yield place
        place = flags.find(1, place + 1)


def _attributes(words: array[int], start: int) -> Iterator[tuple[int, bytes]]:
    """The kind and the content of each attribute of a message.

    Raises:
        SockDiagError: the length of one lies.
    """
    length = words[start]
    message = words[start : start + (length + 3) // 4].tobytes()[:length]
    at = BODY
    while at + ATTRIBUTE.size <= len(message):
        size, kind = ATTRIBUTE.unpack_from(message, at)
        if size < ATTRIBUTE.size or at + size > len(message):
            raise SockDiagError(f"netlink sent an attribute of the impossible length {size}")
        yield kind, message[at + ATTRIBUTE.size : at + size]
        at += (size + 3) & ~3
