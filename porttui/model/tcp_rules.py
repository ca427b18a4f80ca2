"""Sysctls that decide when an ephemeral port can be reused."""

from __future__ import annotations

from porttui.record import NamedTuple


class TcpRules(NamedTuple):
    """Sysctls of this network namespace (ip-sysctl of the kernel's documentation)."""

    tw_reuse: int
    """net.ipv4.tcp_tw_reuse, whether connect(2) may take over a port in TIME_WAIT: 0 never,
    1 always, 2 where one end is a loopback address."""
    timestamps: bool
    """net.ipv4.tcp_timestamps: without them nothing in TIME_WAIT is taken over."""
    tw_reuse_delay_ms: int
    """net.ipv4.tcp_tw_reuse_delay: how long it has to be in TIME_WAIT before. Kernels before
    6.14 do not tell it, theirs is a second."""
    autobind_reuse: bool
    """net.ipv4.ip_autobind_reuse: a bind(2) to port 0 with SO_REUSEADDR may share the port of
    another that has set it, once no port is free."""
