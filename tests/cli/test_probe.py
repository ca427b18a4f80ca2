"""`porttui probe`: every way in which a client fails, made by real servers."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from porttui.model.address import Endpoint
from porttui.model.probe import ConnectProbe, ProbeOutcome, ProbeResult
from porttui.text.probe import probe_words
from tests.children import SocketSpec
from tests.cli.running import run
from tests.host.namespaces import Network
from tests.host.tools import require_tool
from tests.servers import Servers, free_port, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="errno differs")


def probe_json(*argv: str, status: int) -> dict[str, Any]:
    done = run("probe", *argv, "--json")
    assert done.returncode == status, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["version"] == 1
    assert document["reached"] is (status == 0)
    return document


@contextmanager
def serving(serve: Callable[[socket.socket], object], address: str = "127.0.0.1") -> Iterator[int]:
    """A server that does this with each connection."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:

        def run_server() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                with taken:
                    serve(taken)

        thread = threading.Thread(target=run_server, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def reset(taken: socket.socket) -> None:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_refused() -> None:
    port = free_port()
    document = probe_json(f"127.0.0.1:{port}", status=1)
    [contact] = document["contacts"]
    assert (contact["outcome"], contact["words"]) == ("refused", "no process listens there")
    assert document["advice"] == [f"nothing listens on port {port} of this machine"]


def test_silent() -> None:
    with serving(lambda taken: taken.recv(1)) as port:
        [contact] = probe_json(f"127.0.0.1:{port}", status=0)["contacts"]
    assert contact["outcome"] == "silent"
    assert "sent nothing" in contact["words"]
    assert "accept" not in contact["words"], "nobody has: the kernel completed it"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "SSH: SSH-2.0-OpenSSH_9.2p1 Debian"),
        (b"J\0\0\0\x0a8.0.36\0more", "MySQL or MariaDB: 8.0.36"),
        (b"220 mail.example ESMTP\r\n", "a mail or file server: 220 mail.example ESMTP"),
        (b"hello\x1b[2J", "sent hello.[2J"),
    ],
)
def test_what_greets_is_recognised(says: bytes, words: str) -> None:
    def greet(taken: socket.socket) -> None:
        taken.sendall(says)
        taken.recv(1)

    with serving(greet) as port:
        [contact] = probe_json(f"127.0.0.1:{port}", status=0)["contacts"]
    assert contact["outcome"] == "answers"
    assert contact["words"].startswith(words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 200 OK\r\nServer: nginx/1.24.0\r\n\r\n", "HTTP: HTTP/1.0 200 OK, nginx/1.24"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP: HTTP/1.1 404 Not Found, after"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "TLS: not plain HTTP"),
        (b"-ERR wrong number of arguments\r\n", "Redis: -ERR wrong number of arguments"),
        (b"E\0\0\0\x90SFATAL\0", "PostgreSQL"),
    ],
)
def test_what_answers_a_head_request_is_recognised(answer: bytes, words: str) -> None:
    asked: list[bytes] = []

    def serve(taken: socket.socket) -> None:
        asked.append(taken.recv(1000))
        taken.sendall(answer)

    with serving(serve) as port:
        [contact] = probe_json(f"127.0.0.1:{port}", "--http", status=0)["contacts"]
    assert contact["words"].startswith(words)
    assert asked == [f"HEAD / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()]


def test_nothing_is_sent_unless_it_is_asked_for() -> None:
    heard: list[bytes] = []
    with serving(lambda taken: heard.append(taken.recv(1000))) as port:
        probe_json(f"127.0.0.1:{port}", status=0)
    assert heard == [b""]


def test_closed_at_once() -> None:
    with serving(lambda _: None) as port:
        [contact] = probe_json(f"127.0.0.1:{port}", status=0)["contacts"]
    assert contact["outcome"] == "closed"


def test_reset_at_once() -> None:
    with serving(reset) as port:
        [contact] = probe_json(f"127.0.0.1:{port}", status=0)["contacts"]
    assert contact["outcome"] in ("reset", "closed")
    assert f"{contact['outcome']} at once" in contact["words"]


def test_a_server_on_the_other_family_is_named() -> None:
    with serving(lambda taken: taken.recv(1), "::1") as port:
        document = probe_json(f"127.0.0.1:{port}", status=1)
        assert document["contacts"][0]["outcome"] == "refused"
        assert any(f"also listens on [::1]:{port}" in each for each in document["advice"])


def test_localhost_is_all_its_addresses(network: Network) -> None:
    """In a network of its own, where localhost is 127.0.0.1 and ::1."""
    server = network.start({"sockets": [{}], "accepts": True})
    done = network.context.porttui("probe", str(server.port), "--json")
    document = json.loads(done.stdout)
    outcomes = {each["address"]: each["outcome"] for each in document["contacts"]}
    assert done.returncode == 0
    assert outcomes.pop("127.0.0.1") == "silent"
    assert set(outcomes.values()) <= {"refused"}


def test_dropped_packets_time_out(network: Network) -> None:
    """What comes in over lo for somebody else is dropped without a word (net/ipv4/route.c)."""
    network.output("ip", "route", "add", "192.0.2.0/24", "dev", "lo")
    done = network.context.porttui("probe", "192.0.2.2:80", "--timeout", "0.3", "--json")
    [contact] = json.loads(done.stdout)["contacts"]
    assert (done.returncode, contact["outcome"]) == (1, "timed_out")
    assert "drops packets" in contact["words"]


def test_a_full_listen_queue_is_named(servers: Servers) -> None:
    server = servers.start({"sockets": [{"backlog": 1}]})
    kept = []
    try:
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", server.port))
            kept.append(client)
        until(lambda: _waiting(server.port) > 1, "a full queue")
        [contact] = probe_json(f"127.0.0.1:{server.port}", "--timeout", "0.3", status=1)["contacts"]
    finally:
        for client in kept:
            client.close()
    assert contact["outcome"] == "timed_out"
    assert "connections wait in a queue of 1" in contact["words"]


def _waiting(port: int) -> int:
    listed = subprocess.run(
        [require_tool("ss"), "-Hltn", f"sport = :{port}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(listed.stdout.split()[1])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "'' names no port"),
        ("127.0.0.1:", "names no port"),
        ("127.0.0.1:0", "0 is not a port"),
        ("localhost:abc", "abc is not a port"),
        ("::1", "names no port"),
        ("a b:3000", "names no port"),
        ("a!b:3000", "a host must be a name or an address"),
        ("\x1b[2J:3000", "a host must be a name or an address"),
    ],
)
def test_bad_usage(typed: str, said: str) -> None:
    done = run("probe", typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "\x1b" not in done.stderr


def test_a_name_that_stands_for_nothing() -> None:
    done = run("probe", "nowhere.invalid:80")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be resolved" in done.stderr


def test_random_answers_are_safe_to_print() -> None:
    import random

    rng = random.Random(5)
    for _ in range(2000):
        answer = rng.randbytes(rng.randint(1, 80))
        contact = ConnectProbe(Endpoint.of("127.0.0.1", 80), ProbeOutcome.ANSWERS, 1.0, answer)
        assert probe_words(ProbeResult("h", 80, (contact,), ()), contact).isprintable()


def test_no_port_that_is_left_is_told_from_no_way(network: Network) -> None:
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=40000 40003")
    server = network.start({"sockets": [{"port": 8001}]})
    client: SocketSpec = {"autobinds": True, "peer": ("127.0.0.1", server.port)}
    network.start({"sockets": [client] * 4})
    done = network.context.porttui("probe", "--json", f"127.0.0.1:{server.port}")
    assert done.returncode == 1
    [contact] = json.loads(done.stdout)["contacts"]
    assert contact["outcome"] == "no_port"
    assert contact["words"] == (
        "this machine has no port left to connect from: "
        "porttui check --to 127.0.0.1:8001 shows who holds them"
    )
    elsewhere = network.context.porttui("probe", "--json", "192.0.2.1:80")
    [contact] = json.loads(elsewhere.stdout)["contacts"]
    assert contact["outcome"] == "unreachable"
