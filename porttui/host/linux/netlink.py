"""Checks the message headers of a sock_diag answer.

Structures: linux/netlink.h, linux/inet_diag.h.
"""

from __future__ import annotations

import errno
import os
import struct
from array import array
from collections.abc import Sequence

from porttui.host.request import HostError
from porttui.record import NamedTuple

HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port id."""
INET_DIAG_MSG_BYTES = 72
"""Size of struct inet_diag_msg."""
MIN_MESSAGE_BYTES = HEADER.size + INET_DIAG_MSG_BYTES
"""Size of a message without attributes."""
ATTRIBUTE = struct.Struct("=HH")
"""struct nlattr: length, type."""

_HEADER_WORDS = HEADER.size // 4
_TYPE_AND_FLAGS = struct.Struct("=HH")
"""Type and flags, the second word of a header."""
_ERROR_CODE = struct.Struct("=i")
"""Content of NLMSG_DONE and NLMSG_ERROR."""
_ERROR, _DONE = 2, 3
_MULTI, _INTERRUPTED = 0x2, 0x10


class SockDiagError(HostError):
    """Netlink is refused here, or its answer is invalid."""


class HeaderScan(NamedTuple):
    """Result of checking the headers of some messages."""

    starts: Sequence[int]
    """Offset in words of each message; a range if all have one length."""
    is_interrupted: bool = False
    """The table changed while the kernel walked it."""
    is_last: bool = False
    """The answer is complete."""


def scan_headers(words: array[int], end: int, kind: int, sequence: int) -> HeaderScan:
    """Check the headers of the messages in the first `end` words: sockets of a type and sequence.

    Raises:
        SockDiagError: a message is invalid, or reports an error.
    """
    type_and_flags = struct.unpack("=I", _TYPE_AND_FLAGS.pack(kind, _MULTI))[0]
    length = words[0] if end else 0
    if _all_match(words, end, (length, type_and_flags, sequence)):
        return HeaderScan(range(0, end, length // 4))
    starts: list[int] = []
    is_interrupted = False
    offset = 0
    while offset <= end - _HEADER_WORDS:
        length, available = words[offset], (end - offset) * 4
        is_socket = words[offset + 1] == type_and_flags and words[offset + 2] == sequence
        if not is_socket or not MIN_MESSAGE_BYTES <= length <= available:
            message = words[offset : offset + _HEADER_WORDS + 1].tobytes()
            received_kind, is_part_interrupted = _check_message(message, available, sequence)
            is_interrupted |= is_part_interrupted
            if received_kind == _DONE:
                if offset + (length + 3) // 4 != end:
                    raise SockDiagError("netlink sent data after the end of its answer")
                return HeaderScan(starts, is_interrupted, is_last=True)
        starts.append(offset)
        offset += (length + 3) // 4
    if offset != end:
        raise SockDiagError("netlink sent a message cut short")
    return HeaderScan(starts, is_interrupted)


def _all_match(words: array[int], end: int, header: tuple[int, int, int]) -> bool:
    """Whether all messages are sockets with this length, type, flags and sequence."""
    length = header[0]
    if length < MIN_MESSAGE_BYTES or length % 4 or end % (length // 4):
        return False
    step = length // 4
    return all(
        words[offset:end:step] == array("I", [word]) * (end // step)
        for offset, word in enumerate(header)
    )


def _check_message(message: bytes, available: int, sequence: int) -> tuple[int, bool]:
    """The type of an unusual message, and whether the answer was interrupted.

    Args:
        message: The header and, if present, the word behind it.
        available: Bytes from the start of the message to the end of the buffer.
        sequence: Sequence of the request.

    Raises:
        SockDiagError: the message is invalid, or reports an error.
    """
    length, kind, flags, received_sequence, _ = HEADER.unpack_from(message)
    if not HEADER.size <= length <= available:
        raise SockDiagError(f"netlink sent a message of the impossible length {length}")
    if received_sequence != sequence:
        raise SockDiagError("netlink answered another request")
    if kind in (_ERROR, _DONE):
        has_code = length >= HEADER.size + _ERROR_CODE.size
        code = _ERROR_CODE.unpack_from(message, HEADER.size)[0] if has_code else 0
        if code or kind == _ERROR:
            name = errno.errorcode.get(-code, str(-code))
            raise SockDiagError(f"netlink sock_diag: {name} ({os.strerror(-code)})")
    elif length < MIN_MESSAGE_BYTES:
        raise SockDiagError(f"netlink sent a socket of {length} bytes")
    return kind, bool(flags & _INTERRUPTED)
