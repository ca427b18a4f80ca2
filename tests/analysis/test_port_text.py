"""The port in texts that other programs print."""

from __future__ import annotations

import pytest

from porttui.analysis.port_text import PortText, is_message, port_in_endpoint, port_in_message
from porttui.model.address import Protocol

TCP, UDP = Protocol.TCP, Protocol.UDP

MESSAGES = [
    # Node
    ("Error: listen EADDRINUSE: address already in use :::3000", PortText("3000", "::")),
    ("Error: listen EADDRINUSE: address already in use ::1:3000", PortText("3000", "::1")),
    (
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:3000",
        PortText("3000", "127.0.0.1"),
    ),
    ("Error: connect ECONNREFUSED 127.0.0.1:5432", PortText("5432", "127.0.0.1")),
    # Python: asyncio, uvicorn; gunicorn; Flask
    (
        "OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): "
        "address already in use",
        PortText("8000", "127.0.0.1"),
    ),
    ("[ERROR] Connection in use: ('0.0.0.0', 8000)", PortText("8000", "0.0.0.0")),
    (
        "Address already in use\nPort 5000 is in use by another program.",
        PortText("5000"),
    ),
    # Go
    ("listen tcp :3000: bind: address already in use", PortText("3000", "", TCP)),
    (
        "2026/11/28 12:30:45 listen tcp 127.0.0.1:8080: bind: address already in use",
        PortText("8080", "127.0.0.1", TCP),
    ),
    ("listen udp 0.0.0.0:53: bind: address already in use", PortText("53", "0.0.0.0", UDP)),
    ("dial tcp [::1]:5432: connect: connection refused", PortText("5432", "::1", TCP)),
    # Java: Netty, Spring
    (
        "java.io.IOException: Failed to bind to 0.0.0.0/0.0.0.0:8080",
        PortText("8080", "0.0.0.0"),
    ),
    ("Failed to bind to localhost/127.0.0.1:9092", PortText("9092", "127.0.0.1")),
    ("Web server failed to start. Port 8080 was already in use.", PortText("8080")),
    # nginx, Apache
    (
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        PortText("80", "0.0.0.0"),
    ),
    (
        "2026/11/28 12:30:45 [emerg] 12#12: bind() to [::]:80 failed (98: Address already in use)",
        PortText("80", "::"),
    ),
    (
        "(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80",
        PortText("80", "::"),
    ),
    # PostgreSQL, MySQL, Redis
    (
        'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\n'
        "HINT:  Is another postmaster already running on port 5432? If not, wait a few seconds.",
        PortText("5432"),
    ),
    (
        'connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused',
        PortText("5432", "127.0.0.1"),
    ),
    ("Do you already have another mysqld server already running on port: 3306 ?", PortText("3306")),
    (
        "Could not create server TCP listening socket *:6379: bind: Address already in use",
        PortText("6379"),
    ),
    # Docker
    (
        "Error response from daemon: driver failed programming external connectivity on endpoint "
        "web (5f0c1d2e): Bind for 0.0.0.0:8080 failed: port is already allocated",
        PortText("8080", "0.0.0.0"),
    ),
    (
        "Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
        PortText("80", "0.0.0.0", TCP),
    ),
    (
        "failed to bind host port for 0.0.0.0:5432:172.18.0.2:5432/tcp: address already in use",
        PortText("5432", "0.0.0.0"),
    ),
    (
        "failed to bind host port 0.0.0.0:53/udp: address already in use",
        PortText("53", "0.0.0.0", UDP),
    ),
    # OpenSSH, Ruby, PHP, .NET, curl, Vite, kubectl
    ("bind [127.0.0.1]:8080: Address already in use", PortText("8080", "127.0.0.1")),
    ("channel_setup_fwd_listener_tcpip: cannot listen to port: 8080", PortText("8080")),
    (
        'Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)',
        PortText("3000", "127.0.0.1"),
    ),
    (
        "Failed to listen on localhost:8000 (reason: Address already in use)",
        PortText("8000", "localhost"),
    ),
    (
        "Failed to bind to address http://127.0.0.1:5000: address already in use.",
        PortText("5000", "127.0.0.1"),
    ),
    (
        "curl: (7) Failed to connect to localhost port 3000 after 0 ms: Connection refused",
        PortText("3000", "localhost"),
    ),
    ("Error: Port 5173 is already in use", PortText("5173")),
    (
        "unable to listen on port 8080: Listeners failed to create with the following errors: "
        "[unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: address already in "
        "use]",
        PortText("8080", "127.0.0.1", TCP),
    ),
]


@pytest.mark.parametrize(("text", "expected"), MESSAGES)
def test_the_port_of_a_message(text: str, expected: PortText) -> None:
    assert is_message(text)
    assert port_in_message(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "OSError: [Errno 98] Address already in use",
        "address already in use 12:30:45",
        "address already in use: port 99999",
        "address already in use 1.2.3.400:80000",
        "",
    ],
)
def test_a_message_without_a_port(text: str) -> None:
    assert port_in_message(text) is None


@pytest.mark.parametrize(
    "text", ["node 3000", "127.0.0.1:3000", "listen", "3000 tcp", "postgres !udp"]
)
def test_what_is_no_message(text: str) -> None:
    assert not is_message(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3000", PortText("3000")),
        (":3000", PortText("3000")),
        ("*:3000", PortText("3000")),
        (":::3000", PortText("3000", "::")),
        ("::1:3000", PortText("3000", "::1")),
        ("[::]:3000", PortText("3000", "::")),
        ("[fe80::1%eth0]:3000", PortText("3000", "fe80::1%eth0")),
        ("[fe80::1]%eth0:3000", PortText("3000", "fe80::1%eth0")),
        ("fe80::1%eth0:3000", PortText("3000", "fe80::1%eth0")),
        ("0.0.0.0:3000", PortText("3000", "0.0.0.0")),
        ("0.0.0.0/0.0.0.0:3000", PortText("3000", "0.0.0.0")),
        ("/127.0.0.1:3000", PortText("3000", "127.0.0.1")),
        ("localhost/127.0.0.1:3000", PortText("3000", "127.0.0.1")),
        ("127.0.0.53%lo:53", PortText("53", "127.0.0.53%lo")),
        ("3000/tcp", PortText("3000", "", TCP)),
        ("0.0.0.0:53/udp", PortText("53", "0.0.0.0", UDP)),
        ("tcp://127.0.0.1:3000", PortText("3000", "127.0.0.1", TCP)),
        ("udp://[::1]:53", PortText("53", "::1", UDP)),
        ("http://localhost:3000/x?y=1:2", PortText("3000", "localhost", TCP)),
        ("http://localhost/x", PortText("80", "localhost", TCP)),
        ("https://[::1]/", PortText("443", "::1", TCP)),
        ("postgres://user:secret@db:5433/name", PortText("5433", "db", TCP)),
        ("localhost:http", PortText("http", "localhost")),
        ("gopher://example/", None),
        ("", None),
    ],
)
def test_the_port_of_an_endpoint(text: str, expected: PortText | None) -> None:
    assert port_in_endpoint(text) == expected


def test_a_long_text_is_read_in_time() -> None:
    for text in (":" * 100_000, "1." * 50_000, "[" * 100_000, "port " * 30_000):
        assert port_in_message(text) is None
        port_in_endpoint(text)
