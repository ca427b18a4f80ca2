"""What this kernel is able to, told by its release (uname(2))."""

from __future__ import annotations

import os

_LISTS_IDLE = (6, 8)
"""The first release whose sock_diag lists sockets that are bound and neither listen nor are
connected (TCPF_BOUND_INACTIVE, net/ipv4/inet_diag.c)."""


def lists_idle(release: str | None = None) -> bool:
    """Whether sock_diag lists TCP sockets that are bound and idle; False for what no release is.

    A distribution may have given it to an older kernel: that is taken for one without.
    """
    major, _, rest = (os.uname().release if release is None else release).partition(".")
    minor = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= _LISTS_IDLE
