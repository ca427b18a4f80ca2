"""What can be copied of a server."""

from __future__ import annotations

import pytest

from porttui.analysis.copy_formats import ServedEndpoint, copy_formats
from porttui.model.address import Endpoint, Protocol
from tests.making import process

NODE, WORKER = process(10, "node"), process(11, "node", ppid=10)


def texts(served: ServedEndpoint) -> dict[str, str]:
    return {each.label: each.text for each in copy_formats(served)}


def test_all_of_a_tcp_server() -> None:
    served = ServedEndpoint(Protocol.TCP, Endpoint.of("127.0.0.1", 3000), (WORKER, NODE))
    assert texts(served) == {
        "address": "127.0.0.1:3000",
        "variable": "PORT=3000",
        "URL": "http://127.0.0.1:3000/",
        "kill": "kill -TERM 10 11",
        "ss": "ss -Htlnp 'sport = :3000'",
        "lsof": "lsof -nP -iTCP:3000 -sTCP:LISTEN",
    }


def test_a_udp_socket_out_of_sight() -> None:
    served = ServedEndpoint(Protocol.UDP, Endpoint.of("::1", 5353), ())
    assert texts(served) == {
        "address": "[::1]:5353",
        "variable": "PORT=5353",
        "ss": "ss -Hulnp 'sport = :5353'",
        "lsof": "lsof -nP -iUDP:5353",
    }


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("0.0.0.0", "http://localhost:80/"),
        ("::", "http://localhost:80/"),
        ("::1", "http://[::1]:80/"),
        ("fe80::1%v0", "http://[fe80::1%25v0]:80/"),
        ("fe80::1%$(id)", "http://[fe80::1%25%24%28id%29]:80/"),
        ("127.0.0.53%lo", "http://127.0.0.53:80/"),
        ("192.168.1.5", "http://192.168.1.5:80/"),
    ],
)
def test_urls_lead_to_this_machine(address: str, url: str) -> None:
    assert ServedEndpoint(Protocol.TCP, Endpoint.of(address, 80), ()).url == url


def test_each_has_a_key_of_its_own() -> None:
    every = copy_formats(ServedEndpoint(Protocol.TCP, Endpoint.of("::1", 1), (NODE,)))
    assert len({each.key for each in every}) == len(every)
