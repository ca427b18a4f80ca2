"""The exit statuses, in one place."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """What a porttui process ends with."""

    OK = 0
    """Done. A list that is empty is done, too."""
    FAILED = 1
    """`list`: the machine could not be read. The session: it ended by a fault. stderr says why."""
    NEGATIVE = 1
    """Commands about a port: the answer is no."""
    USAGE = 2
    """Bad usage, or no terminal for the interactive session. Nothing was done."""
    DENIED = 3
    """`free`: the system did not permit the signal."""
    REFUSED = 4
    """`free`: porttui does not do that, or was not told to. Nothing was sent."""
    UNREADABLE = 5
    """Commands about a port: the machine could not be read, so there is no answer."""
    INTERRUPTED = 130
    """Ctrl+C (128 + SIGINT)."""
    BROKEN_PIPE = 141
    """The reader of stdout went away (128 + SIGPIPE)."""


class CheckStatus(IntEnum):
    """What `check` ends with: the return codes of Nagios plugins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    """Nothing left counts as critical."""
    UNKNOWN = 3
    """There is no answer, also for bad usage."""
