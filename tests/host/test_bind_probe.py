"""The bind probe gives the result that a starting server gets, and disturbs none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from porttui.host.bind_probe import can_bind
from porttui.host.contract import BindResult
from porttui.model.address import Endpoint, Protocol
from porttui.model.socket import TcpState
from tests.children import SocketSpec
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY, ProcessContext
from tests.host.socket_queries import leave_time_wait, listener, sockets_on, states_between
from tests.servers import ROOT, Servers, free_port, is_readable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the rules of Linux")

V4 = ("127.0.0.1", "127.0.0.2", "0.0.0.0")
EVERY = (*V4, "::1", "::", "::ffff:127.0.0.1")
STARTS = 300
PROBES = 5000
PROBING = """
import sys
from porttui.host.bind_probe import can_bind
from porttui.model.address import Endpoint, Protocol
endpoint = Endpoint.of("127.0.0.1", int(sys.argv[1]))
print("ready", flush=True)
print(",".join(can_bind(Protocol.TCP, endpoint) for _ in range(int(sys.argv[2]))))
"""


@pytest.mark.parametrize("address", EVERY)
def test_a_held_address_is_in_use_and_a_freed_one_bindable(address: str) -> None:
    with listener(address) as (_, port):
        assert _probe(address, port) is BindResult.IN_USE
    assert _probe(address, port) is BindResult.BINDABLE


@pytest.mark.parametrize("address", V4)
def test_a_dual_stack_listener_takes_ipv4_too(address: str) -> None:
    with listener("::") as (_, port):
        assert _probe(address, port) is BindResult.IN_USE


@pytest.mark.parametrize("address", V4)
def test_an_ipv6_only_listener_leaves_ipv4_free(servers: Servers, address: str) -> None:
    server = servers.start({"sockets": [{"address": "::", "v6only": True, "port": free_port()}]})
    assert _probe(address, server.port) is BindResult.BINDABLE
    assert _probe("::1", server.port) is BindResult.IN_USE
    assert _probe("::", server.port) is BindResult.IN_USE


def test_an_ipv4_listener_is_no_obstacle_for_the_ipv6_wildcard() -> None:
    """The IPv6 side of [::] can be bound, and that is the requested address."""
    with listener("0.0.0.0", free_port()) as (_, port):
        assert _probe("::", port) is BindResult.BINDABLE
        assert _probe("::1", port) is BindResult.BINDABLE
        assert _probe("::ffff:127.0.0.1", port) is BindResult.IN_USE


def test_another_loopback_address_is_free() -> None:
    with listener("127.0.0.1", free_port()) as (_, port):
        assert _probe("127.0.0.2", port) is BindResult.BINDABLE
        assert _probe("0.0.0.0", port) is BindResult.IN_USE


@pytest.mark.parametrize("address", EVERY)
def test_udp_is_asked_apart_from_tcp(servers: Servers, address: str) -> None:
    udp: SocketSpec = {"protocol": "udp", "address": address, "port": free_port()}
    server = servers.start({"sockets": [udp]})
    assert _probe(address, server.port, Protocol.UDP) is BindResult.IN_USE
    assert _probe(address, server.port, Protocol.TCP) is BindResult.BINDABLE
    server.end()
    assert _probe(address, server.port, Protocol.UDP) is BindResult.BINDABLE


def test_a_udp_socket_that_would_share_its_port_is_still_in_use(servers: Servers) -> None:
    server = servers.start({"sockets": [{"protocol": "udp", "reuse_address": True}]})
    assert _probe("127.0.0.1", server.port, Protocol.UDP) is BindResult.IN_USE


def test_a_bound_socket_that_does_not_listen_is_noticed(servers: Servers) -> None:
    server = servers.start({"sockets": [{"listens": False, "reuse_address": False}]})
    assert _probe("127.0.0.1", server.port) is BindResult.IN_USE


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_time_wait_of_a_server_is_no_obstacle_where_it_set_so_reuseaddr(address: str) -> None:
    client, port = leave_time_wait(address, first="server")
    assert states_between(address, port, client) == {TcpState.TIME_WAIT}
    assert _probe(address, port) is BindResult.BINDABLE
    assert _starts(address, port)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_time_wait_of_a_socket_without_that_flag_is_in_the_way(address: str) -> None:
    port, _ = leave_time_wait(address, first="client")
    assert _probe(address, port) is BindResult.IN_USE
    assert not _starts(address, port)


def test_an_address_of_another_machine_is_not_here() -> None:
    assert _probe("192.0.2.1", 3000) is BindResult.NOT_LOCAL


def test_a_privileged_port_is_not_permitted_to_others_than_root(network: Network) -> None:
    port, nobody = Endpoint.of("127.0.0.1", 80), network.context._replace(uid=NOBODY)
    assert nobody.call(can_bind, Protocol.TCP, port) is BindResult.PRIVILEGED
    assert network.context.call(can_bind, Protocol.TCP, port) is BindResult.BINDABLE
    free = Endpoint.of("127.0.0.1", 8080)
    assert nobody.call(can_bind, Protocol.TCP, free) is BindResult.BINDABLE


def test_a_network_without_ipv6_has_no_such_address(network: Network) -> None:
    network.output("ip", "-6", "address", "flush", "dev", "lo")
    answer = network.context.call(can_bind, Protocol.TCP, Endpoint.of("::1", 8080))
    assert answer is BindResult.NOT_LOCAL


def test_it_fails_softly_without_descriptors() -> None:
    place = ProcessContext(descriptors=3)
    answer = place.call(can_bind, Protocol.TCP, Endpoint.of("127.0.0.1", 3000))
    assert answer is BindResult.UNKNOWN


@pytest.mark.parametrize("protocol", list(Protocol))
def test_it_leaves_nothing_behind(protocol: Protocol) -> None:
    port = free_port()
    before = os.listdir("/proc/self/fd")
    for address in EVERY:
        assert _probe(address, port, protocol) is BindResult.BINDABLE
    assert os.listdir("/proc/self/fd") == before
    assert sockets_on(port) == []


def test_a_server_that_starts_is_never_disturbed() -> None:
    """Another process probes without pause while a server starts repeatedly."""
    port = free_port()
    command = [sys.executable, "-c", PROBING, str(port), str(PROBES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as probing:
        assert probing.stdout is not None
        assert probing.stdout.readline() == "ready\n"
        starts: list[bool] = []
        while not is_readable(probing.stdout) or len(starts) < STARTS:
            starts.append(_starts("127.0.0.1", port))
        answers = probing.stdout.read().strip().split(",")
    assert all(starts), f"{starts.count(False)} of {len(starts)}"
    assert len(answers) == PROBES
    assert set(answers) <= {"bindable", "in_use"}
    assert "bindable" in answers


def test_its_answer_is_what_a_server_finds(servers: Servers) -> None:
    """Every holder against every address that a server could bind (facts.md, 2.1)."""
    for held in EVERY:
        server = servers.listen(held)
        for wanted in EVERY:
            found = _probe(wanted, server.port)
            # An IPv4 server may run beside [::]: the probe tests the IPv6 side.
            v6only = wanted == "::" and held not in ("::", "::1")
            starts = _starts(wanted, server.port, v6only=v6only)
            assert found is (BindResult.BINDABLE if starts else BindResult.IN_USE), (held, wanted)


def test_a_connection_left_over_is_judged_as_a_server_would_be() -> None:
    with ExitStack() as stack:
        made, port = stack.enter_context(listener())
        stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        accepted, _ = made.accept()
        stack.enter_context(accepted)
        made.close()
        assert {listed.state for listed in sockets_on(port)} == {TcpState.ESTABLISHED}
        starts = _starts("127.0.0.1", port)
        found = _probe("127.0.0.1", port)
        assert found is (BindResult.BINDABLE if starts else BindResult.IN_USE)


def _probe(address: str, port: int, protocol: Protocol = Protocol.TCP) -> BindResult:
    return can_bind(protocol, Endpoint.of(address, port))


def _starts(address: str, port: int, *, v6only: bool = False) -> bool:
    """Whether a server that sets SO_REUSEADDR starts, as most do."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
        try:
            server.bind((address, port))
            server.listen()
        except OSError:
            return False
    return True
