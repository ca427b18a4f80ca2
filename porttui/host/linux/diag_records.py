"""From netlink messages to columns, without a step of Python for each field of each socket.

struct inet_diag_msg (linux/inet_diag.h), in 32-bit words:
0 family, state, timer, retransmits · 1 the two ports, in network order · 2-5 local address ·
6-9 remote address · 10 interface · 11-12 cookie · 13 expires · 14 receive queue · 15 send queue ·
16 uid · 17 inode
"""

from __future__ import annotations

import _socket
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence

from porttui.host.linux.sock_diag import BODY, HEADER, RECORD, Answer, SockDiagError
from porttui.light_typing import NamedTuple
from porttui.model.address import Family

_FAMILIES = {_socket.AF_INET: Family.IPV4, _socket.AF_INET6: Family.IPV6}
_SKV6ONLY = 11
"""INET_DIAG_SKV6ONLY, an attribute of listening and idle IPv6 sockets."""
_LISTEN, _CLOSE = 10, 7
_ATTRIBUTE = struct.Struct("=HH")
"""struct rtattr: length, type."""
_HEADER_WORDS = HEADER.size // 4
_RECORD_WORDS = RECORD // 4
_STATE_SHIFT = 8 if sys.byteorder == "little" else 16
"""To the second byte of a word."""


class Records(NamedTuple):
    """Sockets of one family, at equal distances."""

    words: array[int]
    first: int
    """The word with which the first one begins."""
    step: int
    """From one to the next, in words."""
    v6only: Mapping[int, bool]
    """By row, for those that tell it."""

    @property
    def rows(self) -> int:
        """How many sockets."""
        return len(range(self.first, len(self.words), self.step))

    @property
    def inodes(self) -> array[int]:
        """0 for a socket without one."""
        return self._column(17)

    @property
    def states(self) -> bytes:
        """The kernel's numbers."""
        return self._column(0).tobytes()[1::4]

    @property
    def local_ports(self) -> array[int]:
        """In this machine's order."""
        return self._ports(0)

    @property
    def remote_ports(self) -> array[int]:
        """In this machine's order."""
        return self._ports(1)

    @property
    def uids(self) -> array[int]:
        """0 where there is no inode."""
        return self._column(16)

    @property
    def expires_ms(self) -> array[int]:
        """Of the timer that runs, whichever it is."""
        return self._column(13)

    @property
    def recv_queues(self) -> array[int]:
        """idiag_rqueue."""
        return self._column(14)

    @property
    def send_queues(self) -> array[int]:
        """idiag_wqueue."""
        return self._column(15)

    @property
    def both_ports(self) -> array[int]:
        """Local and remote port in one number, as they lie there."""
        return self._column(1)

    def local_addresses(self, family: Family) -> list[bytes] | array[int]:
        """Of IPv4 as numbers in network order, of IPv6 the 16 bytes."""
        return self._addresses(family, 2)

    def remote_addresses(self, family: Family) -> list[bytes] | array[int]:
        """As `local_addresses`."""
        return self._addresses(family, 6)

    def ends(self, row: int) -> bytes:
        """Ports and addresses of both ends, as they lie there."""
        first = self.first + row * self.step
        return self.words[first + 1 : first + 10].tobytes()

    def only(self, rows: Sequence[int]) -> Records:
        """These rows, in their order."""
        firsts = range(self.first, len(self.words), self.step)
        v6only = {now: self.v6only[row] for now, row in enumerate(rows) if row in self.v6only}
        return _packed(self.words.tobytes(), [firsts[row] for row in rows], v6only)

    def _column(self, word: int) -> array[int]:
        return self.words[self.first + word :: self.step]

    def _ports(self, half: int) -> array[int]:
        ports = array("H", self._column(1).tobytes())[half::2]
        if sys.byteorder == "little":
            ports.byteswap()
        return ports

    def _addresses(self, family: Family, word: int) -> list[bytes] | array[int]:
        if family is Family.IPV4:
            addresses = self._column(word)
            if sys.byteorder == "little":
                # A dictionary of numbers whose low bits are all 127 is a slow one.
                addresses.byteswap()
            return addresses
        content = self.words.tobytes()
        firsts = range((self.first + word) * 4, len(content), self.step * 4)
        return [content[at : at + 16] for at in firsts]


def records(answer: Answer) -> dict[Family, Records]:
    """The sockets of an answer by their family.

    Raises:
        SockDiagError: a family is unknown, or the length of an attribute lies.
    """
    words, starts = answer.words, answer.starts
    if not starts:
        return {}
    families: set[int] = set()
    if isinstance(starts, range):
        heads = words[starts[0] + _HEADER_WORDS :: starts.step].tobytes()[0::4]
        families = {heads[0]} if heads.count(heads[0]) == len(heads) else set(heads)
    content = b""
    if len(families) != 1:
        # Of several families, or lengths: each record is cut out by itself.
        content = words.tobytes()
        families = {content[at * 4 + HEADER.size] for at in starts}
    found: dict[Family, Records] = {}
    for number in sorted(families):
        family = _FAMILIES.get(number)
        if family is None:
            raise SockDiagError(f"netlink sent a socket of the unknown family {number}")
        own: Sequence[int] = starts
        if content:
            own = [at for at in starts if content[at * 4 + HEADER.size] == number]
        v6only = _v6only(words, own) if family is Family.IPV6 else {}
        if isinstance(own, range):
            found[family] = Records(words, own.start + _HEADER_WORDS, own.step, v6only)
        else:
            found[family] = _packed(content, [at + _HEADER_WORDS for at in own], v6only)
    return found


def _packed(content: bytes, firsts: Sequence[int], v6only: Mapping[int, bool]) -> Records:
    """Records that begin with these words, one behind the other."""
    every = b"".join([content[at * 4 : at * 4 + RECORD] for at in firsts])
    return Records(array("I", every), 0, _RECORD_WORDS, v6only)


def _v6only(words: array[int], starts: Sequence[int]) -> dict[int, bool]:
    found: dict[int, bool] = {}
    for row, start in enumerate(starts):
        if words[start + _HEADER_WORDS] >> _STATE_SHIFT & 0xFF in (_LISTEN, _CLOSE):
            length = words[start]
            told = _v6only_of(words[start : start + (length + 3) // 4].tobytes()[:length])
            if told is not None:
                found[row] = told
    return found


def _v6only_of(message: bytes) -> bool | None:
    at = BODY
    while at + _ATTRIBUTE.size <= len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, at)
        if length < _ATTRIBUTE.size or at + length > len(message):
            raise SockDiagError(f"netlink sent an attribute of the impossible length {length}")
        if kind == _SKV6ONLY and length > _ATTRIBUTE.size:
            return bool(message[at + _ATTRIBUTE.size])
        at += (length + 3) & ~3
    return None
