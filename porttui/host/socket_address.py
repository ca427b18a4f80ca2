"""Addresses with zones, as the calls of the socket module take them."""

from __future__ import annotations

import errno
import socket

from porttui.model.address import Address, Endpoint, Family

_SO_BINDTODEVICE = getattr(socket, "SO_BINDTODEVICE", None)
"""socket(7): of Linux alone."""


def socket_address(endpoint: Endpoint) -> tuple[str, int] | tuple[str, int, int, int]:
    """An endpoint for bind() and connect(). A link-local one has its zone as a number.

    getaddrinfo(3) would look up a name in the text.

    Raises:
        OSError: there is no such interface.
    """
    address, port = endpoint
    if address.family is Family.IPV4:
        return (address.bare_text, port)
    is_scoped = address.zone and address.is_link_local
    return (address.bare_text, port, 0, socket.if_nametoindex(address.zone) if is_scoped else 0)


def bind_to_device(unbound: socket.socket, address: Address) -> None:
    """Bind a socket to the device of an address that is not link-local; does nothing without one.

    Raises:
        OSError: there is no such interface, or the user may not (before Linux 5.7).
    """
    if address.zone and not address.is_link_local:
        if _SO_BINDTODEVICE is None:
            raise OSError(errno.ENOPROTOOPT, "this system cannot bind a socket to a device")
        unbound.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, f"{address.zone}\0".encode())
