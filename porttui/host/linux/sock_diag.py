"""Socket tables over netlink: NETLINK_SOCK_DIAG (sock_diag(7)).

The kernel's own list, and the only one with sockets that are bound and do not listen (since
Linux 6.8; net/ipv4/inet_diag.c, TCPF_BOUND_INACTIVE), with IPV6_V6ONLY and the queues.
Structures: linux/netlink.h, linux/inet_diag.h, linux/rtnetlink.h.
"""

from __future__ import annotations

# Not `socket`: that makes enumerations of all its constants, which takes as long as the rest of
# what a one-shot command imports.
import _socket
import errno
import os
import struct
from array import array
from collections.abc import Sequence

from porttui.host.contract import HostError
from porttui.light_typing import NamedTuple
from porttui.model.address import PORTS, Family, Protocol

ALL_STATES = 0xFFFFFFFF
"""With bit 13, bound and inactive, which kernels before 6.8 ignore."""
LISTENING = 1 << 10
"""TCP_LISTEN alone: answered at once, however many other sockets there are."""
TIME_WAITING = 1 << 6

_NETLINK_SOCK_DIAG = 4
_TCP_OF_BOTH_FAMILIES, _BY_FAMILY = 18, 20
"""TCPDIAG_GETSOCK, the question of old, and SOCK_DIAG_BY_FAMILY."""
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x301
_MULTI, _INTERRUPTED = 0x2, 0x10

RECORD = 72
"""Bytes of struct inet_diag_msg."""
HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port id."""
_USUAL = struct.Struct("=HH")
"""Type and flags of a header, its second word."""
_REQUEST_OF_A_FAMILY = struct.Struct("=BBBBI48s")
"""struct inet_diag_req_v2; an empty inet_diag_sockid matches every socket."""
_REQUEST_OF_BOTH_FAMILIES = struct.Struct("=BBBB48sII")
"""struct inet_diag_req."""
_ATTRIBUTE = struct.Struct("=HH")
"""struct nlattr: length, type."""
_BYTECODE = 1
"""INET_DIAG_REQ_BYTECODE."""
_OPERATION = struct.Struct("=BBH")
"""struct inet_diag_bc_op."""
_SOURCE_AT_LEAST, _SOURCE_AT_MOST = 2, 3
"""INET_DIAG_BC_S_GE and INET_DIAG_BC_S_LE, of ports."""
_END_BYTES = HEADER.size + 4
_END = struct.pack("=IH", _END_BYTES, _DONE)
"""How the last message of an answer begins."""
BODY = HEADER.size + RECORD
"""Bytes of a message without attributes."""

_FAMILIES = {Family.IPV4: _socket.AF_INET, Family.IPV6: _socket.AF_INET6}
_PROTOCOLS = {Protocol.TCP: _socket.IPPROTO_TCP, Protocol.UDP: _socket.IPPROTO_UDP}
_MSG_TRUNC = 0x20
"""recv(2), on every architecture."""

_BUFFER_BYTES = 1 << 18
_PATIENCE_S = 5.0
_ATTEMPTS = 4


class SockDiagError(HostError):
    """Netlink is refused here, or answered with something that is no answer."""


class Answer(NamedTuple):
    """One table, as the kernel walked it: socket messages whose headers were found sound."""

    words: array[int]
    """The messages, in 32-bit words."""
    starts: Sequence[int]
    """The word with which each message begins: a range over all words, when the messages have
    the same length."""
    is_torn: bool
    """The table changed during every attempt to walk it: sockets may be missing."""


class SockDiag:
    """One netlink socket, kept open between samples. Not for two threads at once."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            SockDiagError: the system has no such thing, or a sandbox forbids it.
        """
        self._sequence = 0
        self._buffer = bytearray(_BUFFER_BYTES)
        try:
            self._socket = _socket.socket(
                _socket.AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
            )
        except (OSError, AttributeError) as error:
            raise SockDiagError(f"netlink sock_diag is refused: {error}") from error
        self._socket.settimeout(_PATIENCE_S)

    def __del__(self) -> None:
        """Close it: a reader lives as long as its source, and that as long as it is sampled."""
        if hasattr(self, "_socket"):
            self._socket.close()

    def ask(
        self,
        family: Family,
        protocol: Protocol,
        states: int = ALL_STATES,
        ports: range = PORTS,
    ) -> Answer:
        """All sockets of a family and protocol in `states`, a mask of 1 << state, that have one
        of these local ports.

        An answer that a change of the table interrupted is asked for again, a few times.

        Raises:
            SockDiagError: the kernel refused, or its answer has an unknown form.
        """
        numbers = (_FAMILIES[family], _PROTOCOLS[protocol])
        request = _REQUEST_OF_A_FAMILY.pack(*numbers, 0, 0, states, bytes(48))
        return self._ask_patiently(_BY_FAMILY, request + _port_filter(ports))

    def ask_tcp(self, states: int = ALL_STATES, ports: range = PORTS) -> Answer:
        """As `ask`, for the TCP sockets of both families: the kernel walks its tables once.

        A walk takes a quarter of the time of an answer with 76,000 sockets, even if it meets none
        of the family.

        Raises:
            SockDiagError: as `ask`; a sandbox may permit `ask` alone.
        """
        request = _REQUEST_OF_BOTH_FAMILIES.pack(0, 0, 0, 0, bytes(48), states, 0)
        return self._ask_patiently(_TCP_OF_BOTH_FAMILIES, request + _port_filter(ports))

    def _ask_patiently(self, kind: int, request: bytes) -> Answer:
        for _ in range(_ATTEMPTS):
            answer = self._ask(kind, request)
            if not answer.is_torn:
                break
        return answer

    def _ask(self, kind: int, request: bytes) -> Answer:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        size = HEADER.size + len(request)
        header = HEADER.pack(size, kind, _REQUEST_DUMP, self._sequence, 0)
        try:
            self._socket.send(header + request)
            return self._receive(_Expected(kind, self._sequence))
        except TimeoutError as error:
            raise SockDiagError("netlink sock_diag does not answer") from error
        except OSError as error:
            raise SockDiagError(f"netlink sock_diag failed: {error}") from error

    def _receive(self, expected: _Expected) -> Answer:
        """Take everything up to the end, then look through it in one go."""
        words = array("I")
        view, kind = memoryview(self._buffer), struct.pack("=H", expected.kind)
        while True:
            size, _, flags, _ = self._socket.recvmsg_into([self._buffer])
            if flags & _MSG_TRUNC:
                raise SockDiagError("netlink sent more than fits into the buffer")
            if size % 4:
                raise SockDiagError("netlink sent a message cut short")
            first = len(words)
            words.frombytes(view[:size])
            end = max(0, size - _END_BYTES)
            if view[4:6] == kind and view[end : end + len(_END)] != _END:
                continue
            # Whatever may hold the end, or an error, is looked through now.
            last = _survey(words, range(first, len(words)), expected)
            if last.is_last:
                before = _survey(words, range(first), expected)
                if before.is_last:
                    raise SockDiagError("netlink sent something behind the end of its answer")
                is_torn = before.is_torn or last.is_torn
                if last.starts:
                    return Answer(words, [*before.starts, *last.starts], is_torn)
                del words[first:]
                return Answer(words, before.starts, is_torn)


def _port_filter(ports: range) -> bytes:
    """The attribute that keeps the kernel from telling of other local ports.

    INET_DIAG_REQ_BYTECODE, programs of struct inet_diag_bc_op: an operator, how many bytes to go
    on by if it holds and if not, then what it compares with. Whoever goes further than the end
    is left out (net/ipv4/inet_diag.c, inet_diag_bc_run).
    """
    if ports == PORTS:
        return b""
    at_least = _OPERATION.pack(_SOURCE_AT_LEAST, 8, 20) + _OPERATION.pack(0, 0, ports[0])
    at_most = _OPERATION.pack(_SOURCE_AT_MOST, 8, 12) + _OPERATION.pack(0, 0, ports[-1])
    program = at_least + at_most
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(program), _BYTECODE) + program


class _Expected(NamedTuple):
    """What tells a socket of this answer from other messages."""

    kind: int
    sequence: int


class _Survey(NamedTuple):
    """What the headers of some messages say."""

    starts: Sequence[int]
    """The words with which socket messages begin."""
    is_torn: bool = False
    is_last: bool = False


def _survey(words: array[int], part: range, expected: _Expected) -> _Survey:
    """The messages in a part of the words, as a range of them."""
    usual = struct.unpack("=I", _USUAL.pack(expected.kind, _MULTI))[0]
    length = words[part.start] if part else 0
    if _are_alike(words, part, (length, usual, expected.sequence)):
        return _Survey(range(part.start, part.stop, length // 4))
    starts: list[int] = []
    is_torn = False
    at, end = part.start, part.stop
    while at <= end - HEADER.size // 4:
        length, room = words[at], (end - at) * 4
        is_usual = words[at + 1] == usual and words[at + 2] == expected.sequence
        if not is_usual or not BODY <= length <= room:
            message = words[at : at + HEADER.size // 4 + 1].tobytes()
            kind, is_interrupted = _checked(message, room, expected.sequence)
            is_torn |= is_interrupted
            if kind == _DONE:
                return _Survey(starts, is_torn, is_last=True)
        starts.append(at)
        at += (length + 3) // 4
    if at != end:
        raise SockDiagError("netlink sent a message cut short")
    return _Survey(starts, is_torn)


def _are_alike(words: array[int], part: range, header: tuple[int, int, int]) -> bool:
    """Whether a part holds nothing but sockets with this length, type, flags and sequence."""
    length = header[0]
    if length < BODY or length % 4 or len(part) % (length // 4):
        return False
    number = len(part) * 4 // length
    return all(
        words[part.start + at : part.stop : length // 4] == array("I", [word]) * number
        for at, word in enumerate(header)
    )


def _checked(message: bytes, room: int, sequence: int) -> tuple[int, bool]:
    """The type of an unusual message, and whether the answer was interrupted.

    Args:
        message: A header and, if there is one, the word behind it.
        room: How many bytes there are of the message.
        sequence: Of the question.

    Raises:
        SockDiagError: it makes no sense here, or tells an error.
    """
    length, kind, flags, number, _ = HEADER.unpack_from(message)
    if not HEADER.size <= length <= room:
        raise SockDiagError(f"netlink sent a message of the impossible length {length}")
    if number != sequence:
        raise SockDiagError("netlink sent an answer to another question")
    if kind in (_ERROR, _DONE):
        code = struct.unpack_from("=i", message, HEADER.size)[0] if length >= _END_BYTES else 0
        if code or kind == _ERROR:
            name = errno.errorcode.get(-code, str(-code))
            raise SockDiagError(f"netlink sock_diag: {name} ({os.strerror(-code)})")
    elif length < BODY:
        raise SockDiagError(f"netlink sent a socket of {length} bytes")
    return kind, bool(flags & _INTERRUPTED)
