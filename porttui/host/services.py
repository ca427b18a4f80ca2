"""Reads service names from the machine's services database."""

from __future__ import annotations

import socket
from functools import lru_cache

from porttui.host.safe_text import safe_text
from porttui.model.address import Protocol


def service_port(protocol: Protocol, name: str) -> int | None:
    """The port registered for `name` (getservbyname(3)); None without one."""
    try:
        return socket.getservbyname(name, protocol.value)
    except (OSError, ValueError):  # UnicodeError is one
        return None


@lru_cache(maxsize=65536)
def service_name(protocol: Protocol, port: int) -> str | None:
    """The name registered for `port` (getservbyport(3)); None without one."""
    try:
        return safe_text(socket.getservbyport(port, protocol.value))
    except (OSError, UnicodeError):
        return None
