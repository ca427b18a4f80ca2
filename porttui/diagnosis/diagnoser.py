"""Asks the machine about one port: first what is listed, then what binding it says."""

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
from porttui.sampling.snapshots import SnapshotSource

DEFAULT_ADDRESSES = ("127.0.0.1", "0.0.0.0", "::1", "::")
"""Where servers bind."""

CONTAINER_NAMES_TIMEOUT_S = 2.0
"""How long all names of containers together may take: they are a courtesy."""


def default_addresses(host: Host, protocol: Protocol) -> tuple[Address, ...]:
    """Where servers bind on this machine: one without IPv6 has neither ::1 nor ::."""
    parsed = (Address.parse(address) for address in DEFAULT_ADDRESSES)
    return tuple(address for address in parsed if _is_local(host, protocol, address))


def _is_local(host: Host, protocol: Protocol, address: Address) -> bool:
    if address.family is Family.IPV4:
        return True  # where a sandbox forbids to try it, it is there nevertheless
    # Port 0 is any port; that none is left, or that it is not permitted, is another matter.
    answer = host.try_bind(protocol, Endpoint(address, 0), True)
    return answer not in (BindResult.NOT_LOCAL, BindResult.UNKNOWN)


class DiagnosisWithSnapshot(NamedTuple):
    """A diagnosis, and the look at the machine that it rests on."""

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
        """See `look`."""
        return self.diagnose_with_snapshot(protocol, port, addresses).diagnosis

    def diagnose_with_snapshot(
        self, protocol: Protocol, port: int, addresses: Sequence[Address] = ()
    ) -> DiagnosisWithSnapshot:
        """What is true of a port on these addresses, or on the usual ones.

        Binds each address for a moment, with SO_REUSEADDR and, where that succeeds, without.

        Raises:
            SampleError: the sockets could not be read.
        """
        requested = tuple(addresses) or default_addresses(self._host, protocol)
        result = self._read_and_judge(protocol, port, requested)
        verdicts = result.diagnosis.addresses
        if any(
            reason.kind is ReasonKind.UNLISTED for verdict in verdicts for reason in verdict.reasons
        ):
            # Between the look and the probe somebody may have come: a second look would see them.
            result = self._read_and_judge(protocol, port, requested)
        return result

    def origin(self, process: Process) -> Origin:
        """Where a process comes from, and who may start it again."""
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
            return supervisor  # an id that anybody may have chosen has no name
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
