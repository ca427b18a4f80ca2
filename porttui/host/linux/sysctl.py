"""Reads the kernel's settings: ephemeral range, TIME_WAIT rules, limits; and its release.

ip-sysctl, nf_conntrack-sysctl, uname(2).
"""

from __future__ import annotations

import os

from porttui.host.linux.processes import start_time_of
from porttui.host.request import HostError
from porttui.model.kernel import Limit, Limits, PortRange, RangeName, TcpRules, clip
from porttui.model.process import Process

_PROC_SYS = "/proc/sys/"
_NO_LIMIT = 1 << 62
"""systemd sets fs.file-max to 2**63 - 1, which stands for none."""
_MAX_OPEN_FILES = b"Max open files"
_IPV4_SYSCTL = "/proc/sys/net/ipv4/"
_DEFAULT_REUSE_DELAY_MS = 1000
_BOUND_INACTIVE_RELEASE = (6, 8)
"""The first release whose sock_diag lists sockets that are bound and neither listen nor are
connected (TCPF_BOUND_INACTIVE, net/ipv4/inet_diag.c)."""


def read_ephemeral_range(sysctl: str = _IPV4_SYSCTL) -> PortRange:
    """net.ipv4.ip_local_port_range, which governs IPv6 too, less ip_local_reserved_ports.

    Raises:
        HostError: the kernel does not report it.
    """
    try:
        with open(f"{sysctl}ip_local_port_range", "rb") as file:
            first, last = (int(word) for word in file.read().split())
        with open(f"{sysctl}ip_local_reserved_ports", "rb") as file:
            reserved = parse_spans(file.read())
    except (OSError, ValueError) as error:
        raise HostError(
            f"cannot read the ephemeral range ({sysctl}ip_local_port_range: {error})"
        ) from error
    return PortRange(RangeName.EPHEMERAL, first, last, clip(reserved, first, last))


def parse_spans(text: bytes) -> list[tuple[int, int]]:
    """The kernel's list b"8080,9000-9100" as inclusive spans; empty for an empty line.

    Raises:
        ValueError: `text` is not such a list.
    """
    spans = []
    for part in filter(None, text.strip().split(b",")):
        first, _, last = part.partition(b"-")
        spans.append((int(first), int(last or first)))
    return spans


def read_tcp_rules(sysctl: str = _IPV4_SYSCTL) -> TcpRules | None:
    """None if the kernel does not report them."""
    try:
        return TcpRules(
            tw_reuse=_read_number(f"{sysctl}tcp_tw_reuse"),
            timestamps=_read_number(f"{sysctl}tcp_timestamps") != 0,
            tw_reuse_delay_ms=_read_number(f"{sysctl}tcp_tw_reuse_delay", _DEFAULT_REUSE_DELAY_MS),
            # Since Linux 5.7.
            autobind_reuse=_read_number(f"{sysctl}ip_autobind_reuse", 0) != 0,
        )
    except (OSError, ValueError):
        return None


def _read_number(path: str, default: int | None = None) -> int:
    try:
        with open(path, "rb") as file:
            return int(file.read())
    except FileNotFoundError:
        if default is None:
            raise
        return default


def read_limits(sysctl: str = _PROC_SYS) -> Limits:
    """System-wide limits; conntrack is that of this network namespace."""
    counts = _read_numbers(f"{sysctl}net/netfilter/nf_conntrack_count")
    maximums = _read_numbers(f"{sysctl}net/netfilter/nf_conntrack_max")
    files = _read_numbers(f"{sysctl}fs/file-nr")
    return Limits(
        # For netfilter a maximum of 0 means no limit.
        conntrack=Limit(counts[0], maximums[0]) if counts and maximums and maximums[0] else None,
        open_files=Limit(files[0] - files[1], files[2])
        if len(files) == 3 and files[2] < _NO_LIMIT
        else None,
    )


def read_process_files(process: Process, proc: str = "/proc/") -> Limit | None:
    """A process's open files and their soft limit (proc_pid_fd(5), proc_pid_limits(5)).

    None before Linux 6.2, which does not count them, if it has exited, or for another user.
    """
    directory = f"{proc}{process.pid}"
    try:
        used = os.stat(f"{directory}/fd").st_size
        with open(f"{directory}/limits", "rb") as file:
            maximum = _soft_limit(file.read())
        # Read last: the process that has the pid now also had it for the reads above.
        is_same = start_time_of(process.pid) == process.started
    except (OSError, HostError):
        return None
    return Limit(used, maximum) if used and maximum and is_same else None


def _soft_limit(limits: bytes) -> int:
    """0 if it is unlimited or unknown."""
    for line in limits.splitlines():
        if line.startswith(_MAX_OPEN_FILES):
            soft = line.removeprefix(_MAX_OPEN_FILES).split()[:1]
            maximum = int(soft[0]) if soft and soft[0].isdigit() else 0
            return maximum if maximum < _NO_LIMIT else 0
    return 0


def _read_numbers(path: str) -> list[int]:
    try:
        with open(path, "rb") as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []


def lists_bound_inactive(release: str | None = None) -> bool:
    """Whether sock_diag lists bound-inactive TCP sockets; False for an unknown release.

    A distribution may have backported it to an older kernel: that counts as one without it.
    """
    major, _, rest = (os.uname().release if release is None else release).partition(".")
    minor = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return (
        major.isdecimal()
        and minor.isdecimal()
        and (int(major), int(minor)) >= _BOUND_INACTIVE_RELEASE
    )
