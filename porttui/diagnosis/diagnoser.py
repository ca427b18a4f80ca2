"""Asks the machine about one port: first what is listed, then what binding it says."""

from __future__ import annotations

import time
from collections.abc import Sequence

from porttui.analysis.supervisors import Viewer, origin_of
from porttui.diagnosis.judgement import Probes, judge
from porttui.host.contract import BindAnswer, Host
from porttui.model.address import Address, Endpoint, Family, Protocol
from porttui.model.diagnosis import Diagnosis, Why
from porttui.model.origin import Origin, Supervisor
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.record import NamedTuple
from porttui.sampling.snapshots import SnapshotSource

USUAL_ADDRESSES = ("127.0.0.1", "0.0.0.0", "::1", "::")
"""Where servers bind."""

NAMES_S = 2.0
"""How long all names of containers together may take: they are a courtesy."""


def usual_addresses(host: Host, protocol: Protocol) -> tuple[Address, ...]:
    """Where servers bind on this machine: one without IPv6 has neither ::1 nor ::."""
    every = (Address.parse(each) for each in USUAL_ADDRESSES)
    return tuple(each for each in every if _is_here(host, protocol, each))


def _is_here(host: Host, protocol: Protocol, address: Address) -> bool:
    if address.family is Family.IPV4:
        return True  # where a sandbox forbids to try it, it is there nevertheless
    # Port 0 is any port; that none is left, or that it is not permitted, is another matter.
    answer = host.try_bind(protocol, Endpoint(address, 0), True)
    return answer not in (BindAnswer.NOT_HERE, BindAnswer.UNKNOWN)


class Look(NamedTuple):
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
        return self.look(protocol, port, addresses).diagnosis

    def look(self, protocol: Protocol, port: int, addresses: Sequence[Address] = ()) -> Look:
        """What is true of a port on these addresses, or on the usual ones.

        Binds each address for a moment, with SO_REUSEADDR and, where that succeeds, without.

        Raises:
            SampleError: the sockets could not be read.
        """
        wanted = tuple(addresses) or usual_addresses(self._host, protocol)
        found = self._look(protocol, port, wanted)
        verdicts = found.diagnosis.addresses
        if any(reason.why is Why.UNSEEN for each in verdicts for reason in each.reasons):
            # Between the look and the probe somebody may have come: a second look would see them.
            found = self._look(protocol, port, wanted)
        return found

    def origin(self, process: Process) -> Origin:
        """Where a process comes from, and who may start it again."""
        viewer = Viewer(self._host.uid, self._host.has_systemd)
        return origin_of(self._host.read_traces(process), viewer)

    def named(self, origins: Sequence[Origin]) -> tuple[Origin, ...]:
        """The same with the names of their containers, as far as those are told within NAMES_S."""
        until = time.monotonic() + NAMES_S
        return tuple(
            origin._replace(
                supervisors=tuple(self._named(each, until) for each in origin.supervisors)
            )
            for origin in origins
        )

    def _named(self, supervisor: Supervisor, until: float) -> Supervisor:
        container = supervisor.container
        if container is None or not supervisor.command:
            return supervisor  # an id that anybody may have chosen has no name
        name = self._host.container_name(container, until - time.monotonic())
        return supervisor._replace(container=container._replace(name=name))

    def can_be_had(self, protocol: Protocol, port: int, addresses: Sequence[Address]) -> bool:
        """Whether every kind of server could bind the port on all the addresses."""
        for address in addresses:
            probes = self._probe(protocol, Endpoint(address, port))
            if probes != (BindAnswer.BINDABLE, BindAnswer.BINDABLE):
                return False
        return True

    def _look(self, protocol: Protocol, port: int, addresses: Sequence[Address]) -> Look:
        snapshot = self._sampler.sample()
        # Never while the tables are read: the probes would be listed in them.
        probes = {each: self._probe(protocol, Endpoint(each, port)) for each in addresses}
        return Look(judge(snapshot, protocol, port, probes), snapshot)

    def _probe(self, protocol: Protocol, endpoint: Endpoint) -> Probes:
        reusing = self._host.try_bind(protocol, endpoint, True)
        if reusing is not BindAnswer.BINDABLE:
            return Probes(reusing, reusing)
        return Probes(reusing, self._host.try_bind(protocol, endpoint, False))
