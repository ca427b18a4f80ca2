"""The sampler on the real host: snapshots and their problems."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

import pytest

from porttui.host.contract import Host, SocketReading
from porttui.host.linux.sysctl import read_tcp_rules
from porttui.host.local import local_host
from porttui.host.request import HostError, SocketRequest, SourceName
from porttui.model.address import PORTS, Address, Protocol
from porttui.model.kernel import PortRange, TcpRules
from porttui.model.socket import Ownership, TcpState
from porttui.model.socket_table import SocketTable
from porttui.sampling.sampler import Sampler
from porttui.sampling.sources import SampleError
from tests.host.namespaces import Network
from tests.host.socket_queries import leave_time_wait, listener
from tests.servers import PATIENCE_S, Servers

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs helper processes")


class BlockingSource:
    """Source that blocks until released, and counts its readers."""

    name = "turnstile"

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.inside_count = 0
        self.max_inside = 0

    def read(
        self,
        request: SocketRequest = SocketRequest.ALL,  # noqa: ARG002
        ports: range = PORTS,  # noqa: ARG002
    ) -> SocketReading:
        """Blocks."""
        self.inside_count += 1
        self.max_inside = max(self.max_inside, self.inside_count)
        self.entered.release()
        assert self.leave.acquire(timeout=PATIENCE_S)
        self.inside_count -= 1
        return SocketReading(SocketTable.of(()))


class FailingSource:
    """Source that always fails."""

    name = "broken"

    def read(
        self,
        request: SocketRequest = SocketRequest.ALL,  # noqa: ARG002
        ports: range = PORTS,  # noqa: ARG002
    ) -> SocketReading:
        """Fails."""
        raise HostError("the tables are on fire")


@pytest.fixture
def host() -> Host:
    """This machine."""
    return local_host()


@on_linux
@pytest.mark.parametrize("source", list(SourceName))
def test_a_snapshot_has_the_sockets_and_their_holders(servers: Servers, source: SourceName) -> None:
    server = servers.listen()
    snapshot = Sampler(local_host(source)).sample()
    listening = [listed for listed in snapshot.sockets if listed.is_listening]
    [found] = [listed for listed in listening if listed.local.port == server.port]
    assert [holder.pid for holder in found.holders] == [server.pid]
    names = {SourceName.PSUTIL: "psutil", SourceName.PROC: "/proc/net"}
    assert snapshot.source == names.get(source, "sock_diag")


def test_it_knows_when_it_was_taken_and_how_long_it_took(host: Host) -> None:
    before = time.time()
    snapshot = Sampler(host).sample()
    assert before <= snapshot.taken_at <= time.time()
    assert 0 < snapshot.duration_ms < PATIENCE_S * 1000
    assert Sampler(host, now=lambda: 1767312000.5).sample().taken_at == 1767312000.5


@on_linux
def test_it_says_whether_it_sees_everything(host: Host) -> None:
    snapshot = Sampler(host).sample()
    assert snapshot.coverage.elevated is (os.geteuid() == 0)
    hidden = [listed for listed in snapshot.sockets if listed.ownership is Ownership.HIDDEN]
    assert snapshot.coverage.hidden_holders == len(hidden)
    assert snapshot.problems == ()


@on_linux
def test_time_wait_is_not_counted_as_hidden(network: Network) -> None:
    network.context.call(leave_time_wait)
    states, hidden = network.context.call(states_and_hidden)
    assert states == [TcpState.TIME_WAIT]
    assert hidden == 0


@on_linux
def test_listening_ports_have_the_names_that_the_machine_gives_them(network: Network) -> None:
    port = _a_named_port()
    network.start({"sockets": [{"port": port}, {}]})
    assert network.context.call(services) == {
        (Protocol.TCP, port): socket.getservbyport(port, "tcp")
    }


@on_linux
def test_the_ephemeral_range_is_the_kernels(host: Host) -> None:
    found = Sampler(host).sample().ephemeral
    assert isinstance(found, PortRange)
    with listener() as (_, port):
        assert port in found


def test_a_range_that_cannot_be_read_is_a_problem_not_a_failure(host: Host) -> None:
    def refuse() -> PortRange:
        raise HostError("no range today")

    snapshot = Sampler(host._replace(ephemeral_range=refuse)).sample()
    assert snapshot.ephemeral is None
    assert [str(problem) for problem in snapshot.problems] == ["ephemeral range: no range today"]
    assert isinstance(snapshot.sockets, SocketTable)


def test_sockets_that_cannot_be_read_are_a_failure_with_the_reason(host: Host) -> None:
    sampler = Sampler(host._replace(sockets=FailingSource()))
    assert sampler.source == "broken"
    with pytest.raises(SampleError, match="the tables are on fire"):
        sampler.sample()
    # It does not stay locked.
    with pytest.raises(SampleError, match="the tables are on fire"):
        sampler.sample()


def test_never_two_samples_at_once(host: Host) -> None:
    turnstile = BlockingSource()
    sampler = Sampler(host._replace(sockets=turnstile))
    threads = [threading.Thread(target=sampler.sample) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert turnstile.entered.acquire(timeout=PATIENCE_S)
        assert turnstile.inside_count == 1
        turnstile.leave.release()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert turnstile.max_inside == 1


def states_and_hidden() -> tuple[list[TcpState | None], int]:
    """States and hidden holders of a sample."""
    snapshot = Sampler(local_host()).sample()
    return [listed.state for listed in snapshot.sockets], snapshot.coverage.hidden_holders


def services() -> dict[tuple[Protocol, int], str]:
    """Service names of a sample."""
    return dict(Sampler(local_host()).sample().services)


def _a_named_port() -> int:
    for port in range(1024, 32768):
        try:
            socket.getservbyport(port, "tcp")
        except OSError:
            continue
        return port
    pytest.fail("the machine names no services: apt-get install netbase")


def test_the_rules_come_with_all_sockets_and_not_with_listeners_alone(host: Host) -> None:
    rules = TcpRules(1, True, 5, False)
    sampler = Sampler(host._replace(tcp_rules=lambda: rules))
    assert sampler.sample().tcp_rules == rules
    assert sampler.sample(SocketRequest.LISTENING).tcp_rules is None


@on_linux
def test_the_host_knows_what_linux_tells() -> None:
    host = local_host()
    assert host.tcp_rules() == read_tcp_rules()
    assert host.limits().open_files is not None
    loopback = Address.parse("127.0.0.1")
    assert host.source_address(loopback) == loopback
