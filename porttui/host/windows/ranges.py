"""The ephemeral range of Windows, from netsh (Microsoft KB 929851).

netsh speaks the language of the system in a code page of its own, so only digits and the shape
of the lines are read, never words.
"""

from __future__ import annotations

import os
import re

from porttui.host.request import HostError
from porttui.model.kernel import PortRange, RangeName, clip

_TIMEOUT = 2.0
"""Seconds, for each of the two calls."""

_VALUE = re.compile(r".*:\s*([0-9]+)")
_SPAN = re.compile(r"([0-9]+)\s+([0-9]+)\s*\*?")
_RULE = re.compile(r"-{3,}\s+-{3,}")
"""The line under the heads of the two columns."""


def read_ephemeral_range() -> PortRange:
    """The dynamic ports for TCP over IPv4, less the excluded ones.

    Raises:
        HostError: netsh does not tell.
    """
    try:
        first, last = parse_dynamic_ports(_run_netsh("dynamicport", "tcp"))
        excluded = parse_excluded_spans(_run_netsh("excludedportrange", "protocol=tcp"))
    except ValueError as error:
        raise HostError(f"netsh does not tell the ephemeral range: {error}") from error
    return PortRange(RangeName.EPHEMERAL, first, last, clip(excluded, first, last))


def parse_dynamic_ports(output: str) -> tuple[int, int]:
    """The first and the last port, from the first one and how many there are.

    Raises:
        ValueError: `output` does not have just these two numbers, or they are no ports.
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
    """The excluded spans, both ends included, as they come: in order, touching, anywhere.

    Hyper-V and administrators (marked "*") take ports out of use this way.

    Raises:
        ValueError: `output` is no such table. A table without rows is one.
    """
    lines = _lines(output)
    if not any(_RULE.fullmatch(line) for line in lines):
        raise ValueError(f"a table of excluded ports was expected, not {output[:200]!r}")
    spans = [match for line in lines if (match := _SPAN.fullmatch(line))]
    return [(int(span[1]), int(span[2])) for span in spans]


def _lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines()]


def _run_netsh(*arguments: str) -> str:
    """What "netsh int ipv4 show ..." answers, with U+FFFD for every byte that is not ASCII."""
    # Imported here, not above: only this system needs it, and once.
    import subprocess

    # By its whole path: Windows looks for bare names in the current directory first.
    system = os.environ.get("SYSTEMROOT", r"C:\Windows")
    netsh = os.path.join(system, "System32", "netsh.exe")
    command = (netsh, "int", "ipv4", "show", *arguments)
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"netsh did not answer in {_TIMEOUT:g} s") from error
    except OSError as error:
        raise HostError(f"netsh cannot be run: {error.strerror}") from error
    if result.returncode != 0:
        raise HostError(f"netsh failed with exit status {result.returncode}")
    return result.stdout.decode("ascii", "replace")
