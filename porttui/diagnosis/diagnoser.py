"""Diagnose a port from the socket table and bind probes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from porttui.analysis.supervisors import CommandUser, origin_of
from porttui.diagnosis.judgement import BindProbes, judge
from porttui.host.contract import BindResult, Host
from porttui.model.address import Address, Endpoint, Family, Protocol
from porttui.model.diagnosis import Diagnosis, ReasonKind
from porttui.model.process import Process
from porttui.model.provenance import Origin, Supervisor
from porttui.model.snapshot import Snapshot
from porttui.record import NamedTuple
from porttui.sampling.sources import SnapshotSource

DEFAULT_ADDRESSES = ("127.0.0.1", "0.0.0.0", "::1", "::")
"""Where servers bind."""

CONTAINER_NAMES_TIMEOUT_S = 2.0
"""The time for all container names together: they are a courtesy."""


def default_addresses(host: Host, protocol: Protocol) -> tuple[Address, ...]:
    """Where servers bind on this machine: one without IPv6 has neither ::1 nor ::."""
    parsed = (Address.parse(address) for address in DEFAULT_ADDRESSES)
    return tuple(address for address in parsed if _is_local(host, protocol, address))


def _is_local(host: Host, protocol: Protocol, address: Address) -> bool:
    if address.family is Family.IPV4:
        return True  # local even where a sandbox forbids bind()
    # Port 0 is any port. An exhausted range or a missing permission says nothing of the address.
    answer = host.try_bind(protocol, Endpoint(address, 0), True)
    return answer not in (BindResult.NOT_LOCAL, BindResult.UNKNOWN)


class DiagnosisWithSnapshot(NamedTuple):
    """A diagnosis with the snapshot that it was made from."""

    diagnosis: Diagnosis
    snapshot: Snapshot


class Diagnoser:
    """Diagnoses ports of one host."""

    def __init__(self, host: Host, sampler: SnapshotSource) -> None:
        self._host = host
        self._sampler = sampler

    def diagnose(
        self, protocol: Protocol, port: int, addresses: Sequence[Address] = ()
    ) -> Diagnosis:
        """The diagnosis of `diagnose_with_snapshot`, alone."""
        return self.diagnose_with_snapshot(protocol, port, addresses).diagnosis

    def diagnose_with_snapshot(
        self, protocol: Protocol, port: int, addresses: Sequence[Address] = ()
    ) -> DiagnosisWithSnapshot:
        """Diagnose a port on these addresses, or without any on the usual ones.

        Binds each address for a moment, with SO_REUSEADDR and, where that succeeds, without.

        Raises:
            SampleError: the sockets could not be read.
        """
        requested = tuple(addresses) or self.default_addresses(protocol)
        result = self._read_and_judge(protocol, port, requested)
        verdicts = result.diagnosis.addresses
        if any(
            reason.kind is ReasonKind.UNLISTED for verdict in verdicts for reason in verdict.reasons
        ):
            # A socket may have come between the sample and the probe: a second sample lists it.
            result = self._read_and_judge(protocol, port, requested)
        return result

    def default_addresses(self, protocol: Protocol) -> tuple[Address, ...]:
        """The usual addresses of servers on this machine."""
        return default_addresses(self._host, protocol)

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
    ) -> DiagnosisWithSnapshot:
        snapshot = self._sampler.sample()
        # Never while the tables are read: the probes would be listed in them.
        probes = {address: self._probe(protocol, Endpoint(address, port)) for address in addresses}
        return DiagnosisWithSnapshot(judge(snapshot, protocol, port, probes), snapshot)

    def _probe(self, protocol: Protocol, endpoint: Endpoint) -> BindProbes:
        reusing = self._host.try_bind(protocol, endpoint, True)
        if reusing is not BindResult.BINDABLE:
            return BindProbes(reusing, reusing)
        return BindProbes(reusing, self._host.try_bind(protocol, endpoint, False))
