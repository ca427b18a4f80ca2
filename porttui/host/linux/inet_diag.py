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
    ExpectedHeader,
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
_PROTOCOLS = {Protocol.TCP: socket.IPPROTO_TCP, Protocol.UDP: socket.IPPROTO_UDP}
_MSG_TRUNC = 0x20
"""recv(2), on every architecture."""

_BUFFER_BYTES = 1 << 18
_TIMEOUT_S = 5.0
_ATTEMPTS = 4

_FAMILIES: dict[int, Family] = {socket.AF_INET: Family.IPV4, socket.AF_INET6: Family.IPV6}
_INET_DIAG_SKV6ONLY, _INET_DIAG_CGROUP_ID = 11, 21
"""INET_DIAG_SKV6ONLY, of listening and idle IPv6 sockets, and INET_DIAG_CGROUP_ID, of all open ones
(Linux 5.8)."""
_UINT64 = struct.Struct("=Q")
_IS_CLOSE_OR_LISTEN = bytes(state in (7, 10) for state in range(256))
"""CLOSE and LISTEN, in the kernel's numbers: only their attributes are read, one by one."""
_HEADER_WORDS = HEADER.size // 4
_MESSAGE_WORDS = INET_DIAG_MSG_BYTES // 4
_NUMBER_WORDS = (0, 1, 13, 14, 15, 16, 17)
"""Words that are numbers in both families, in the order of the fields of `InetDiagColumns`."""
_ADDRESS_WORDS = (2, 6)
"""First words of the addresses."""


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
            return self._receive(ExpectedHeader(kind, self._sequence))
        except TimeoutError as error:
            raise SockDiagError("netlink sock_diag timed out") from error
        except OSError as error:
            raise SockDiagError(f"netlink sock_diag failed: {error}") from error

    def _receive(self, expected: ExpectedHeader) -> InetDiagDump:
        """Build the columns part by part, while each part is in the processor's cache: that takes
        two thirds of the time of building them at the end."""
        builder, is_interrupted = InetDiagBuilder(), False
        while True:
            size, _, flags, _ = self._socket.recvmsg_into([self._buffer])
            if flags & _MSG_TRUNC:
                raise SockDiagError("netlink sent more than fits into the buffer")
            if size % 4:
                raise SockDiagError("netlink sent a message cut short")
            scan = scan_headers(self._words, size // 4, expected)
            builder.add(self._words, scan.starts)
            is_interrupted |= scan.is_interrupted
            if scan.is_last:
                return InetDiagDump(builder.columns(), is_interrupted)


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


class InetDiagColumns(NamedTuple):
    """The sockets of one family, as columns."""

    first_words: array[int]
    """The first word of each socket."""
    port_pairs: array[int]
    """Local and remote port in one number, in network order."""
    expires_ms: array[int]
    """Of the running timer, whichever it is."""
    recv_queues: array[int]
    """idiag_rqueue."""
    send_queues: array[int]
    """idiag_wqueue."""
    uids: array[int]
    """0 without an inode."""
    inodes: array[int]
    """0 for a socket without one."""
    local_addresses: list[bytes] | array[int]
    """IPv4 as numbers in network order, IPv6 as 16 bytes."""
    remote_addresses: list[bytes] | array[int]
    """As `local_addresses`."""
    v6only: Mapping[int, bool]
    """By row, for sockets that have the attribute."""
    cgroup_ids: Mapping[int, int]
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


class InetDiagBuilder:
    """Builds columns from the messages of a dump, part by part."""

    def __init__(self) -> None:
        self._builders: dict[int, _FamilyBuilder] = {}
        """By the kernel's number of the family."""

    def add(self, words: array[int], starts: Sequence[int]) -> None:
        """Add the sockets of some messages.

        Args:
            words: The buffer with the messages.
            starts: Offset in words of each message; a range if all have one length.

        Raises:
            SockDiagError: a family is unknown, or an attribute has an invalid length.
        """
        for number, family_starts in _by_family(words, starts).items():
            builder = self._builders.get(number)
            if builder is None:
                builder = self._builders[number] = _FamilyBuilder(number)
            builder.add(words, family_starts)

    def columns(self) -> dict[Family, InetDiagColumns]:
        """By family, IPv4 first; without families that have no socket. Call it once."""
        return {
            _FAMILIES[number]: builder.columns()
            for number, builder in sorted(self._builders.items())
        }


class _FamilyBuilder:
    """Builds the columns of one family."""

    def __init__(self, family: int) -> None:
        if family not in _FAMILIES:
            raise SockDiagError(f"netlink sent a socket of the unknown family {family}")
        self._is_v6 = _FAMILIES[family] is Family.IPV6
        self._numbers = [array("I") for _ in _NUMBER_WORDS]
        self._v4_addresses = array("I"), array("I")
        self._v6_addresses: tuple[list[bytes], list[bytes]] = [], []
        self._v6only: dict[int, bool] = {}
        self._cgroup_ids: dict[int, int] = {}

    def add(self, words: array[int], starts: Sequence[int]) -> None:
        """Add the sockets of these messages; all are of this family."""
        rows = len(self._numbers[0])
        if isinstance(starts, range):
            self._add(words, range(starts.start + _HEADER_WORDS, starts.stop, starts.step))
        else:
            packed = _pack_messages(words, starts)
            self._add(packed, range(0, len(packed), _MESSAGE_WORDS))
        close_or_listen = _states(self._numbers[0][rows:]).translate(_IS_CLOSE_OR_LISTEN)
        for row in indexes_of_ones(close_or_listen):
            for kind, content in _attributes(words, starts[row]):
                if kind == _INET_DIAG_SKV6ONLY and content:
                    self._v6only[rows + row] = bool(content[0])
                elif kind == _INET_DIAG_CGROUP_ID and len(content) == _UINT64.size:
                    self._cgroup_ids[rows + row] = _UINT64.unpack(content)[0]

    def _add(self, words: array[int], structure_starts: range) -> None:
        """`structure_starts`: offset in words of each struct inet_diag_msg."""
        first, stop, step = structure_starts.start, structure_starts.stop, structure_starts.step
        for column, word in zip(self._numbers, _NUMBER_WORDS, strict=True):
            column += words[first + word : stop : step]
        if self._is_v6:
            content = words[:stop].tobytes()
            for addresses, word in zip(self._v6_addresses, _ADDRESS_WORDS, strict=True):
                address_offsets = range((first + word) * 4, stop * 4, step * 4)
                addresses += [content[offset : offset + 16] for offset in address_offsets]
        else:
            for column, word in zip(self._v4_addresses, _ADDRESS_WORDS, strict=True):
                column += words[first + word : stop : step]

    def columns(self) -> InetDiagColumns:
        """All sockets so far. Call it once."""
        if sys.byteorder == "little":
            # In network order most numbers end in 127: a dictionary of them is slow.
            for column in self._v4_addresses:
                column.byteswap()
        first_words, port_pairs, expires_ms, recv_queues, send_queues, uids, inodes = self._numbers
        local_addresses, remote_addresses = (
            self._v6_addresses if self._is_v6 else self._v4_addresses
        )
        return InetDiagColumns(
            first_words,
            port_pairs,
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
        first_words = words[starts.start + _HEADER_WORDS : starts.stop : starts.step]
    else:
        first_words = array("I", [words[offset + _HEADER_WORDS] for offset in starts])
    families = first_words.tobytes()[::4]
    if families.count(families[0]) == len(families):
        return {families[0]: starts}
    return {
        number: [
            offset for offset, family in zip(starts, families, strict=True) if family == number
        ]
        for number in set(families)
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
