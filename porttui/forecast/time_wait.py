"""When connect(2) may take over a port in TIME_WAIT (net/ipv4/tcp_ipv4.c, tcp_twsk_unique)."""

from __future__ import annotations

from porttui.light_typing import NamedTuple
from porttui.model.socket_table import UNTOLD
from porttui.model.tcp_rules import TcpRules

TIME_WAIT_MS = 60_000
"""How long it lasts (include/net/tcp.h, TCP_TIMEWAIT_LEN)."""

_NEVER, _ALWAYS = 0, 1


class Takeover(NamedTuple):
    """How TIME_WAIT is treated now: by the rules, so long after the sockets were read."""

    rules: TcpRules | None
    elapsed_ms: int = 0

    def due_ms(self, is_loopback: bool) -> int:
        """What `expires_ms` must not exceed for a port to be taken over; -1 where none is.

        The kernel looks at the timestamps of the connection that ended, and not at the sysctl:
        the other machine may have had none.

        Args:
            is_loopback: One of the ends is a loopback address. The machine's own other addresses
                are none to the kernel (measured).
        """
        rules = self.rules
        if rules is None or not rules.timestamps or rules.tw_reuse == _NEVER:
            return -1
        if rules.tw_reuse != _ALWAYS and not is_loopback:
            return -1
        # Less than UNTOLD: an age that is not told is not taken for the right one.
        return max(-1, min(TIME_WAIT_MS - rules.tw_reuse_delay_ms + self.elapsed_ms, UNTOLD - 1))

    def wait_ms(self, expires_ms: int, is_loopback: bool) -> int:
        """How long TIME_WAIT stays in the way of another connection between its two ends."""
        ends_in = max(0, expires_ms - self.elapsed_ms)
        due = self.due_ms(is_loopback)
        return ends_in if due < 0 else min(ends_in, max(0, expires_ms - due))
