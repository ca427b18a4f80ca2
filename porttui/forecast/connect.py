"""Forecasts connect(2): how many more connections to a destination get a port.

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

from porttui.forecast.occupancy import ConnectPathKey, Occupancy, accepts
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import ConnectPath, Destination, Headroom, PortShare
from porttui.model.kernel import TcpRules
from porttui.model.process import Process
from porttui.model.socket import LOOPBACK_DEVICE
from porttui.model.socket_table import GONE, HIDDEN, LISTEN, UNKNOWN_NUMBER, SocketTable
from porttui.record import NamedTuple

TIME_WAIT_MS = 60_000
"""How long it lasts (include/net/tcp.h, TCP_TIMEWAIT_LEN)."""

_NEVER, _ALWAYS = 0, 1


class TimeWaitReuse(NamedTuple):
    """When connect(2) may take over a port in TIME_WAIT (net/ipv4/tcp_ipv4.c, tcp_twsk_unique)."""

    rules: TcpRules

    def max_expires_ms(self, is_loopback: bool) -> int:
        """The largest `expires_ms` of a reusable port; -1 where no port is reusable.

        The kernel checks the timestamps of the connection that ended, and not at the sysctl:
        the other machine may have had none.

        Args:
            is_loopback: One of the ends is a loopback address. The machine's own other addresses
                are none to the kernel (measured).
        """
        rules = self.rules
        if not rules.timestamps or rules.tw_reuse == _NEVER:
            return -1
        if rules.tw_reuse != _ALWAYS and not is_loopback:
            return -1
        # An unknown age, UNKNOWN_NUMBER, exceeds it.
        return max(-1, TIME_WAIT_MS - rules.tw_reuse_delay_ms)

    def wait_ms(self, expires_ms: int, is_loopback: bool) -> int:
        """How long TIME_WAIT stays in the way of another connection between its two ends."""
        max_expires_ms = self.max_expires_ms(is_loopback)
        return expires_ms if max_expires_ms < 0 else max(0, expires_ms - max_expires_ms)


class ConnectForecast:
    """Headroom of connect(2) for each path of an occupancy."""

    def __init__(self, occupancy: Occupancy, time_wait_reuse: TimeWaitReuse | None) -> None:
        """Find the TIME_WAIT sockets that block their path.

        Args:
            occupancy: The TCP ports of the range.
            time_wait_reuse: None where the rules of the system are unknown.
        """
        self._occupancy = occupancy
        self._sockets = occupancy.sockets
        self._time_wait_reuse = time_wait_reuse
        self._loopback = {
            address.unmapped
            for address in occupancy.sockets.side.addresses
            if address and address.is_loopback
        }
        self._not_reusable = {
            key: self._select_not_reusable(key, rows)
            for key, rows in occupancy.in_time_wait.items()
        }

    @property
    def reusable(self) -> int | None:
        """Sockets in TIME_WAIT whose port the next connection of their path may take over."""
        if self._time_wait_reuse is None:
            return None
        bound_ports = self._occupancy.bound_ports
        reusable = 0
        for key, all_rows in self._occupancy.in_time_wait.items():
            blocked = self._not_reusable[key]
            if len(blocked) < len(all_rows):
                reusable += len(all_rows) - len(blocked)
                if bound_ports:
                    reusable -= self._count_bound(all_rows) - self._count_bound(blocked)
        return reusable

    def destination(self, path: ConnectPath) -> Destination:
        """All about this path, whether it has connections or not."""
        key = path.key
        rows = self._occupancy.connected.get(key, ())
        first, last = self._recovery_s(key)
        connected = self._ports(rows)
        time_wait = self._ports(self._occupancy.in_time_wait.get(key, ())) - connected
        ownerships = bytes(map(self._sockets.ownerships.__getitem__, rows))
        return Destination(
            local=path.local,
            remote=path.remote,
            in_use=len(connected) + len(time_wait),
            time_wait=len(time_wait),
            headroom=self._headroom(key),
            recovers_in_s=first,
            recovered_in_s=last,
            holders=_shares(self._sockets, rows),
            hidden=ownerships.count(HIDDEN),
            gone=ownerships.count(GONE),
            listeners=self._listeners(_path(key).remote),
        )

    def most_used(self, top: int) -> list[ConnectPath]:
        """The paths with most ports in the way of another connection."""
        blocking = {key: len(rows) for key, rows in self._occupancy.connected.items()}
        for key, rows in self._not_reusable.items():
            blocking[key] = blocking.get(key, 0) + len(rows)
        if len(blocking) > top:
            from heapq import nlargest  # seldom needed

            return [_path(key) for key in nlargest(top, blocking, key=blocking.__getitem__)]
        return [_path(key) for key in sorted(blocking, key=blocking.__getitem__, reverse=True)]

    def _headroom(self, key: ConnectPathKey) -> Headroom | None:
        if self._time_wait_reuse is None:
            return None
        occupancy = self._occupancy
        blocked = set[int]()
        # Connections of a socket without a device block all; those of a device block its own (net/
        # ipv4/inet_hashtables.c, __inet_check_established; include/net/inet_sock.h,
        # inet_sk_bound_dev_eq).
        for zone in {"", key[-1]}:
            in_zone = (*key[:3], zone)
            blocked |= self._ports(occupancy.connected.get(in_zone, ()))
            blocked |= self._ports(self._not_reusable.get(in_zone, ()))
        left = occupancy.ephemeral.capacity - len(blocked | occupancy.bound_ports)
        return Headroom(occupancy.minimum_left(occupancy.used), left, left)

    def _select_not_reusable(self, key: ConnectPathKey, rows: Sequence[int]) -> Sequence[int]:
        max_expires_ms = (
            -1
            if self._time_wait_reuse is None
            else self._time_wait_reuse.max_expires_ms(self._is_loopback(key))
        )
        if max_expires_ms < 0:
            return rows
        expires = self._sockets.expires_ms
        return [row for row in rows if expires[row] > max_expires_ms]

    def _count_bound(self, rows: Iterable[int]) -> int:
        ports, bound_ports = self._sockets.local_ports, self._occupancy.bound_ports
        return sum(ports[row] in bound_ports for row in rows)

    def _recovery_s(self, key: ConnectPathKey) -> tuple[float, float] | tuple[None, None]:
        """How long TIME_WAIT still blocks the first and the last port that nothing else blocks."""
        ports, bound_ports = self._sockets.local_ports, self._occupancy.bound_ports
        all_expires_ms = self._sockets.expires_ms
        expires = [
            all_expires_ms[row]
            for row in self._not_reusable.get(key, ())
            if ports[row] not in bound_ports
        ]
        known = [ms for ms in expires if ms != UNKNOWN_NUMBER]
        if not known or self._time_wait_reuse is None:
            return None, None
        is_loopback = self._is_loopback(key)
        first = self._time_wait_reuse.wait_ms(min(known), is_loopback)
        last = self._time_wait_reuse.wait_ms(max(known), is_loopback)
        return first / 1000, last / 1000

    def _listeners(self, remote: Endpoint) -> tuple[Process, ...]:
        sockets, address = self._sockets, remote.address
        if not address.is_loopback and address.unmapped not in self._own:
            return ()
        device = LOOPBACK_DEVICE if address.is_loopback else ""
        listeners: dict[Process, None] = {}
        for row in sockets.rows_in_state(LISTEN):
            if sockets.local_ports[row] == remote.port and accepts(sockets, row, address, device):
                listeners |= dict.fromkeys(sockets.side.holder_sets[sockets.holder_sets[row]])
        return tuple(listeners)

    @cached_property
    def _own(self) -> set[bytes]:
        """Addresses of this machine, as far as a socket has them."""
        addresses = self._sockets.side.addresses
        local = [addresses[number] for number in set(self._sockets.local_addresses)]
        return {address.unmapped for address in local if address and not address.is_wildcard}

    def _is_loopback(self, key: ConnectPathKey) -> bool:
        return key[0] in self._loopback or key[1] in self._loopback

    def _ports(self, rows: Iterable[int]) -> set[int]:
        return set(map(self._sockets.local_ports.__getitem__, rows))


def _path(key: ConnectPathKey) -> ConnectPath:
    local, remote, port, zone = key
    to = Address.of_packed(remote)
    if to.is_link_local:
        to = Address.of_packed(remote, zone)
    return ConnectPath(Address.of_packed(local, zone), Endpoint(to, port))


def _shares(sockets: SocketTable, rows: Sequence[int]) -> tuple[PortShare, ...]:
    """Who holds these sockets of one path."""
    held: Counter[Process] = Counter()
    for number, count in Counter(map(sockets.holder_sets.__getitem__, rows)).items():
        for process in sockets.side.holder_sets[number]:
            held[process] += count
    shares = [PortShare(process, count) for process, count in held.items()]
    shares.sort(key=lambda share: (-share.ports, share.process.pid))
    return tuple(shares)
