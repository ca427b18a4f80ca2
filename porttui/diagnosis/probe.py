"""Probe every address of a host name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from porttui.diagnosis.devices import device_of, read_devices
from porttui.host.connect_probe import CONNECT_TIMEOUT_S, probe_endpoint, resolve
from porttui.host.contract import Host
from porttui.host.request import SocketRequest
from porttui.model.address import Endpoint, Protocol
from porttui.model.probe import ConnectProbe, ProbeResult
from porttui.model.process import Process, Suspension
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.sampling.sources import SampleError, SnapshotSource


def probe_host(
    machine: Host,
    sampler: SnapshotSource,
    host: str,
    port: int,
    *,
    try_http: bool = False,
    timeout_s: float = CONNECT_TIMEOUT_S,
    on_attempt: Callable[[ConnectProbe], object] = lambda _: None,
) -> ProbeResult:
    """Try all the addresses, not only until the first one answers.

    `on_attempt` is called after each attempt.

    Raises:
        HostError: the name has no address.
        SampleError: the sockets of this machine could not be read.
    """
    probes = []
    devices = read_devices(machine)
    for remote in resolve(host, port):
        device = device_of(remote.address, devices)

        def is_accepted(
            local: Endpoint, remote: Endpoint = remote, device: str | None = device
        ) -> bool:
            return device is None or not _waits_for_accept(sampler, remote, local)

        probe = probe_endpoint(
            remote, try_http=try_http, timeout_s=timeout_s, is_accepted=is_accepted
        )
        probes.append(probe._replace(device=device))
        on_attempt(probes[-1])
    table = sampler.sample(SocketRequest.LISTENING).sockets
    on_port = (table[row] for row in table.rows_on_port(Protocol.TCP, port))
    listeners = tuple(socket for socket in on_port if socket.is_listening)
    return ProbeResult(host, port, tuple(probes), listeners, _suspended(machine, listeners))


def _waits_for_accept(sampler: SnapshotSource, remote: Endpoint, local: Endpoint) -> bool:
    """Whether the other end of a connection within this machine is in a listener's queue.

    It has no inode before accept(2) (net/ipv4/inet_diag.c, sk->sk_socket). One that is a request
    still waits for data, with TCP_DEFER_ACCEPT.
    """
    try:
        table = sampler.sample(SocketRequest.WITHOUT_HOLDERS).sockets
    except SampleError:
        return False
    return any(
        far.state is TcpState.ESTABLISHED and far.ownership is Ownership.KERNEL
        for far in (table[row] for row in table.rows_on_port(Protocol.TCP, remote.port))
        if far.remote is not None and far.remote.peer_key == local.peer_key
    )


def _suspended(machine: Host, listeners: Sequence[Socket]) -> Mapping[Process, Suspension]:
    holders = {holder for socket in listeners for holder in socket.holders}
    details = {holder: machine.process_details(holder) for holder in holders}
    return {
        holder: known.suspension
        for holder, known in details.items()
        if known is not None and known.suspension is not None
    }
