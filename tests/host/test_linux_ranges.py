"""The ephemeral range of this kernel, read in network namespaces with ranges of their own."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from socket import socket

import pytest

from porttui.host.asking import HostError
from porttui.host.linux.sysctl import parse_spans, read_ephemeral_range
from porttui.model.port_range import PortRange, RangeName
from tests.host.namespaces import Network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sysctl")


def test_it_is_what_this_kernel_says() -> None:
    first, last = map(int, _sysctl("ip_local_port_range").split())
    found = read_ephemeral_range()
    assert (found.name, found.first, found.last) == (RangeName.EPHEMERAL, first, last)


def test_it_is_that_of_the_network_namespace(network: Network) -> None:
    network.place.call(_set, "ip_local_port_range", "40001 40100")
    assert network.place.call(read_ephemeral_range) == PortRange(RangeName.EPHEMERAL, 40001, 40100)
    # The machine's own is another's.
    assert read_ephemeral_range() != network.place.call(read_ephemeral_range)


def test_reserved_ports_are_taken_off(network: Network) -> None:
    network.place.call(_set, "ip_local_port_range", "40001 40100")
    network.place.call(_set, "ip_local_reserved_ports", "8080,39990-40010,40050,40099-40200")
    found = network.place.call(read_ephemeral_range)
    assert found.reserved == ((40001, 40010), (40050, 40050), (40099, 40100))
    assert found.capacity == 100 - 10 - 1 - 2
    assert 40010 not in found
    assert 40011 in found
    drawn = network.place.call(drawn_ports, found.capacity)
    assert drawn == {port for port in range(40001, 40101) if port in found}


def test_a_kernel_that_does_not_tell_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="does not tell its ephemeral range"):
        read_ephemeral_range(f"{tmp_path}/")


@pytest.mark.parametrize("content", ["", "32768", "32768 60999 1", "low high"])
def test_a_range_of_an_unknown_form_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "ip_local_port_range").write_text(content)
    (tmp_path / "ip_local_reserved_ports").write_text("\n")
    with pytest.raises(HostError, match="does not tell its ephemeral range"):
        read_ephemeral_range(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("\n", []),
        ("8080\n", [(8080, 8080)]),
        ("8080,9000-9100\n", [(8080, 8080), (9000, 9100)]),
    ],
)
def test_the_kernels_list_of_spans(text: str, spans: list[tuple[int, int]]) -> None:
    assert parse_spans(text.encode()) == spans


@pytest.mark.parametrize("text", ["x", "1-2-3", "-5", "1 2"])
def test_what_is_no_list_of_spans_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_spans(text.encode())


def drawn_ports(count: int) -> set[int]:
    """The ports that the kernel gives to `count` sockets that leave the choice to it."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {each.getsockname()[1] for each in sockets}


def _set(name: str, value: str) -> None:
    Path(f"/proc/sys/net/ipv4/{name}").write_text(f"{value}\n")


def _sysctl(name: str) -> str:
    return Path(f"/proc/sys/net/ipv4/{name}").read_text()
