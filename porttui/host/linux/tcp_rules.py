"""The rules for using a port again (ip-sysctl), in this network namespace."""

from __future__ import annotations

from porttui.model.tcp_rules import TcpRules

_SYSCTL = "/proc/sys/net/ipv4/"
_USUAL_DELAY_MS = 1000


def read_tcp_rules(sysctl: str = _SYSCTL) -> TcpRules | None:
    """The rules; None where the kernel does not tell them."""
    try:
        return TcpRules(
            tw_reuse=_number(f"{sysctl}tcp_tw_reuse"),
            timestamps=_number(f"{sysctl}tcp_timestamps") != 0,
            tw_reuse_delay_ms=_number(f"{sysctl}tcp_tw_reuse_delay", _USUAL_DELAY_MS),
            # Linux 5.7 brought it.
            autobind_reuse=_number(f"{sysctl}ip_autobind_reuse", 0) != 0,
        )
    except (OSError, ValueError):
        return None


def _number(path: str, where_absent: int | None = None) -> int:
    try:
        with open(path, "rb") as file:
            return int(file.read())
    except FileNotFoundError:
        if where_absent is None:
            raise
        return where_absent
