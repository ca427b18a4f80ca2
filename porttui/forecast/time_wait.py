"""When connect(2) may take over a port in TIME_WAIT (net/ipv4/tcp_ipv4.c, tcp_twsk_unique)."""

from __future__ import annotations

from typing import NamedTuple

from porttui.model.socket_table import UNTOLD
from porttui.model.tcp_rules import TcpRules

TIME_WAIT_MS = 60_000
"""How long it lasts (include/net/tcp.h, TCP_TIMEWAIT_LEN)."""

_NEVER, _ALWAYS = 0, 1


class Takeover(NamedTuple):
    """How TIME_WAIT is treated now: by the rules, so long after the sockets were read."""

    rules: TcpRules | None
    elapsed_ms: int = 0

    def applies(self, is_loopback: bool) -> bool:
        """Whether a port can be taken over at all before TIME_WAIT ends.

        The kernel looks at the timestamps of the connection that ended, and not at the sysctl:
        the other machine may have had none.

        Args:
            is_loopback: One of the ends is a loopback address. The machine's own other addresses
                are none to the kernel (measured).
        """
        rules = self.rules
        if rules is None or not rules.timestamps or rules.tw_reuse == _NEVER:
            return False
        return rules.tw_reuse == _ALWAYS or is_loopback

    def is_due(self, expires_ms: int) -> bool:
        """Whether it has lasted long enough, where the takeover applies at all."""
        return self.rules is not None and expires_ms <= self._due_at

    def blocks_for_ms(self, expires_ms: int, applies: bool) -> int:
        """How long it stays in the way of its own destination."""
        ends_in = max(0, expires_ms - self.elapsed_ms)
        if self.rules is None or not applies:
            return ends_in
        return min(ends_in, max(0, expires_ms - self._due_at))

    @property
    def _due_at(self) -> int:
        """Where `expires_ms` is that low, the takeover is due. UNTOLD is higher."""
        assert self.rules is not None
        return min(TIME_WAIT_MS - self.rules.tw_reuse_delay_ms + self.elapsed_ms, UNTOLD - 1)
