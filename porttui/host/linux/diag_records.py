"""From netlink messages to columns, without a step of Python for each field of each socket.

struct inet_diag_msg (linux/inet_diag.h), in 32-bit words:
0 family, state, timer, retransmits · 1 the two ports, in network order · 2-5 local address ·
6-9 remote address · 10 interface · 11-12 cookie · 13 expires · 14 receive queue · 15 send queue ·
16 uid · 17 inode
"""

import socket
import struct
import sys
from array import array
from collections.abc import Collection
from typing import NamedTuple

from porttui.host.linux.sock_diag import BODY, HEADER, RECORD, Answer, Chunk, SockDiagError

_SKV6ONLY = 11
"""INET_DIAG_SKV6ONLY, an attribute of listening and idle IPv6 sockets."""
_LISTEN, _CLOSE = 10, 7
_ATTRIBUTE = struct.Struct("=HH")
"""struct rtattr: length, type."""


class Block(NamedTuple):
    """Records at equal distances."""

    data: bytes
    first: int
    """Where the first one begins."""
    step: int
    """From one to the next, in bytes; a multiple of 4."""

    def bytes_at(self, offset: int) -> bytes:
        """That byte of every record."""
        return self.data[self.first + offset :: self.step]

    def words_at(self, word: int) -> bytes:
        """That 32-bit word of every record."""
        words = memoryview(self.data).cast("I")
        return words[self.first // 4 + word :: self.step // 4].tobytes()

    def halves_at(self, half: int) -> bytes:
        """That 16-bit half word of every record."""
        halves = memoryview(self.data).cast("H")
        return halves[self.first // 2 + half :: self.step // 2].tobytes()

    def slices_at(self, offset: int, size: int) -> list[bytes]:
        """So many bytes of every record."""
        starts = range(self.first + offset, len(self.data), self.step)
        return [self.data[at : at + size] for at in starts]


class Records(NamedTuple):
    """The sockets of one answer."""

    blocks: tuple[Block, ...]
    v6only: dict[int, bool]
    """By row, for those that tell it."""

    @property
    def rows(self) -> int:
        """How many sockets."""
        return len(self.states)

    @property
    def inodes(self) -> "array[int]":
        """0 for a socket without one."""
        return self._words(17)

    @property
    def states(self) -> bytes:
        """The kernel's numbers."""
        return b"".join([block.bytes_at(1) for block in self.blocks])

    @property
    def local_ports(self) -> "array[int]":
        """In this machine's order."""
        return self._ports(2)

    @property
    def remote_ports(self) -> "array[int]":
        """In this machine's order."""
        return self._ports(3)

    @property
    def uids(self) -> "array[int]":
        """0 where there is no inode."""
        return self._words(16)

    @property
    def expires_ms(self) -> "array[int]":
        """Of the timer that runs, whichever it is."""
        return self._words(13)

    @property
    def recv_queues(self) -> "array[int]":
        """idiag_rqueue."""
        return self._words(14)

    @property
    def send_queues(self) -> "array[int]":
        """idiag_wqueue."""
        return self._words(15)

    def local_addresses(self, family: socket.AddressFamily) -> "list[bytes] | array[int]":
        """Of IPv4 the words as this machine reads them, of IPv6 the 16 bytes."""
        return self._addresses(family, 2)

    def remote_addresses(self, family: socket.AddressFamily) -> "list[bytes] | array[int]":
        """As `local_addresses`."""
        return self._addresses(family, 6)

    def without(self, inodes: Collection[int]) -> "Records":
        """Without the sockets that have these inodes."""
        every = [record for block in self.blocks for record in block.slices_at(0, RECORD)]
        kept = [row for row, inode in enumerate(self.inodes) if inode not in inodes]
        v6only = {now: self.v6only[row] for now, row in enumerate(kept) if row in self.v6only}
        return Records((_packed([every[row] for row in kept]),), v6only)

    def _words(self, word: int) -> "array[int]":
        return array("I", b"".join([block.words_at(word) for block in self.blocks]))

    def _ports(self, half: int) -> "array[int]":
        ports = array("H", b"".join([block.halves_at(half) for block in self.blocks]))
        if sys.byteorder == "little":
            ports.byteswap()
        return ports

    def _addresses(self, family: socket.AddressFamily, word: int) -> "list[bytes] | array[int]":
        if family == socket.AF_INET:
            return self._words(word)
        return [each for block in self.blocks for each in block.slices_at(word * 4, 16)]


def records(answer: Answer) -> Records:
    """The records of an answer, as they lie in its messages.

    Raises:
        SockDiagError: the length of an attribute lies.
    """
    v6only: dict[int, bool] = {}
    first = 0
    for chunk in answer.chunks:
        if chunk.data[HEADER.size] == socket.AF_INET6:
            for row, at in enumerate(chunk.starts, first):
                if chunk.data[at + HEADER.size + 1] in (_LISTEN, _CLOSE):
                    told = _v6only(chunk.data, at)
                    if told is not None:
                        v6only[row] = told
        first += len(chunk.starts)
    return Records(tuple(_block(chunk) for chunk in answer.chunks), v6only)


def _block(chunk: Chunk) -> Block:
    data, starts = chunk
    if isinstance(starts, range):
        return Block(data, HEADER.size, starts.step)
    return _packed([data[at + HEADER.size : at + BODY] for at in starts])


def _packed(every: list[bytes]) -> Block:
    return Block(b"".join(every), 0, RECORD)


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
