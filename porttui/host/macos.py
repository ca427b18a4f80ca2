"""Reads the ephemeral range of macOS (inet(4), IP_PORTRANGE)."""

from __future__ import annotations

from porttui.host.programs import run_system_tool
from porttui.host.request import HostError
from porttui.model.kernel import PortRange, RangeName

_COMMAND = ("sysctl", "-n", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last")


def read_ephemeral_range() -> PortRange:
    """net.inet.ip.portrange.first..last, for IPv4 and IPv6; macOS reserves no ports in it.

    Raises:
        HostError: sysctl(8) does not report it.
    """
    try:
        first, last = parse_range(run_system_tool(_COMMAND))
    except ValueError as error:
        raise HostError(f"sysctl did not report the ephemeral range: {error}") from error
    return PortRange(RangeName.EPHEMERAL, first, last)


def parse_range(output: str) -> tuple[int, int]:
    """The lowest and the highest port, from two lines of one number.

    Raises:
        ValueError: `output` has another form.
    """
    words = output.split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise ValueError(f"two port numbers were expected, not {output[:80]!r}")
    # If `first` is higher, the kernel counts downwards (xnu: in_pcb.c).
    first, last = sorted(int(word) for word in words)
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{first}-{last} is no range of ports")
    return first, last
