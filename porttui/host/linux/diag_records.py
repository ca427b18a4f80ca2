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
from collections.abc import Collection
from typing import NamedTuple

from porttui.host.linux.sock_diag import BODY, HEADER, RECORD, Answer, SockDiagError, stride

_WORDS = RECORD // 4
_HALVES = RECORD // 2
_SKV6ONLY = 11
"""INET_DIAG_SKV6ONLY, an attribute of listening and idle IPv6 sockets."""
_LISTEN, _CLOSE = 10, 7
_ATTRIBUTE = struct.Struct("=HH")
"""struct rtattr: length, type."""


class Records(NamedTuple):
    """The sockets of one answer, one RECORD after the other."""

    packed: bytes
    v6only: dict[int, bool]
    """By row, for those that tell it."""

    @property
    def rows(self) -> int:
        """How many sockets."""
        return len(self.packed) // RECORD

    @property
    def inodes(self) -> list[int]:
        """0 for a socket without one."""
        return self._words(17)

    @property
    def states(self) -> bytes:
        """The kernel's numbers."""
        return self.packed[1::RECORD]

    @property
    def local_ports(self) -> array[int]:
        """In this machine's order."""
        return self._ports(2)

    @property
    def remote_ports(self) -> array[int]:
        """In this machine's order."""
        return self._ports(3)

    @property
    def uids(self) -> list[int]:
        """0 where there is no inode."""
        return self._words(16)

    @property
    def expires_ms(self) -> list[int]:
        """Of the timer that runs, whichever it is."""
        return self._words(13)

    @property
    def recv_queues(self) -> list[int]:
        """idiag_rqueue."""
        return self._words(14)

    @property
    def send_queues(self) -> list[int]:
        """idiag_wqueue."""
        return self._words(15)

    def local_addresses(self, family: socket.AddressFamily) -> list[bytes] | list[int]:
        """Of IPv4 the words as this machine reads them, of IPv6 the 16 bytes."""
        return self._addresses(family, 2)

    def remote_addresses(self, family: socket.AddressFamily) -> list[bytes] | list[int]:
        """As `local_addresses`."""
        return self._addresses(family, 6)

    def without(self, inodes: Collection[int]) -> Records:
        """Without the sockets that have these inodes."""
        kept = [row for row, inode in enumerate(self.inodes) if inode not in inodes]
        packed = b"".join(self.packed[row * RECORD : (row + 1) * RECORD] for row in kept)
        v6only = {now: self.v6only[row] for now, row in enumerate(kept) if row in self.v6only}
        return Records(packed, v6only)

    def _words(self, word: int) -> list[int]:
        return memoryview(self.packed).cast("I")[word::_WORDS].tolist()

    def _ports(self, half: int) -> array[int]:
        ports = array("H", memoryview(self.packed).cast("H")[half::_HALVES].tolist())
        if sys.byteorder == "little":
            ports.byteswap()
        return ports

    def _addresses(self, family: socket.AddressFamily, word: int) -> list[bytes] | list[int]:
        if family == socket.AF_INET:
            return self._words(word)
        packed = self.packed
        return [packed[at : at + 16] for at in range(word * 4, len(packed), RECORD)]


def records(answer: Answer) -> Records:
    """The records of an answer, cut out of its messages.

    Raises:
        SockDiagError: the length of an attribute lies.
    """
    parts: list[bytes] = []
    v6only: dict[int, bool] = {}
    for chunk in answer.chunks:
        length = stride(chunk)
        starts = range(0, len(chunk), length) if length else _starts(chunk)
        first = len(parts)
        parts += [chunk[at + HEADER.size : at + BODY] for at in starts]
        if chunk[HEADER.size] == socket.AF_INET6:
            for row, at in enumerate(starts, first):
                if chunk[at + HEADER.size + 1] in (_LISTEN, _CLOSE):
                    told = _v6only(chunk, at)
                    if told is not None:
                        v6only[row] = told
    return Records(b"".join(parts), v6only)


def _starts(chunk: bytes) -> list[int]:
    starts, at = [], 0
    while at < len(chunk):
        starts.append(at)
        at += (HEADER.unpack_from(chunk, at)[0] + 3) & ~3
    return starts


def _v6only(chunk: bytes, start: int) -> bool | None:
    end = start + int(HEADER.unpack_from(chunk, start)[0])
    at = start + BODY
    while at + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(chunk, at)
        if length < _ATTRIBUTE.size or at + length > end:
            raise SockDiagError(f"netlink sent an attribute of the impossible length {length}")
        if kind == _SKV6ONLY and length > _ATTRIBUTE.size:
            return bool(chunk[at + _ATTRIBUTE.size])
        at += (length + 3) & ~3
    return None
