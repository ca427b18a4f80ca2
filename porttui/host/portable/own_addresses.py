"""Lists the addresses of this machine through psutil."""

from __future__ import annotations

import socket

import psutil

from porttui.host.request import HostError
from porttui.host.safe_text import safe_text
from porttui.model.address import Address, OwnAddress


def read_own_addresses() -> tuple[OwnAddress, ...]:
    """The addresses of all interfaces.

    Raises:
        HostError: they cannot be read.
    """
    try:
        interfaces = psutil.net_if_addrs()
    except (OSError, psutil.Error) as error:
        raise HostError(f"the addresses of this machine cannot be read: {error}") from error
    return tuple(
        OwnAddress(Address.parse(address.address.partition("%")[0]), safe_text(name))
        for name, addresses in interfaces.items()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    )
