"""Diagnose a port and find free ones, from the socket table and bind probes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

from porttui.analysis.supervisors import CommandUser, origin_of
from porttui.diagnosis.judgement import BindProbes, judge, refusal_kind
from porttui.host.contract import BindResult, Host
from porttui.model.address import Address, Endpoint, Family, Protocol, zones_meet
from porttui.model.diagnosis import Diagnosis, ReasonKind
from porttui.model.kernel import PortRange
from porttui.model.process import Process
from porttui.model.provenance import Origin, Supervisor
from porttui.model.snapshot import Snapshot
from porttui.sampling.sources import SnapshotSource
from porttui.text.diagnosis import refusal_text

DEFAULT_ADDRESSES = ("127.0.0.1", "0.0.0.0", "::1", "::")
"""Where servers bind."""

CONTAINER_NAMES_TIMEOUT_S = 2.0
"""The time for all container names together: they are a courtesy."""

_FIRST_USER_PORT = 1024
"""Below are the well-known ports (RFC 6335), which not every user may bind."""

_MAX_PROBED = 2000
"""Ports probed before the search gives up."""


def default_addresses(host: Host, protocol: Protocol) -> tuple[Address, ...]:
    """Where servers bind on this machine: one without IPv6 has neither ::1 nor ::."""
    parsed = (Address.parse(address) for address in DEFAULT_ADDRESSES)
    return tuple(address for address in parsed if _is_local(host, protocol, address))


def _is_local(host: Host, protocol: Protocol, address: Address) -> bool:
    if address.family is Family.IPV4:
        return True  # local even where a sandbox forbids bind()
    # Port 0 is any port. An exhausted range or a missing permission says nothing of the address.
    answer = host.try_bind(protocol, Endpoint(address, 0), True)
    unavailable = (BindResult.NOT_LOCAL, BindResult.IPV6_OFF, BindResult.UNKNOWN)
    return answer not in unavailable


def bind_refusal(host: Host, protocol: Protocol, addresses: Sequence[Address]) -> str | None:
    """Why no port of one of these addresses can be bound, whatever it is; None where one may be.

    Port 0 stands for any.
    """
    for address in addresses:
        answer = host.try_bind(protocol, Endpoint(address, 0), True)
        if answer.ends_a_wait:
            return refusal_text(refusal_kind(answer), address, 0)
    return None


class Diagnoser:
    def __init__(self, host: Host, sampler: SnapshotSource) -> None:
        self._host = host
        self._sampler = sampler

    def diagnose(
        self, protocol: Protocol, port: int, addresses: Sequence[Address] = ()
    ) -> Diagnosis:
        """The diagnosis of `diagnose_with_snapshot`, alone."""
        diagnosis, _ = self.diagnose_with_snapshot(protocol, port, addresses)
        return diagnosis

    def diagnose_with_snapshot(
        self, protocol: Protocol, port: int, addresses: Sequence[Address] = ()
    ) -> tuple[Diagnosis, Snapshot]:
        """Diagnose a port on these addresses, or without any on the usual ones.

        The snapshot is what the diagnosis was made from.

        Binds each address for a moment, with SO_REUSEADDR and, where that succeeds, without.

        Raises:
            SampleError: the sockets could not be read.
        """
        requested = tuple(addresses) or self.default_addresses(protocol)
        diagnosis, snapshot = self._read_and_judge(protocol, port, requested)
        reasons = (reason for verdict in diagnosis.addresses for reason in verdict.reasons)
        if any(reason.kind is ReasonKind.UNLISTED for reason in reasons):
            # A socket may have come between the sample and the probe: a second sample lists it.
            return self._read_and_judge(protocol, port, requested)
        return diagnosis, snapshot

    def default_addresses(self, protocol: Protocol) -> tuple[Address, ...]:
        """The usual addresses of servers on this machine."""
        return default_addresses(self._host, protocol)

    @property
    def first_bindable_port(self) -> int:
        """The lowest port that this user may bind."""
        return self._host.first_bindable_port()

    def origin(self, process: Process) -> Origin:
        """The provenance of a process, with what may restart it."""
        user = CommandUser(self._host.uid, self._host.has_systemd)
        return origin_of(self._host.read_provenance(process), user)

    def with_container_names(self, origins: Sequence[Origin]) -> tuple[Origin, ...]:
        """The same with the names of their containers, as far as they are known in time."""
        deadline = time.monotonic() + CONTAINER_NAMES_TIMEOUT_S
        return tuple(
            origin._replace(
                supervisors=tuple(
                    self._with_container_name(supervisor, deadline)
                    for supervisor in origin.supervisors
                )
            )
            for origin in origins
        )

    def _with_container_name(self, supervisor: Supervisor, deadline: float) -> Supervisor:
        container = supervisor.container
        if container is None or not supervisor.command:
            return supervisor  # without a command anybody may have chosen the id
        name = self._host.container_name(container, deadline - time.monotonic())
        return supervisor._replace(container=container._replace(name=name))

    def is_bindable(self, protocol: Protocol, port: int, addresses: Sequence[Address]) -> bool:
        """Whether every kind of server could bind the port on all the addresses."""
        for address in addresses:
            probes = self._probe(protocol, Endpoint(address, port))
            if probes != (BindResult.BINDABLE, BindResult.BINDABLE):
                return False
        return True

    def _read_and_judge(
        self, protocol: Protocol, port: int, addresses: Sequence[Address]
    ) -> tuple[Diagnosis, Snapshot]:
        snapshot = self._sampler.sample()
        # Never while the tables are read: the probes would be listed in them.
        probes = {address: self._probe(protocol, Endpoint(address, port)) for address in addresses}
        return judge(snapshot, protocol, port, probes), snapshot

    def _probe(self, protocol: Protocol, endpoint: Endpoint) -> BindProbes:
        reusing = self._host.try_bind(protocol, endpoint, True)
        if reusing is not BindResult.BINDABLE:
            return BindProbes(reusing, reusing)
        return BindProbes(reusing, self._host.try_bind(protocol, endpoint, False))


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
    ports = table.local_ports
    # What is bound to another device is not in the way.
    possible_addresses = {
        number
        for number, local in enumerate(table.side.addresses)
        if local is not None and any(zones_meet(local, address) for address in addresses)
    }
    tcp, udp = range(table.udp_start), range(table.udp_start, len(table))
    rows = tcp if protocol is Protocol.TCP else udp
    used = {ports[row] for row in rows if table.local_addresses[row] in possible_addresses}
    least = max(_FIRST_USER_PORT, diagnoser.first_bindable_port)
    candidates = _candidate_ports(after, snapshot.ephemeral, least)
    unused = (port for port in candidates if port not in used)
    probed = islice(unused, _MAX_PROBED)
    free = (port for port in probed if diagnoser.is_bindable(protocol, port, addresses))
    return tuple(islice(free, count))


def _candidate_ports(after: int, ephemeral: PortRange | None, least: int) -> Iterator[int]:
    """Every port from `least` on that is not reserved, in the order of preference."""
    above = range(max(after + 1, least), 65536)
    below = range(least, min(after, 65536))
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
