"""Lists the addresses of this network namespace with their devices (rtnetlink(7), RTM_GETADDR)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from porttui.host.request import HostError
from porttui.host.safe_text import safe_text
from porttui.model.address import Address, OwnAddress

_NETLINK_ROUTE = 0
_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x301
_HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
_IFADDRMSG = struct.Struct("=BBBBI")
"""struct ifaddrmsg: family, prefix length, flags, scope, interface."""
_ATTRIBUTE = struct.Struct("=HH")
"""struct rtattr: length, type."""
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x08, 0x40
_TIMEOUT_S = 2.0
_BUFFER_BYTES = 1 << 16


def read_own_addresses() -> tuple[OwnAddress, ...]:
    """The addresses of all interfaces, those that are not yet usable included.

    Raises:
        HostError: the kernel refused, or its answer is invalid.
    """
    try:
        return tuple(_addresses())
    except (OSError, struct.error) as error:
        raise HostError(f"the addresses of this machine cannot be read: {error}") from error


def _addresses() -> Iterator[OwnAddress]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as route:
        route.settimeout(_TIMEOUT_S)
        size = _HEADER.size + _IFADDRMSG.size
        header = _HEADER.pack(size, _RTM_GETADDR, _REQUEST_DUMP, 1, 0)
        route.send(header + _IFADDRMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
        while True:
            for kind, content in _messages(route.recv(_BUFFER_BYTES)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError("netlink reports an error")
                if kind == _RTM_NEWADDR:
                    yield from _own_address(content)


def _messages(part: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each message."""
    offset = 0
    while offset + _HEADER.size <= len(part):
        length, kind, _, _, _ = _HEADER.unpack_from(part, offset)
        if not _HEADER.size <= length <= len(part) - offset:
            raise OSError(f"netlink sent a message of the impossible length {length}")
        yield kind, part[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _own_address(content: bytes) -> Iterator[OwnAddress]:
    """The address of a message; none of a family that is neither IPv4 nor IPv6."""
    family, _, flags, _, interface = _IFADDRMSG.unpack_from(content)
    attributes = dict(_attributes(content[_IFADDRMSG.size :]))
    # Of a point-to-point link IFA_ADDRESS is the other end.
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if family not in (socket.AF_INET, socket.AF_INET6) or packed is None:
        return
    all_flags = attributes.get(_IFA_FLAGS)
    if all_flags is not None:
        [flags] = struct.unpack("=I", all_flags)
    try:
        device = safe_text(socket.if_indextoname(interface))
    except OSError:
        return  # the interface has just gone
    is_tentative = bool(flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED))
    yield OwnAddress(Address.of_packed(packed), device, is_tentative)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _ATTRIBUTE.size <= len(content):
        length, kind = _ATTRIBUTE.unpack_from(content, offset)
        if not _ATTRIBUTE.size <= length <= len(content) - offset:
            raise OSError(f"netlink sent an attribute of the impossible length {length}")
        yield kind, content[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
