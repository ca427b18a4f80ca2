"""What a machine is asked for, and that it may not answer.

By itself, for the session asks another process: it needs nothing else of the contract.
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
    """What is asked for. Less than everything can cost next to nothing."""

    ALL = "all"
    LISTENING = "listening"
    """At least the sockets that listen, with all their holders."""
    LISTENING_REFRESH = "listening again"
    """The same, a moment after another look: where there is very much to look at, one more holder
    of a socket that has one may be left to the next look that asks for anything else."""
    WITHOUT_HOLDERS = "ports"
    """All sockets, but not who holds them: where that is told it is as good."""

    @property
    def is_listening(self) -> bool:
        """Whether sockets that do not listen need not be there."""
        return self in (SocketRequest.LISTENING, SocketRequest.LISTENING_REFRESH)
