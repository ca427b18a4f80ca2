"""The address space that this process may take, and how much freed memory a child may keep."""

from __future__ import annotations

import sys

CHILD_ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": str(1 << 18)}
"""Has glibc give freed memory back to the system (mallopt(3)), in a process started with it.

A sample of 76,000 sockets frees large columns, of which glibc keeps tens of megabytes. With this
both processes take 103 to 106 MB, without it 119 to 124 (bar: 130).
"""


def address_space_bytes() -> int | None:
    """The most that this process may take, RLIMIT_AS of getrlimit(2); None where nothing limits
    it."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit
