"""How many connections to a destination are left: what connect(2) will find.

It gets a port of the range that nobody bound, and that the same two ends do not use already, but
for TIME_WAIT that may be taken over. A client that bound its port before connecting spoils it for
every destination, and nothing tells it from one that did not: two connections to different
destinations from one address and port prove nothing, since clients with SO_REUSEADDR may bind
the same (measured on 6.18). So the ports of all other connections count as left only in
`at_most`, with those of accepted connections whose listener is gone, which are spoilt as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from porttui.forecast.occupancy import FlowKey, Occupancy, accepts
from porttui.forecast.time_wait import Takeover
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import Destination, Flow, Headroom, PortShare
from porttui.model.process import Process
from porttui.model.socket import Ownership
from porttui.model.socket_table import LISTEN, OWNERSHIP_CODES, UNTOLD, SocketTable

_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]
_GONE = OWNERSHIP_CODES[Ownership.GONE]


class Flows:
    """The flows of an occupancy, and what they leave."""

    def __init__(self, taken: Occupancy, takeover: Takeover | None) -> None:
        """See who is in whose way.

        Args:
            taken: The TCP ports of the range.
            takeover: How TIME_WAIT is treated; None where that is not known, and nothing else
                of how ports are given out.
        """
        self._taken = taken
        self._sockets = taken.sockets
        self._takeover = takeover
        self._loopback = {
            each.unmapped for each in taken.sockets.side.addresses if each and each.is_loopback
        }
        self._waiting = {key: self._still_waiting(key, rows) for key, rows in taken.waiting.items()}

    @property
    def reusable(self) -> int | None:
        """Sockets in TIME_WAIT whose port the next connection of their flow may take over."""
        if self._takeover is None:
            return None
        hard = self._taken.hard
        reusable = 0
        for key, every in self._taken.waiting.items():
            still = self._waiting[key]
            if len(still) < len(every):
                reusable += len(every) - len(still)
                if hard:
                    reusable -= self._on_hard(every) - self._on_hard(still)
        return reusable

    def headroom(self, flow: Flow) -> Headroom | None:
        """How many connections of this flow are left; None where the rules are not known."""
        return self._headroom(flow.key)

    def destination(self, flow: Flow) -> Destination:
        """All about this flow, whether it has connections or not."""
        key = flow.key
        rows = self._taken.connected.get(key, ())
        first, last = self._recovery_s(key)
        connected = self._ports(rows)
        waiting = self._ports(self._taken.waiting.get(key, ())) - connected
        ownerships = bytes(map(self._sockets.ownerships.__getitem__, rows))
        return Destination(
            local=flow.local,
            remote=flow.remote,
            in_use=len(connected) + len(waiting),
            time_wait=len(waiting),
            headroom=self._headroom(key),
            recovers_in_s=first,
            recovered_in_s=last,
            holders=_shares(self._sockets, rows),
            hidden=ownerships.count(_HIDDEN),
            gone=ownerships.count(_GONE),
            listeners=self._listeners(_flow(key).remote),
        )

    def pressing(self, top: int) -> list[Flow]:
        """The flows with most ports in the way of another connection."""
        blocking = {key: len(rows) for key, rows in self._taken.connected.items()}
        for key, rows in self._waiting.items():
            blocking[key] = blocking.get(key, 0) + len(rows)
        if len(blocking) > top:
            from heapq import nlargest  # seldom needed

            return [_flow(key) for key in nlargest(top, blocking, key=blocking.__getitem__)]
        return [_flow(key) for key in sorted(blocking, key=blocking.__getitem__, reverse=True)]

    def _headroom(self, key: FlowKey) -> Headroom | None:
        if self._takeover is None:
            return None
        taken = self._taken
        blocked = self._ports(taken.connected.get(key, ()))
        blocked |= self._ports(self._waiting.get(key, ()))
        left = taken.ephemeral.capacity - len(blocked | taken.hard)
        return Headroom(taken.surely_left(taken.used), left, left)

    def _still_waiting(self, key: FlowKey, waiting: Sequence[int]) -> Sequence[int]:
        due = -1 if self._takeover is None else self._takeover.due_ms(self._is_loopback(key))
        if due < 0:
            return waiting
        expires = self._sockets.expires_ms
        return [row for row in waiting if expires[row] > due]

    def _on_hard(self, rows: Iterable[int]) -> int:
        ports, hard = self._sockets.local_ports, self._taken.hard
        return sum(ports[row] in hard for row in rows)

    def _recovery_s(self, key: FlowKey) -> tuple[float, float] | tuple[None, None]:
        """How long the first and the last port is blocked yet that only TIME_WAIT blocks."""
        ports, hard = self._sockets.local_ports, self._taken.hard
        every = self._sockets.expires_ms
        expires = [every[row] for row in self._waiting.get(key, ()) if ports[row] not in hard]
        told = [each for each in expires if each != UNTOLD]
        if not told or self._takeover is None:
            return None, None
        is_loopback = self._is_loopback(key)
        first = self._takeover.wait_ms(min(told), is_loopback)
        last = self._takeover.wait_ms(max(told), is_loopback)
        return first / 1000, last / 1000

    def _listeners(self, remote: Endpoint) -> tuple[Process, ...]:
        sockets, address = self._sockets, remote.address
        if not address.is_loopback and address.unmapped not in self._own:
            return ()
        found: dict[Process, None] = {}
        for row in sockets.rows_in(LISTEN):
            if sockets.local_ports[row] == remote.port and accepts(sockets, row, address):
                found |= dict.fromkeys(sockets.side.groups[sockets.groups[row]])
        return tuple(found)

    @cached_property
    def _own(self) -> set[bytes]:
        """Addresses of this machine, as far as a socket has them."""
        addresses = self._sockets.side.addresses
        local = [addresses[number] for number in set(self._sockets.local_addresses)]
        return {each.unmapped for each in local if each and not each.is_wildcard}

    def _is_loopback(self, key: FlowKey) -> bool:
        return key[0] in self._loopback or key[1] in self._loopback

    def _ports(self, rows: Iterable[int]) -> set[int]:
        return set(map(self._sockets.local_ports.__getitem__, rows))


def _flow(key: FlowKey) -> Flow:
    local, remote, port = key
    return Flow(Address.of_packed(local), Endpoint(Address.of_packed(remote), port))


def _shares(sockets: SocketTable, rows: Sequence[int]) -> tuple[PortShare, ...]:
    """Who holds these sockets of one flow."""
    held: Counter[Process] = Counter()
    for group, count in Counter(map(sockets.groups.__getitem__, rows)).items():
        for process in sockets.side.groups[group]:
            held[process] += count
    shares = [PortShare(process, count) for process, count in held.items()]
    shares.sort(key=lambda each: (-each.ports, each.process.pid))
    return tuple(shares)
