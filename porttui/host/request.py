"""Requests that a host accepts, and its error.

Apart from the contract, because the session asks another process and needs nothing else of it.
"""

from __future__ import annotations

from enum import StrEnum


class HostError(Exception):
    """The machine did not answer. The message is a sentence for the person at the screen."""


class SourceName(StrEnum):
    """Where sockets are read."""

    AUTO = "auto"
    NETLINK = "netlink"
    PROC = "proc"
    PSUTIL = "psutil"


class SocketRequest(StrEnum):
    """What a sample must contain; less costs less."""

    ALL = "all"
    LISTENING = "listening"
    """At least the listening sockets, with all their holders."""
    LISTENING_REFRESH = "listening again"
    """Listeners, soon after another read; an additional holder may be reported one read late."""
    WITHOUT_HOLDERS = "ports"
    """All sockets; holders need not be read."""

    @property
    def is_listening(self) -> bool:
        """Whether sockets that do not listen may be missing."""
        return self in (SocketRequest.LISTENING, SocketRequest.LISTENING_REFRESH)
