"""When connect(2) may take over a port in TIME_WAIT (net/ipv4/tcp_ipv4.c, tcp_twsk_unique)."""

from __future__ import annotations

from porttui.model.tcp_rules import TcpRules
from porttui.record import NamedTuple

TIME_WAIT_MS = 60_000
"""How long it lasts (include/net/tcp.h, TCP_TIMEWAIT_LEN)."""

_NEVER, _ALWAYS = 0, 1


class TimeWaitReuse(NamedTuple):
    """When the sysctls of a system allow the reuse of a port in TIME_WAIT."""

    rules: TcpRules

    def max_expires_ms(self, is_loopback: bool) -> int:
        """The largest `expires_ms` of a reusable port; -1 where no port is reusable.

        The kernel looks at the timestamps of the connection that ended, and not at the sysctl:
        the other machine may have had none.

        Args:
            is_loopback: One of the ends is a loopback address. The machine's own other addresses
                are none to the kernel (measured).
        """
        rules = self.rules
        if not rules.timestamps or rules.tw_reuse == _NEVER:
            return -1
        if rules.tw_reuse != _ALWAYS and not is_loopback:
            return -1
        # An age that is not told, UNKNOWN_NUMBER, exceeds it.
        return max(-1, TIME_WAIT_MS - rules.tw_reuse_delay_ms)

    def wait_ms(self, expires_ms: int, is_loopback: bool) -> int:
        """How long TIME_WAIT stays in the way of another connection between its two ends."""
        max_expires_ms = self.max_expires_ms(is_loopback)
        return expires_ms if max_expires_ms < 0 else max(0, expires_ms - max_expires_ms)
