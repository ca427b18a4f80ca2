"""The forecast: headroom by destination and address, and when TIME_WAIT ends."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import Address, Endpoint
from porttui.model.kernel import PortRange
from porttui.model.process import Process
from porttui.record import NamedTuple


class Headroom(NamedTuple):
    """How many further calls get a port before the first one that does not."""

    at_least: int
    """If everything unknown is at its worst."""
    at_most: int
    """If everything unknown is at its best."""
    expected: int
    """If every client left the choice of its port to the kernel, as nearly all do."""

    @property
    def is_exact(self) -> bool:
        """Whether nothing was left open."""
        return self.at_least == self.at_most


class ConnectPath(NamedTuple):
    """A local address and a remote endpoint: connections between them cannot share a port."""

    local: Address
    remote: Endpoint

    @property
    def key(self) -> tuple[bytes, bytes, int, str]:
        """Equal for 127.0.0.1 and ::ffff:127.0.0.1: their connections share ports.

        Its last part is the device that the client is bound to, or "".

        Who connects to a wildcard is connected to the address that it comes from (ip_route_output
        of net/ipv4/route.c; IPv6 takes ::1, net/ipv6/tcp_ipv6.c).
        """
        remote, port = self.remote
        to = self.local if remote.is_wildcard else remote
        return (self.local.unmapped, to.unmapped, port, self.local.zone or remote.zone)


class PortShare(NamedTuple):
    """How many ports a process holds."""

    process: Process
    ports: int


class Destination(NamedTuple):
    """The connections that this machine made from one address to one endpoint.

    Ports are those of the ephemeral range; what was accepted here is not among them.
    """

    local: Address
    remote: Endpoint
    in_use: int
    """Ports with a connection in any state, TIME_WAIT included."""
    time_wait: int
    """Of these in TIME_WAIT."""
    headroom: Headroom | None
    """For a connect(2) that leaves the choice of the port to the kernel (EADDRNOTAVAIL); None
    in an estimate."""
    recovers_in_s: float | None
    """When the first of the ports that only TIME_WAIT holds back can be used again, for this
    destination; None where there is none."""
    recovered_in_s: float | None
    """When the last one can."""
    holders: tuple[PortShare, ...]
    """Who connects; most ports first."""
    hidden: int
    """Ports whose holder this user may not see."""
    gone: int
    """Ports of connections that were closed before their holder was read."""
    listeners: tuple[Process, ...]
    """Who listens there, if it is this machine."""


class BindHeadroom(NamedTuple):
    """For a bind(2) to port 0 of an address, without SO_REUSEADDR (EADDRINUSE)."""

    address: Address
    """[::] is dual-stack."""
    headroom: Headroom


class Caveat(StrEnum):
    """Why the forecast may be inexact."""

    RULES_UNKNOWN = "rules_unknown"
    """The system is not Linux, or hides its sysctls: how it assigns ports is unknown, and
    nothing is predicted. The ports in use are counted, which is an estimate."""
    BOUND_INACTIVE_UNLISTED = "bound_inactive_unlisted"
    """TCP sockets that are bound and do not listen are not listed by this source, or by this
    kernel: what is left to TCP is "at most"."""
    AGES_UNKNOWN = "ages_unknown"
    """The source does not report how long TIME_WAIT lasts: none is expected to be taken over."""
    PORTS_SHARED = "ports_shared"
    """ip_autobind_reuse is set: a bind(2) with SO_REUSEADDR gets a port when others do not."""


class Level(StrEnum):
    """How little is left."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    EXHAUSTED = "exhausted"
    UNKNOWN = "unknown"


class Forecast(NamedTuple):
    """What the ephemeral range still gives, in this network namespace.

    TCP and UDP do not take from each other. Ports are counted, not rows.
    """

    ephemeral: PortRange
    tcp_used: int
    """Ports with any TCP socket."""
    time_wait: int
    """Sockets in TIME_WAIT."""
    reusable: int | None
    """Of these the ones that a connect(2) to the same destination may take over by now; None in
    an estimate."""
    binds: tuple[BindHeadroom, ...]
    """None of them in an estimate."""
    destinations: tuple[Destination, ...]
    """Least headroom first; in an estimate most ports first."""
    udp_used: int
    udp_headroom: Headroom | None
    """For an IPv4 socket that is not bound, to any destination (EAGAIN); None in an
    estimate."""
    caveats: tuple[Caveat, ...]

    @property
    def is_estimate(self) -> bool:
        """Whether the rules of this system are not known, so that none were applied."""
        return Caveat.RULES_UNKNOWN in self.caveats
