"""What a kernel tells, by its release; and that this one keeps the word."""

from __future__ import annotations

import socket
import sys

import pytest

from porttui.host.asking import SourceName
from porttui.host.linux.sysctl import lists_idle
from porttui.host.local import local_host
from porttui.model.socket import TcpState
from porttui.sampling.sampler import Sampler

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sources")


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("6.8.0", True),
        ("6.8-rc1", True),
        ("6.8", True),
        ("6.18.5-generic", True),
        ("6.12+deb13-amd64", True),
        ("10.0.1", True),
        ("6.7.12-amd64", False),
        ("6.1.0-25-amd64", False),
        ("5.15.153.1-microsoft-standard-WSL2", False),
        ("4.4.0", False),
        ("", False),
        ("6", False),
        ("6.", False),
        ("6.x", False),
        (".8", False),
        ("v6.8", False),
        ("6.²", False),
        ("linux", False),
    ],
)
def test_idle_sockets_are_listed_from_linux_6_8_on(release: str, found: bool) -> None:
    assert lists_idle(release) is found


@on_linux
@pytest.mark.parametrize("source", [SourceName.NETLINK, SourceName.PROC, SourceName.PSUTIL])
def test_a_bound_socket_is_there_where_the_host_says_so(source: SourceName) -> None:
    host = local_host(source)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        snapshot = Sampler(host).sample()
    states = [each.state for each in snapshot.sockets if each.local.port == port]
    assert states == [TcpState.CLOSE] * snapshot.lists_idle
    assert snapshot.lists_idle is (source is SourceName.NETLINK and lists_idle())
