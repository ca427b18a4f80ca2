"""Tells which ports this user may bind."""

from __future__ import annotations

import os
import sys

FIRST_UNPRIVILEGED_PORT = 1024
"""Where no sysctl says otherwise."""

_CAP_NET_BIND_SERVICE = 10
_SYSCTL = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


def first_bindable_port() -> int:
    """The lowest port that this process may bind; 0 where it may bind all (ip(7))."""
    if sys.platform != "linux":
        return 0 if not hasattr(os, "geteuid") or os.geteuid() == 0 else FIRST_UNPRIVILEGED_PORT
    return 0 if _has_capability() else _first_unprivileged_port()


def _first_unprivileged_port() -> int:
    try:
        with open(_SYSCTL, "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return FIRST_UNPRIVILEGED_PORT


def _has_capability() -> bool:
    """CAP_NET_BIND_SERVICE (capabilities(7)); where it cannot be read root is taken to have it."""
    try:
        with open("/proc/self/status", "rb") as file:
            for line in file:
                if line.startswith(b"CapEff:"):
                    return bool(int(line.split()[1], 16) >> _CAP_NET_BIND_SERVICE & 1)
    except (OSError, ValueError):
        pass
    return os.geteuid() == 0
