"""When connect(2) may take over a port in TIME_WAIT (net/ipv4/tcp_ipv4.c, tcp_twsk_unique)."""

from __future__ import annotations

from porttui.model.tcp_rules import TcpRules
from porttui.record import NamedTuple

TIME_WAIT_MS = 60_000
"""How long it lasts (include/net/tcp.h, TCP_TIMEWAIT_LEN)."""

_NEVER, _ALWAYS = 0, 1


class Takeover(NamedTuple):
    """How TIME_WAIT is treated by the rules of a system."""

    rules: TcpRules

    def due_ms(self, is_loopback: bool) -> int:
        """What `expires_ms` must not exceed for a port to be taken over; -1 where none is.

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
        # An age that is not told, UNTOLD, exceeds it.
        return max(-1, TIME_WAIT_MS - rules.tw_reuse_delay_ms)

    def wait_ms(self, expires_ms: int, is_loopback: bool) -> int:
        """How long TIME_WAIT stays in the way of another connection between its two ends."""
        due = self.due_ms(is_loopback)
        return expires_ms if due < 0 else max(0, expires_ms - due)
