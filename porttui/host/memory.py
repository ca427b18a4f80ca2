"""What is freed goes back to the system: glibc keeps tens of megabytes of it (mallopt(3)).

Each look at a machine with very many sockets makes and frees large columns. The first large block
that is freed makes glibc hold on to ever more of what is free ("dynamic mmap threshold"), unless it
is told how much. To take that anew from the system is a fortieth of the look's time.
"""

from __future__ import annotations

import sys

KEPT_BYTES = 1 << 18
"""That is free, at the end of the heap."""
ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES)}
"""Tells the same to a process that is started with it."""

_M_TRIM_THRESHOLD = -1


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
