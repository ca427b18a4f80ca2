"""Reads the ephemeral range of macOS (inet(4), IP_PORTRANGE) and Windows (Microsoft KB 929851).

netsh writes in the language of the system and in its own code page, so only digits and the shape of
lines are read, never words.
"""

from __future__ import annotations

import os
import re

from porttui.host.programs import run_system_tool
from porttui.host.request import HostError
from porttui.model.kernel import PortRange, RangeName, clip

_SYSCTL = ("sysctl", "-n", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last")
_VALUE = re.compile(r".*:\s*([0-9]+)")
_SPAN = re.compile(r"([0-9]+)\s+([0-9]+)\s*\*?")
_RULE = re.compile(r"-{3,}\s+-{3,}")
"""The line below the two column headings."""


def read_macos_range() -> PortRange:
    """net.inet.ip.portrange.first..last, for IPv4 and IPv6; macOS reserves no ports in it.

    Raises:
        HostError: sysctl(8) does not report it.
    """
    try:
        first, last = parse_macos_range(run_system_tool(_SYSCTL))
    except ValueError as error:
        raise HostError(f"sysctl did not report the ephemeral range: {error}") from error
    return PortRange(RangeName.EPHEMERAL, first, last)


def parse_macos_range(output: str) -> tuple[int, int]:
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


def read_windows_range() -> PortRange:
    """The dynamic ports of TCP over IPv4, without the excluded ones.

    Raises:
        HostError: netsh does not report them.
    """
    try:
        first, last = parse_dynamic_ports(_run_netsh("dynamicport", "tcp"))
        excluded = parse_excluded_spans(_run_netsh("excludedportrange", "protocol=tcp"))
    except ValueError as error:
        raise HostError(f"netsh did not report the ephemeral range: {error}") from error
    return PortRange(RangeName.EPHEMERAL, first, last, clip(excluded, first, last))


def parse_dynamic_ports(output: str) -> tuple[int, int]:
    """The first and the last port, from the first one and their number.

    Raises:
        ValueError: `output` does not have exactly these numbers, or they are not ports.
    """
    values = [match[1] for line in _lines(output) if (match := _VALUE.fullmatch(line))]
    if len(values) != 2:
        raise ValueError(f"a first port and a number of ports were expected, not {output[:200]!r}")
    first, count = int(values[0]), int(values[1])
    last = first + count - 1
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{count} ports from {first} on are no range of ports")
    return first, last


def parse_excluded_spans(output: str) -> list[tuple[int, int]]:
    """The excluded inclusive spans, unsorted and unmerged.

    Hyper-V and administrators (marked "*") exclude ports.

    Raises:
        ValueError: `output` is not such a table; it may have no rows.
    """
    lines = _lines(output)
    if not any(_RULE.fullmatch(line) for line in lines):
        raise ValueError(f"a table of excluded ports was expected, not {output[:200]!r}")
    spans = [match for line in lines if (match := _SPAN.fullmatch(line))]
    return [(int(span[1]), int(span[2])) for span in spans]


def _lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines()]


def _run_netsh(*arguments: str) -> str:
    """Output of "netsh int ipv4 show ..."."""
    # The full path: Windows looks for bare names in the current directory first.
    system = os.environ.get("SYSTEMROOT", r"C:\Windows")
    netsh = os.path.join(system, "System32", "netsh.exe")
    return run_system_tool((netsh, "int", "ipv4", "show", *arguments))
