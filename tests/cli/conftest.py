"""Networks with devices, for the commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.host.namespaces import Network
from tests.servers import PATIENCE_S

Serve = Callable[..., int]

SERVE = """
import socket, sys, time
address, port, device, wait = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
scope = socket.if_nametoindex(device) if device and address.startswith("fe80") else 0
if device and not scope:
    server.setsockopt(socket.SOL_SOCKET, 25, device.encode())
if wait == "nonlocal":
    server.setsockopt(socket.SOL_IP, 15, 1)
server.bind((address, port, 0, scope) if ":" in address else (address, port))
server.listen(5)
print("ready", flush=True)
if wait == "accept":
    while True:
        kept = server.accept()
time.sleep(600)
"""


@pytest.fixture
def devices(network: Network) -> Network:
    """With v0 and v1, two ends of a cable; v0 has 10.5.0.1, and both have fe80::1."""
    for line in (
        "link add v0 type veth peer v1",
        "link set v0 up",
        "link set v1 up",
        "address add 10.5.0.1/24 dev v0",
        "address add fe80::1/64 dev v0 nodad",
        "address add fe80::1/64 dev v1 nodad",
        "route add default via 10.5.0.9",
    ):
        network.output("ip", *line.split())
    return network


@pytest.fixture
def serving(devices: Network) -> Iterator[Serve]:
    """Starts servers that accept, or do not."""
    running: list[subprocess.Popen[str]] = []

    def serve(address: str, port: int, device: str = "", wait: str = "accept") -> int:
        command = [*devices.enter, sys.executable, "-c", SERVE, address, str(port), device, wait]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        return server.pid

    yield serve
    for server in running:
        server.kill()
        server.wait(PATIENCE_S)
        assert server.stdout is not None
        server.stdout.close()
