"""Probe every address of a host name."""

from __future__ import annotations

from collections.abc import Callable

from porttui.host.connect_probe import CONNECT_TIMEOUT_S, probe_endpoint, resolve
from porttui.host.request import SocketRequest
from porttui.model.address import Protocol
from porttui.model.probe import ConnectProbe, ProbeResult
from porttui.sampling.sources import SnapshotSource


def probe_host(
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
    for endpoint in resolve(host, port):
        probes.append(probe_endpoint(endpoint, try_http=try_http, timeout_s=timeout_s))
        on_attempt(probes[-1])
    table = sampler.sample(SocketRequest.LISTENING).sockets
    on_port = (table[row] for row in table.rows_on_port(Protocol.TCP, port))
    listeners = tuple(socket for socket in on_port if socket.is_listening)
    return ProbeResult(host, port, tuple(probes), listeners)
