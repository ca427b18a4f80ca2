"""The memory of this process: what it may take, and that what is freed goes back to the system.

glibc keeps tens of megabytes of what is freed (mallopt(3)). Each look at a machine with very many
sockets makes and frees large columns. The first large block that is freed makes glibc hold on to
ever more of what is free ("dynamic mmap threshold"), unless it is told how much. To take that anew
from the system is a fortieth of the look's time.
"""

from __future__ import annotations

import sys

KEPT_BYTES = 1 << 18
"""That is free, at the end of the heap."""
ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES)}
"""Tells the same to a process that is started with it."""

_M_TRIM_THRESHOLD = -1


def address_space_bytes() -> int | None:
    """The most that this process may take, RLIMIT_AS of getrlimit(2); None where nothing limits
    it."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def give_back_what_is_freed() -> None:
    """From now on, in this process; where it has no glibc nothing is changed."""
    if sys.platform != "linux":
        return
    # Takes some milliseconds to import.
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library: musl has no such thing to tell
    mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
