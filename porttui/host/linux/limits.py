"""Limits beside the ports: netfilter's connections (nf_conntrack-sysctl) and open files."""

from __future__ import annotations

from porttui.model.limits import Limit, Limits

_SYSCTL = "/proc/sys/"


def read_limits(sysctl: str = _SYSCTL) -> Limits:
    """What the kernel tells; the connections are those of this network namespace."""
    counts = _numbers(f"{sysctl}net/netfilter/nf_conntrack_count")
    most = _numbers(f"{sysctl}net/netfilter/nf_conntrack_max")
    files = _numbers(f"{sysctl}fs/file-nr")
    return Limits(
        # Of netfilter's maximum 0 is none.
        conntrack=Limit(counts[0], most[0]) if counts and most and most[0] else None,
        open_files=Limit(files[0] - files[1], files[2]) if len(files) == 3 else None,
    )


def _numbers(path: str) -> list[int]:
    try:
        with open(path, "rb") as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []
