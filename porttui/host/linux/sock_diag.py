"""Socket tables over netlink: NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY (sock_diag(7)).

The kernel's own list, and the only one with sockets that are bound and do not listen (since
Linux 6.8; net/ipv4/inet_diag.c, TCPF_BOUND_INACTIVE), with IPV6_V6ONLY and the queues.
Structures: linux/netlink.h, linux/inet_diag.h, linux/rtnetlink.h.
"""

import errno
import os
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

from porttui.host.contract import HostError
from porttui.model.address import Protocol

ALL_STATES = 0xFFFFFFFF
"""With bit 13, bound and inactive, which kernels before 6.8 ignore."""
LISTENING = 1 << 10
"""TCP_LISTEN alone: answered at once, however many other sockets there are."""
TIME_WAITING = 1 << 6

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x301
_MULTI, _INTERRUPTED = 0x2, 0x10

RECORD = 72
"""Bytes of struct inet_diag_msg."""
HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port id."""
_USUAL = struct.Struct("=HHI")
"""Type, flags and sequence of a header."""
_QUESTION = struct.Struct("=IHHIIBBBBI48s")
"""nlmsghdr and struct inet_diag_req_v2; an empty inet_diag_sockid matches every socket."""
BODY = HEADER.size + RECORD
"""Bytes of a message without attributes."""

_BUFFER_BYTES = 1 << 18
_PATIENCE_S = 5.0
_ATTEMPTS = 4


class SockDiagError(HostError):
    """Netlink is refused here, or answered with something that is no answer."""


class Chunk(NamedTuple):
    """What one recv brought: whole socket messages, whose headers were found sound."""

    data: bytes
    starts: Sequence[int]
    """Where each message begins: a range, when all have the same length."""


class Answer(NamedTuple):
    """One table, as the kernel walked it."""

    chunks: tuple[Chunk, ...]
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
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        except (OSError, AttributeError) as error:
            raise SockDiagError(f"netlink sock_diag is refused: {error}") from error
        self._socket.settimeout(_PATIENCE_S)

    def __del__(self) -> None:
        """Close it: a reader lives as long as its source, and that as long as it is sampled."""
        if hasattr(self, "_socket"):
            self._socket.close()

    def ask(
        self, family: socket.AddressFamily, protocol: Protocol, states: int = ALL_STATES
    ) -> Answer:
        """All sockets of a family and protocol in `states`, a mask of 1 << state.

        An answer that a change of the table interrupted is asked for again, a few times.

        Raises:
            SockDiagError: the kernel refused, or its answer has an unknown form.
        """
        for _ in range(_ATTEMPTS):
            answer = self._ask(family, protocol, states)
            if not answer.is_torn:
                break
        return answer

    def _ask(self, family: socket.AddressFamily, protocol: Protocol, states: int) -> Answer:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        number = socket.IPPROTO_TCP if protocol is Protocol.TCP else socket.IPPROTO_UDP
        question = _QUESTION.pack(
            _QUESTION.size, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, self._sequence, 0,
            family, number, 0, 0, states, bytes(48),
        )  # fmt: skip
        try:
            self._socket.send(question)
            return self._receive()
        except TimeoutError as error:
            raise SockDiagError("netlink sock_diag does not answer") from error
        except OSError as error:
            raise SockDiagError(f"netlink sock_diag failed: {error}") from error

    def _receive(self) -> Answer:
        chunks: list[Chunk] = []
        is_torn = False
        while True:
            size, _, flags, _ = self._socket.recvmsg_into([self._buffer])
            if flags & socket.MSG_TRUNC:
                raise SockDiagError("netlink sent more than fits into the buffer")
            chunk = bytes(memoryview(self._buffer)[:size])
            seen = _survey(chunk, self._sequence)
            is_torn |= seen.is_torn
            if seen.starts:
                chunks.append(Chunk(chunk, seen.starts))
            if seen.is_last:
                return Answer(tuple(chunks), is_torn)


class _Survey(NamedTuple):
    """What the headers of one chunk say."""

    starts: Sequence[int]
    """Where its socket messages begin."""
    is_torn: bool
    is_last: bool


def _survey(chunk: bytes, sequence: int) -> _Survey:
    length = _stride(chunk)
    if length and _are_alike(chunk, sequence):
        return _Survey(range(0, len(chunk), length), is_torn=False, is_last=False)
    usual = _USUAL.pack(_SOCK_DIAG_BY_FAMILY, _MULTI, sequence)
    starts: list[int] = []
    is_torn = False
    at, size = 0, len(chunk)
    lengths = memoryview(chunk[: size & ~3]).cast("I")
    while at < size:
        # Nearly every message is a socket like any other: one comparison says so.
        if chunk[at + 4 : at + 12] == usual:
            length = lengths[at >> 2]
            if BODY <= length <= size - at:
                starts.append(at)
                at += (length + 3) & ~3
                continue
        if at + HEADER.size > size:
            raise SockDiagError("netlink sent a message cut short")
        length, kind, flags, number, _ = HEADER.unpack_from(chunk, at)
        if length < HEADER.size or at + length > size:
            raise SockDiagError(f"netlink sent a message of the impossible length {length}")
        if number != sequence:
            raise SockDiagError("netlink sent an answer to another question")
        is_torn |= bool(flags & _INTERRUPTED)
        if kind in (_ERROR, _DONE):
            code = _code(chunk, at, length)
            if code or kind == _ERROR:
                name = errno.errorcode.get(-code, str(-code))
                raise SockDiagError(f"netlink sock_diag: {name} ({os.strerror(-code)})")
            return _Survey(starts, is_torn, is_last=True)
        if length < BODY:
            raise SockDiagError(f"netlink sent a socket of {length} bytes")
        starts.append(at)
        at += (length + 3) & ~3
    return _Survey(starts, is_torn, is_last=False)


def _stride(chunk: bytes) -> int:
    """The length of the messages of a chunk, if they all have the same; else 0."""
    if len(chunk) % 4 or len(chunk) < BODY:
        return 0
    words = memoryview(chunk).cast("I")
    length = words[0]
    if length < BODY or length % 4 or len(chunk) % length:
        return 0
    lengths = words[:: length // 4].tolist()
    return length if lengths.count(length) == len(lengths) else 0


def _are_alike(chunk: bytes, sequence: int) -> bool:
    """Whether every header of an even chunk says: a socket, not interrupted, to this question."""
    words = memoryview(chunk).cast("I")
    step = words[0] // 4
    _, kind, flags, _, _ = HEADER.unpack_from(chunk, 0)
    if kind != _SOCK_DIAG_BY_FAMILY or flags & _INTERRUPTED:
        return False
    kinds, sequences = words[1::step].tolist(), words[2::step].tolist()
    return kinds.count(kinds[0]) == len(kinds) == sequences.count(sequence)


def _code(chunk: bytes, at: int, length: int) -> int:
    """The negative errno behind a header of an error or of the end; 0 when there is none."""
    if length < HEADER.size + 4:
        return 0
    code: int = struct.unpack_from("=i", chunk, at + HEADER.size)[0]
    return code
