"""The ephemeral range of this network namespace (ip-sysctl: ip_local_port_range)."""

from __future__ import annotations

from porttui.host.asking import HostError
from porttui.model.port_range import PortRange, RangeName, clip

_SYSCTL = "/proc/sys/net/ipv4/"


def read_ephemeral_range(sysctl: str = _SYSCTL) -> PortRange:
    """net.ipv4.ip_local_port_range, which governs IPv6 too, less ip_local_reserved_ports.

    Raises:
        HostError: the kernel does not tell.
    """
    try:
        with open(f"{sysctl}ip_local_port_range", "rb") as file:
            first, last = (int(word) for word in file.read().split())
        with open(f"{sysctl}ip_local_reserved_ports", "rb") as file:
            reserved = parse_spans(file.read())
    except (OSError, ValueError) as error:
        raise HostError(
            f"the kernel does not tell its ephemeral range ({sysctl}ip_local_port_range: {error})"
        ) from error
    return PortRange(RangeName.EPHEMERAL, first, last, clip(reserved, first, last))


def parse_spans(text: bytes) -> list[tuple[int, int]]:
    """The kernel's list b"8080,9000-9100" as inclusive spans; an empty list for an empty line.

    Raises:
        ValueError: `text` is no such list.
    """
    spans = []
    for part in filter(None, text.strip().split(b",")):
        first, _, last = part.partition(b"-")
        spans.append((int(first), int(last or first)))
    return spans
