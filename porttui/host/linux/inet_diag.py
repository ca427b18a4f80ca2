"""Dumps sockets over NETLINK_SOCK_DIAG (sock_diag(7)) into columns.

It is the kernel's own list, and the only one with bound-inactive sockets (since Linux 6.8;
net/ipv4/inet_diag.c, TCPF_BOUND_INACTIVE), IPV6_V6ONLY and the queues.
Structures: linux/inet_diag.h, linux/rtnetlink.h.

struct inet_diag_msg, in 32-bit words:
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

from porttui.host.linux.netlink import (
    ATTRIBUTE,
    HEADER,
    INET_DIAG_MSG_BYTES,
    MIN_MESSAGE_BYTES,
    SockDiagError,
    scan_headers,
)
from porttui.model.address import PORTS, Family, Protocol
from porttui.record import NamedTuple

ALL_STATES = 0xFFFFFFFF
"""With bit 13, bound-inactive, which kernels before 6.8 ignore."""
LISTENING = 1 << 10
"""TCP_LISTEN alone: its dump is fast with any number of other sockets."""

_NETLINK_SOCK_DIAG = 4
_TCPDIAG_GETSOCK, _SOCK_DIAG_BY_FAMILY = 18, 20
"""TCPDIAG_GETSOCK, the older request, and SOCK_DIAG_BY_FAMILY."""
_REQUEST_DUMP = 0x301

_INET_DIAG_REQ_V2 = struct.Struct("=BBBBI48s")
"""struct inet_diag_req_v2; an empty inet_diag_sockid matches every socket."""
_INET_DIAG_REQ = struct.Struct("=BBBB48sII")
"""struct inet_diag_req."""
_INET_DIAG_REQ_BYTECODE = 1
"""INET_DIAG_REQ_BYTECODE."""
_INET_DIAG_BC_OP = struct.Struct("=BBH")
"""struct inet_diag_bc_op."""
_BC_SOURCE_GE, _BC_SOURCE_LE = 2, 3
"""INET_DIAG_BC_S_GE and INET_DIAG_BC_S_LE, of ports."""

_FAMILY_NUMBERS = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_FAMILIES = {int(number): family for family, number in _FAMILY_NUMBERS.items()}
_PROTOCOLS = {Protocol.TCP: socket.IPPROTO_TCP, Protocol.UDP: socket.IPPROTO_UDP}
_MSG_TRUNC = 0x20
"""recv(2), on every architecture."""

_BUFFER_BYTES = 1 << 18
_TIMEOUT_S = 5.0
_ATTEMPTS = 4

_INET_DIAG_SKV6ONLY, _INET_DIAG_CGROUP_ID = 11, 21
"""INET_DIAG_SKV6ONLY, of listening and idle IPv6 sockets, and INET_DIAG_CGROUP_ID, of all open ones
(Linux 5.8)."""
_UINT64 = struct.Struct("=Q")
_IS_CLOSE_OR_LISTEN = bytes(state in (7, 10) for state in range(256))
"""CLOSE and LISTEN, in the kernel's numbers: only their attributes are read, one by one."""
_HEADER_WORDS = HEADER.size // 4
_MESSAGE_WORDS = INET_DIAG_MSG_BYTES // 4


class InetDiagDump(NamedTuple):
    """One dump of the kernel's table."""

    columns: Mapping[Family, InetDiagColumns]
    """By family, IPv4 first; without families that have no socket."""
    is_interrupted: bool
    """The table changed during every attempt: sockets may be missing."""


class SockDiag:
    """One netlink socket, open between samples. For one thread only."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            SockDiagError: the system has no sock_diag, or a sandbox forbids it.
        """
        self._sequence = 0
        self._words = array("I", bytes(_BUFFER_BYTES))
        """Buffer for one part of a dump."""
        self._buffer = memoryview(self._words).cast("B")
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
            )
        except (OSError, AttributeError) as error:
            raise SockDiagError(f"netlink sock_diag is not permitted: {error}") from error
        self._socket.settimeout(_TIMEOUT_S)

    def __del__(self) -> None:
        """Close the socket: sources have no `close`."""
        if hasattr(self, "_socket"):
            self._socket.close()

    def dump(
        self,
        family: Family,
        protocol: Protocol,
        states: int = ALL_STATES,
        ports: range = PORTS,
    ) -> InetDiagDump:
        """The sockets of a family and protocol in `states`, a mask of 1 << state, with one of
        these local ports.

        A dump that a change of the table interrupted is repeated, a few times.

        Raises:
            SockDiagError: the kernel refused, or its answer is invalid.
        """
        numbers = (_FAMILY_NUMBERS[family], _PROTOCOLS[protocol])
        request = _INET_DIAG_REQ_V2.pack(*numbers, 0, 0, states, bytes(48))
        return self._dump_with_retries(_SOCK_DIAG_BY_FAMILY, request + _port_filter(ports))

    def dump_tcp(self, states: int = ALL_STATES, ports: range = PORTS) -> InetDiagDump:
        """As `dump`, for the TCP sockets of both families: the kernel walks its tables once.

        A walk takes a quarter of the time of a dump with 76,000 sockets, even if it finds none of
        the family.

        Raises:
            SockDiagError: as `dump`; a sandbox may permit `dump` alone.
        """
        request = _INET_DIAG_REQ.pack(0, 0, 0, 0, bytes(48), states, 0)
        return self._dump_with_retries(_TCPDIAG_GETSOCK, request + _port_filter(ports))

    def _dump_with_retries(self, kind: int, request: bytes) -> InetDiagDump:
        for _ in range(_ATTEMPTS):
            dump = self._request_dump(kind, request)
            if not dump.is_interrupted:
                break
        return dump

    def _request_dump(self, kind: int, request: bytes) -> InetDiagDump:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        size = HEADER.size + len(request)
        header = HEADER.pack(size, kind, _REQUEST_DUMP, self._sequence, 0)
        try:
            self._socket.send(header + request)
            return self._receive(kind)
        except TimeoutError as error:
            raise SockDiagError("netlink sock_diag timed out") from error
        except OSError as error:
            raise SockDiagError(f"netlink sock_diag failed: {error}") from error

    def _receive(self, kind: int) -> InetDiagDump:
        """Build the columns part by part, while each part is in the processor's cache: that takes
        two thirds of the time of building them at the end."""
        columns: dict[Family, InetDiagColumns] = {}
        is_interrupted = False
        while True:
            size, _, flags, _ = self._socket.recvmsg_into([self._buffer])
            if flags & _MSG_TRUNC:
                raise SockDiagError("netlink sent more than fits into the buffer")
            if size % 4:
                raise SockDiagError("netlink sent a message cut short")
            scan = scan_headers(self._words, size // 4, kind, self._sequence)
            for family, starts in _by_family(self._words, scan.starts).items():
                columns.setdefault(family, InetDiagColumns(family)).add(self._words, starts)
            is_interrupted |= scan.is_interrupted
            if scan.is_last:
                return InetDiagDump(dict(sorted(columns.items())), is_interrupted)


def _port_filter(ports: range) -> bytes:
    """The attribute that makes the kernel leave out other local ports.

    INET_DIAG_REQ_BYTECODE holds a program of struct inet_diag_bc_op: an operator, the bytes to jump
    if it is true and if it is false, then its operand. A socket whose jump passes the end is left
    out (net/ipv4/inet_diag.c, inet_diag_bc_run).
    """
    if ports == PORTS:
        return b""
    at_least = _INET_DIAG_BC_OP.pack(_BC_SOURCE_GE, 8, 20) + _INET_DIAG_BC_OP.pack(0, 0, ports[0])
    at_most = _INET_DIAG_BC_OP.pack(_BC_SOURCE_LE, 8, 12) + _INET_DIAG_BC_OP.pack(0, 0, ports[-1])
    program = at_least + at_most
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(program), _INET_DIAG_REQ_BYTECODE) + program


class InetDiagColumns:
    """The sockets of one family, as columns."""

    def __init__(self, family: Family) -> None:
        """Without rows; `add` adds them."""
        self.first_words = array("I")
        """The first word of each socket."""
        self.port_pairs = array("I")
        """Local and remote port in one number, in network order."""
        self.devices = array("I")
        """idiag_if: the index of the interface that it is bound to; 0 for any."""
        self.expires_ms = array("I")
        """Of the running timer, whichever it is."""
        self.recv_queues = array("I")
        """idiag_rqueue."""
        self.send_queues = array("I")
        """idiag_wqueue."""
        self.uids = array("I")
        """0 without an inode."""
        self.inodes = array("I")
        """0 for a socket without one."""
        is_v6 = family is Family.IPV6
        self.local_addresses: list[bytes] | array[int] = [] if is_v6 else array("I")
        """IPv4 as numbers, IPv6 as 16 bytes."""
        self.remote_addresses: list[bytes] | array[int] = [] if is_v6 else array("I")
        """As `local_addresses`."""
        self.v6only: dict[int, bool] = {}
        """By row, for sockets that have the attribute."""
        self.cgroup_ids: dict[int, int] = {}
        """By row of listening or bound sockets the control group that opened them."""

    @property
    def rows(self) -> int:
        """Number of sockets."""
        return len(self.first_words)

    @property
    def states(self) -> bytes:
        """In the kernel's numbers."""
        return _states(self.first_words)

    @property
    def local_ports(self) -> array[int]:
        """In this machine's byte order."""
        return self._ports(0)

    @property
    def remote_ports(self) -> array[int]:
        """In this machine's byte order."""
        return self._ports(1)

    def _ports(self, half: int) -> array[int]:
        ports = array("H", self.port_pairs.tobytes())[half::2]
        if sys.byteorder == "little":
            ports.byteswap()
        return ports

    def add(self, words: array[int], starts: Sequence[int]) -> None:
        """Add the sockets of these messages; all are of this family.

        Args:
            words: The buffer with the messages.
            starts: Offset in words of each message; a range if all have one length.

        Raises:
            SockDiagError: an attribute has an invalid length.
        """
        rows = self.rows
        if isinstance(starts, range):
            self._add(words, range(starts.start + _HEADER_WORDS, starts.stop, starts.step))
        else:
            packed = _pack_messages(words, starts)
            self._add(packed, range(0, len(packed), _MESSAGE_WORDS))
        close_or_listen = _states(self.first_words[rows:]).translate(_IS_CLOSE_OR_LISTEN)
        for row in indexes_of_ones(close_or_listen):
            for kind, content in _attributes(words, starts[row]):
                if kind == _INET_DIAG_SKV6ONLY and content:
                    self.v6only[rows + row] = bool(content[0])
                elif kind == _INET_DIAG_CGROUP_ID and len(content) == _UINT64.size:
                    self.cgroup_ids[rows + row] = _UINT64.unpack(content)[0]

    def _add(self, words: array[int], structure_starts: range) -> None:
        """`structure_starts`: offset in words of each struct inet_diag_msg."""
        first, stop, step = structure_starts.start, structure_starts.stop, structure_starts.step
        for number_column, word in (
            (self.first_words, 0),
            (self.port_pairs, 1),
            (self.devices, 10),
            (self.expires_ms, 13),
            (self.recv_queues, 14),
            (self.send_queues, 15),
            (self.uids, 16),
            (self.inodes, 17),
        ):
            number_column += words[first + word : stop : step]
        for addresses, word in ((self.local_addresses, 2), (self.remote_addresses, 6)):
            if isinstance(addresses, list):
                content = words[first + word : stop].tobytes()
                offsets = range(0, len(content), step * 4)
                addresses += [content[offset : offset + 16] for offset in offsets]
            else:
                numbers = words[first + word : stop : step]
                if sys.byteorder == "little":
                    # In network order most numbers end in 127: a dictionary of them is slow.
                    numbers.byteswap()
                addresses += numbers


def _by_family(words: array[int], starts: Sequence[int]) -> dict[Family, Sequence[int]]:
    """The messages of each family.

    Raises:
        SockDiagError: a family is unknown.
    """
    if not starts:
        return {}
    if isinstance(starts, range):
        first_words = words[starts.start + _HEADER_WORDS : starts.stop : starts.step]
    else:
        first_words = array("I", [words[offset + _HEADER_WORDS] for offset in starts])
    numbers = first_words.tobytes()[::4]
    present = set(numbers)
    if unknown := present - _FAMILIES.keys():
        raise SockDiagError(f"netlink sent a socket of the unknown family {min(unknown)}")
    if len(present) == 1:
        return {_FAMILIES[numbers[0]]: starts}
    return {
        _FAMILIES[family]: [
            offset for offset, number in zip(starts, numbers, strict=True) if number == family
        ]
        for family in present
    }


def _pack_messages(words: array[int], starts: Sequence[int]) -> array[int]:
    """The structures of these messages, without gaps."""
    content = words[: starts[-1] + MIN_MESSAGE_BYTES // 4].tobytes()
    return array(
        "I",
        b"".join(
            [
                content[offset * 4 + HEADER.size : offset * 4 + MIN_MESSAGE_BYTES]
                for offset in starts
            ]
        ),
    )


def _states(first_words: array[int]) -> bytes:
    return first_words.tobytes()[1::4]


def indexes_of_ones(bitmap: bytes) -> Iterator[int]:
    """Indexes of the ones in a column of 0 and 1, ascending."""
    index = bitmap.find(1)
    while index >= 0:
        yield index
        index = bitmap.find(1, index + 1)


def _attributes(words: array[int], start: int) -> Iterator[tuple[int, bytes]]:
    """Type and content of each attribute of a message.

    Raises:
        SockDiagError: one has an invalid length.
    """
    length = words[start]
    message = words[start : start + (length + 3) // 4].tobytes()[:length]
    offset = MIN_MESSAGE_BYTES
    while offset + ATTRIBUTE.size <= len(message):
        size, kind = ATTRIBUTE.unpack_from(message, offset)
        if size < ATTRIBUTE.size or offset + size > len(message):
            raise SockDiagError(f"netlink sent an attribute of the impossible length {size}")
        yield kind, message[offset + ATTRIBUTE.size : offset + size]
        offset += (size + 3) & ~3
