"""The source address is that of a real connection."""

from __future__ import annotations

import socket
import sys

import pytest

from porttui.host.connect_probe import source_address
from porttui.model.address import Address
from tests.host.namespaces import Network
from tests.host.tools import require_tool

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a network of its own")


@pytest.mark.parametrize("to", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
def test_it_is_that_of_a_connection(to: str) -> None:
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with socket.socket(family) as server, socket.socket(family) as client:
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind((to, 0))
        server.listen()
        client.connect(server.getsockname())
        assert source_address(Address.parse(to)) == Address.parse(client.getsockname()[0])


@on_linux
def test_of_several_addresses_the_route_chooses(network: Network) -> None:
    """An interface with an address, and a route that prefers another address."""
    ip = require_tool("ip")
    network.output(ip, "link", "add", "eth7", "type", "veth")
    network.output(ip, "link", "set", "eth7", "up")
    network.output(ip, "link", "set", "veth0", "up")
    network.output(ip, "address", "add", "192.0.2.1/24", "dev", "eth7")
    network.output(ip, "address", "add", "192.0.2.7/32", "dev", "lo")
    network.output(ip, "route", "add", "198.51.100.0/24", "via", "192.0.2.9", "src", "192.0.2.7")
    network.output(ip, "-6", "address", "add", "fe80::7/64", "dev", "eth7", "nodad")
    chosen = network.context.call(
        _chosen, ["192.0.2.5", "198.51.100.1", "192.0.2.1", "fe80::9%eth7"]
    )
    assert chosen[:3] == ["192.0.2.1", "192.0.2.7", "192.0.2.1"]
    assert chosen[3] is not None
    assert chosen[3].startswith("fe80::")
    assert chosen[3].endswith("%eth7")


@on_linux
def test_without_a_route_there_is_none(network: Network) -> None:
    unreached = ["192.0.2.5", "2001:db8::1", "fe80::9%eth7", "fe80::9"]
    assert network.context.call(_chosen, unreached) == [None] * 4


@on_linux
def test_with_every_udp_port_in_use_it_is_known_all_the_same(network: Network) -> None:
    network.output(require_tool("sysctl"), "-w", "net.ipv4.ip_local_port_range=40000 40003")
    network.start(
        {
            "sockets": [
                {"protocol": "udp", "address": "::", "port": port} for port in range(40000, 40004)
            ]
        }
    )
    chosen = network.context.call(_chosen, ["127.0.0.9", "::1"])
    assert chosen == ["127.0.0.1", "::1"]


def _chosen(remotes: list[str]) -> list[str | None]:
    found = [source_address(Address.parse(text)) for text in remotes]
    return [address.text if address else None for address in found]
