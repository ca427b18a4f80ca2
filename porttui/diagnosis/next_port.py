"""Another port: free on every wanted address, for every kind of server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from porttui.diagnosis.diagnoser import Diagnoser
from porttui.model.address import Address, Protocol
from porttui.model.port_range import PortRange
from porttui.model.snapshot import Snapshot

FIRST_ORDINARY = 1024
"""Below are the well-known ports (RFC 6335), which are not for every user."""

MOST_PROBED = 2000
"""Ports that are tried before it is said that there is none."""


def next_ports(
    diagnoser: Diagnoser,
    snapshot: Snapshot,
    after: int,
    number: int,
    *,
    protocol: Protocol,
    addresses: Sequence[Address],
) -> tuple[int, ...]:
    """Up to `number` ports above `after` that nobody has and that could just now be bound.

    Outside the ephemeral range first, where no outgoing connection can take them: above `after`,
    then below it; then inside in the same order.
    """
    table = snapshot.sockets
    rows = range(table.udp_from) if protocol is Protocol.TCP else range(table.udp_from, len(table))
    taken = {table.local_ports[row] for row in rows}
    found: list[int] = []
    tried = 0
    for port in candidates(after, snapshot.ephemeral):
        if len(found) >= number or tried >= MOST_PROBED:
            break
        if port not in taken:
            tried += 1
            if diagnoser.can_be_had(protocol, port, addresses):
                found.append(port)
    return tuple(found)


def candidates(after: int, ephemeral: PortRange | None) -> Iterator[int]:
    """Every ordinary port that is not reserved, in the order of preference."""
    above = range(max(after + 1, FIRST_ORDINARY), 65536)
    below = range(FIRST_ORDINARY, min(after, 65536))
    if ephemeral is None:
        yield from above
        yield from below
        return
    lies_in = range(ephemeral.first, ephemeral.last + 1)
    yield from (port for port in above if port not in lies_in)
    yield from (port for port in below if port not in lies_in)
    # Not the reserved ones: somebody keeps those from outgoing connections for a server.
    yield from (port for port in above if port in ephemeral)
    yield from (port for port in below if port in ephemeral)
