"""Find the next free ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from porttui.diagnosis.diagnoser import Diagnoser
from porttui.model.address import Address, Protocol
from porttui.model.kernel import PortRange
from porttui.model.snapshot import Snapshot

FIRST_USER_PORT = 1024
"""Below are the well-known ports (RFC 6335), which not every user may bind."""

MAX_PROBED = 2000
"""Ports probed before the search gives up."""


def next_ports(
    diagnoser: Diagnoser,
    snapshot: Snapshot,
    after: int,
    count: int,
    *,
    protocol: Protocol,
    addresses: Sequence[Address],
) -> tuple[int, ...]:
    """Up to `count` ports above `after` that are unused and could be bound a moment ago.

    They are free on all `addresses`, or without any on the usual ones.

    Outside the ephemeral range first, where no outgoing connection can take them: above `after`,
    then below it; then inside in the same order.
    """
    addresses = addresses or diagnoser.default_addresses(protocol)
    table = snapshot.sockets
    rows = (
        range(table.udp_start) if protocol is Protocol.TCP else range(table.udp_start, len(table))
    )
    used = {table.local_ports[row] for row in rows}
    free_ports: list[int] = []
    probed = 0
    for port in candidate_ports(after, snapshot.ephemeral):
        if len(free_ports) >= count or probed >= MAX_PROBED:
            break
        if port not in used:
            probed += 1
            if diagnoser.is_bindable(protocol, port, addresses):
                free_ports.append(port)
    return tuple(free_ports)


def candidate_ports(after: int, ephemeral: PortRange | None) -> Iterator[int]:
    """Every ordinary port that is not reserved, in the order of preference."""
    above = range(max(after + 1, FIRST_USER_PORT), 65536)
    below = range(FIRST_USER_PORT, min(after, 65536))
    if ephemeral is None:
        yield from above
        yield from below
        return
    span = range(ephemeral.first, ephemeral.last + 1)
    yield from (port for port in above if port not in span)
    yield from (port for port in below if port not in span)
    # Not the reserved ones: they are kept from outgoing connections for a server.
    yield from (port for port in above if port in ephemeral)
    yield from (port for port in below if port in ephemeral)
