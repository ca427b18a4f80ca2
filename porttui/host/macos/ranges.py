"""The ephemeral range of macOS (inet(4), IP_PORTRANGE)."""

from __future__ import annotations

from porttui.host.request import HostError
from porttui.model.kernel import PortRange, RangeName

_COMMAND = ("sysctl", "-n", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last")
_TIMEOUT = 2.0
"""Seconds."""


def read_ephemeral_range() -> PortRange:
    """net.inet.ip.portrange.first..last, which govern IPv6 too; macOS reserves none of them.

    Raises:
        HostError: sysctl(8) does not tell.
    """
    try:
        first, last = parse_range(_run_sysctl())
    except ValueError as error:
        raise HostError(f"sysctl does not tell the ephemeral range: {error}") from error
    return PortRange(RangeName.EPHEMERAL, first, last)


def parse_range(output: str) -> tuple[int, int]:
    """The lowest and the highest port, from two lines with a number each.

    Raises:
        ValueError: `output` is something else.
    """
    words = output.split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise ValueError(f"two port numbers were expected, not {output[:80]!r}")
    # Where `first` is the higher one the kernel counts downwards (xnu: in_pcb.c).
    first, last = sorted(int(word) for word in words)
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{first}-{last} is no range of ports")
    return first, last


def _run_sysctl() -> str:
    # Imported here, not above: only this system needs it, and once.
    import subprocess

    try:
        result = subprocess.run(
            _COMMAND, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"sysctl did not answer in {_TIMEOUT:g} s") from error
    except OSError as error:
        raise HostError(f"sysctl cannot be run: {error.strerror}") from error
    if result.returncode != 0:
        raise HostError(f"sysctl failed with exit status {result.returncode}")
    return result.stdout.decode("ascii", "replace")
