"""`porttui who`, `free`, `next` and `wait`, run as a person or a script would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.running import PORTTUI, environment, run
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY
from tests.host.socket_queries import leave_time_wait
from tests.servers import PATIENCE_S, ROOT, Child, Servers, free_port, has_exited

if sys.platform != "win32":
    import pty

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture
def server(servers: Servers) -> Child:
    """On a port that nothing is on at any other address."""
    return servers.listen(port=free_port())


def run_json(*argv: str, status: int) -> dict[str, Any]:
    done = run(*argv, "--json")
    assert (done.returncode, len(done.stdout.splitlines())) == (status, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["version"] == 1
    return document


BAD = ["0", "65536", "-1", "abc", "3000abc", "", "99999999999999", "3000.5", "²", "no-such-service"]


@pytest.mark.parametrize("command", ["who", "free", "next", "wait"])
@pytest.mark.parametrize("typed", BAD)
def test_what_is_no_port_is_refused_in_one_sentence(command: str, typed: str) -> None:
    done = run(command, typed)
    assert (done.returncode, done.stdout) == (2, "")
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith(f"porttui {command}: ")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("who",), "PORT is missing"),
        (("free", "--yes"), "PORT is missing"),
        (("who", "3000", "3001"), "unexpected argument 3001"),
        (("who", "3000", "--address", "nowhere"), "nowhere is not an IP address"),
        (("who", "nowhere:3000"), "nowhere is not an IP address"),
        (("next", "-n", "0"), "-n must be 1 to 100"),
        (("next", "-n", "x"), "-n must be 1 to 100"),
        (("wait", "3000", "--until", "gone"), "--until must be 'free' or 'listening'"),
        (("wait", "3000", "--timeout", "-1"), "--timeout must be"),
        (("free", "3000", "--timeout", "nan"), "--timeout must be"),
    ],
)
def test_bad_usage(argv: tuple[str, ...], said: str) -> None:
    done = run(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("command", ["who", "free", "next", "wait"])
def test_help_tells_the_exit_statuses(command: str) -> None:
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "exit status: 0 " in done.stdout
    assert "--address" in done.stdout


def test_who_has_it(server: Child) -> None:
    document = run_json("who", str(server.port), status=0)
    assert list(document) == [
        *("version", "port", "protocol", "addresses"),
        *("holders", "origins", "sockets", "problems"),
    ]
    assert (document["port"], document["protocol"]) == (server.port, "tcp")
    verdicts = {each["address"]: each["verdict"] for each in document["addresses"]}
    assert verdicts == {"127.0.0.1": "held", "0.0.0.0": "held", "::1": "free", "::": "held"}
    assert [holder["pid"] for holder in document["holders"]] == [server.pid]
    assert [each["state"] for each in document["sockets"]] == ["LISTEN"]
    assert str(server.pid) in document["addresses"][0]["reasons"][0]


def test_who_in_words(server: Child) -> None:
    done = run("who", str(server.port))
    assert (done.returncode, done.stderr) == (0, "")
    first, *_ = done.stdout.splitlines()
    assert first.split()[:2] == ["127.0.0.1", "held"]
    assert first.endswith(f" {server.pid} (root) listens here")
    assert "[::1]" in done.stdout


@pytest.mark.parametrize("form", ["127.0.0.1:{}", ":{}", "{}"])
def test_an_address_can_be_pasted_with_its_port(server: Child, form: str) -> None:
    document = run_json("who", form.format(server.port), "--address", "127.0.0.1", status=0)
    assert [each["address"] for each in document["addresses"]] == ["127.0.0.1"]


@pytest.mark.parametrize(
    "form",
    [
        "127.0.0.1:{}",
        "/127.0.0.1:{}",
        "http://127.0.0.1:{}/index.html",
        "tcp://127.0.0.1:{}",
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:{}",
        "nginx: [emerg] bind() to 127.0.0.1:{} failed (98: Address already in use)",
        "error while attempting to bind on address ('127.0.0.1', {}): address already in use",
    ],
)
def test_what_a_program_printed_can_be_pasted(server: Child, form: str) -> None:
    document = run_json("who", form.format(server.port), status=0)
    [address] = document["addresses"]
    assert (address["address"], address["verdict"]) == ("127.0.0.1", "held")


def test_an_error_message_needs_no_quotes(server: Child) -> None:
    words = f"listen tcp :{server.port}: bind: address already in use".split()
    assert run_json("who", *words, status=0)["port"] == server.port
    listed = run("list", "--listening", *words)
    assert f"127.0.0.1:{server.port}" in listed.stdout
    assert run("wait", "--timeout", "0", *words).returncode == 1


def test_a_protocol_may_stand_behind_the_port() -> None:
    assert run_json("who", f"{free_port()}/udp", status=1)["protocol"] == "udp"


def test_localhost_is_both_loopback_addresses() -> None:
    document = run_json("who", f"localhost:{free_port()}", status=1)
    assert [each["address"] for each in document["addresses"]] == ["127.0.0.1", "::1"]


def test_who_has_nobody() -> None:
    document = run_json("who", str(free_port()), "--address", "127.0.0.1", status=1)
    assert [each["verdict"] for each in document["addresses"]] == ["free"]
    assert document["holders"] == document["sockets"] == []


def test_a_service_is_a_port_too() -> None:
    assert run_json("who", "http", "--address", "127.0.0.1", status=1)["port"] == 80


def test_udp_is_another_port(server: Child) -> None:
    document = run_json("who", str(server.port), "--udp", "--address", "127.0.0.1", status=1)
    assert document["protocol"] == "udp"
    assert document["addresses"][0]["verdict"] == "free"


def test_a_privileged_port_is_not_permitted(network: Network) -> None:
    done = network.context._replace(uid=NOBODY).porttui("who", "80", "--json")
    verdicts = {each["verdict"] for each in json.loads(done.stdout)["addresses"]}
    assert (done.returncode, verdicts) == (1, {"not_permitted"})


def test_time_wait_without_the_flag_is_in_the_way() -> None:
    port, _ = leave_time_wait(first="client")
    document = run_json("who", str(port), "--address", "127.0.0.1", status=0)
    [address] = document["addresses"]
    assert address["verdict"] == "held"
    assert "still occupies it (TIME_WAIT), for " in address["reasons"][0]


def test_free_asks_first(server: Child) -> None:
    done = run("free", str(server.port))
    assert done.returncode == 4
    assert f" {server.pid} on 127.0.0.1:{server.port}" in done.stdout
    assert "nothing was sent; --yes would send" in done.stdout
    assert not has_exited(server.pid)


@pytest.mark.parametrize(("answer", "outcome"), [("y", "freed"), ("n", "refused"), ("", "refused")])
def test_free_asks_a_person_at_a_terminal(server: Child, answer: str, outcome: str) -> None:
    master, slave = pty.openpty()
    try:
        os.write(master, f"{answer}\n".encode())
        done = subprocess.run(
            [*PORTTUI, "free", str(server.port), "--json"],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            cwd=ROOT,
            env=environment(),
            timeout=PATIENCE_S,
            check=False,
        )
        asked = os.read(master, 4096).decode()
    finally:
        os.close(master)
        os.close(slave)
    assert f" {server.pid} on 127.0.0.1:{server.port}? [y/N] " in asked
    assert json.loads(done.stdout)["outcome"] == outcome
    assert has_exited(server.pid) is (outcome == "freed")


def test_free_frees_it(server: Child) -> None:
    document = run_json("free", str(server.port), "--yes", status=0)
    assert list(document) == [
        *("version", "port", "protocol", "outcome", "message", "signals"),
        *("holders_before", "holders_after", "waited_ms"),
    ]
    assert document["outcome"] == "freed"
    assert document["signals"] == [{"pid": server.pid, "signal": "SIGTERM"}]
    assert [each["pid"] for each in document["holders_before"]] == [server.pid]
    assert document["holders_after"] == []
    assert has_exited(server.pid)
    socket.create_server(("127.0.0.1", server.port)).close()


def test_free_with_nothing_to_free() -> None:
    document = run_json("free", str(free_port()), "--yes", status=0)
    assert (document["outcome"], document["signals"]) == ("already_free", [])


def test_free_stops_nobody_for_an_address_of_one_interface(servers: Servers) -> None:
    """Servers on other interfaces have the same address, and /proc does not say which is which."""
    server = servers.listen("::1", free_port())
    done = run("free", f"[::1%lo]:{server.port}", "--yes", "--source", "proc")
    assert (done.returncode, "names an interface" in done.stdout) == (4, True)
    assert not has_exited(server.pid)


def test_free_of_all_holders(servers: Servers) -> None:
    family = servers.start({"sockets": [{}], "forks": 2})
    one = run_json("free", str(family.port), "--yes", status=1)
    assert one["outcome"] == "still_held_by_others"
    assert len(one["signals"]) == 1
    assert len(one["holders_after"]) == 2
    rest = run_json("free", str(family.port), "--yes", "--all-holders", status=0)
    assert rest["outcome"] == "freed"
    assert len(rest["signals"]) == 2


def test_free_of_a_process_that_ignores_sigterm(servers: Servers) -> None:
    server = servers.start({"sockets": [{}], "ignores_term": True})
    ignored = run_json("free", str(server.port), "--yes", "--timeout", "0.3", status=1)
    assert ignored["outcome"] == "ignored_term"
    assert not has_exited(server.pid)
    killed = run_json("free", str(server.port), "--yes", "--kill", status=0)
    assert killed["signals"] == [{"pid": server.pid, "signal": "SIGKILL"}]


def test_free_of_a_respawning_server(servers: Servers) -> None:
    server = servers.start({"sockets": [{}], "parent": "supervisor"})
    document = run_json("free", str(server.port), "--yes", status=1)
    assert document["outcome"] == "respawned"
    [after] = document["holders_after"]
    assert after["pid"] not in (server.pid, document["signals"][0]["pid"])


def test_free_does_not_stop_a_client_for_its_outgoing_port(server: Child) -> None:
    """Others kill whatever has the number: a browser, for a connection that it has open."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        port = client.getsockname()[1]
        document = run_json("free", f"127.0.0.1:{port}", "--yes", status=4)
        assert (document["outcome"], document["signals"]) == ("refused", [])
        assert "as a client's source port" in document["message"]
        client.send(b"still here")


def test_free_of_another_users_process(network: Network) -> None:
    server = network.start({"sockets": [{}]})
    done = network.context._replace(uid=NOBODY).porttui("free", str(server.port), "--yes", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"]) == (4, "refused")
    assert document["signals"] == []
    assert "sudo" in document["message"]
    assert not has_exited(server.pid)


def test_free_stops_only_what_is_in_the_way(servers: Servers) -> None:
    """Twins on two addresses are two servers."""
    four = servers.listen("127.0.0.1")
    six = servers.listen("::1", four.port)
    document = run_json("free", f"127.0.0.1:{four.port}", "--yes", status=0)
    assert [each["pid"] for each in document["signals"]] == [four.pid]
    assert not has_exited(six.pid)


def test_next_is_free_and_after(server: Child) -> None:
    document = run_json("next", str(server.port), "-n", "3", status=0)
    assert len(document["ports"]) == 3
    assert server.port not in document["ports"]
    for port in document["ports"]:
        socket.create_server(("127.0.0.1", port)).close()


def test_next_passes_by_what_is_taken(network: Network) -> None:
    """In a network of its own nobody else takes ports."""
    network.start({"sockets": [{"port": 3000}, {"port": 3001, "address": "::1"}]})
    network.start({"sockets": [{"port": 3003, "listens": False}]})
    done = network.context.porttui("next", "2999", "-n", "3")
    assert done.stdout.split() == ["3002", "3004", "3005"]


def test_next_prefers_ports_outside_the_ephemeral_range(network: Network) -> None:
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=3000 3099")
    assert network.context.porttui("next", "3000").stdout.split() == ["3100"]
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=2000 65535")
    assert network.context.porttui("next", "3000").stdout.split() == ["1024"]
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=1024 65535")
    network.output("sysctl", "-w", "net.ipv4.ip_local_reserved_ports=3001-3004")
    assert network.context.porttui("next", "3000").stdout.split() == ["3005"]


def test_wait_until_free_and_its_time_is_over(server: Child) -> None:
    document = run_json("wait", str(server.port), "--timeout", "0.3", status=1)
    assert (document["state"], document["reached"]) == ("listening", False)
    assert document["waited_ms"] >= 300


def test_wait_until_listening() -> None:
    port = free_port()
    over = run_json("wait", str(port), "--until", "listening", "--timeout", "0.2", status=1)
    assert (over["state"], over["reached"]) == ("free", False)


@pytest.fixture
def waiting() -> Iterator[list[subprocess.Popen[str]]]:
    made: list[subprocess.Popen[str]] = []
    yield made
    for each in made:
        each.kill()
        each.communicate()


def start_waiting(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PORTTUI, "wait", *argv, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )


def test_wait_sees_a_port_become_free_and_served(
    server: Child, waiting: list[subprocess.Popen[str]]
) -> None:
    waiting.append(start_waiting(str(server.port)))
    os.kill(server.pid, signal.SIGTERM)
    out, _ = waiting[0].communicate(timeout=PATIENCE_S)
    assert (waiting[0].returncode, json.loads(out)["state"]) == (0, "free")
    waiting.append(start_waiting(str(server.port), "--until", "listening"))
    with socket.create_server(("127.0.0.1", server.port)):
        out, _ = waiting[1].communicate(timeout=PATIENCE_S)
    assert (waiting[1].returncode, json.loads(out)["state"]) == (0, "listening")


def test_a_machine_without_ipv6_has_two_usual_addresses_less(network: Network) -> None:
    network.output("ip", "-6", "address", "flush", "dev", "lo")
    who = json.loads(network.context.porttui("who", "3000", "--json").stdout)
    verdicts = {each["address"]: each["verdict"] for each in who["addresses"]}
    assert "::1" not in verdicts
    assert set(verdicts.values()) == {"free"}
    freed = network.context.porttui("free", "3000", "--yes", "--json")
    assert (freed.returncode, json.loads(freed.stdout)["outcome"]) == (0, "already_free")
    assert network.context.porttui("next", "2999").stdout.split() == ["3000"]
    assert network.context.porttui("wait", "3000", "--timeout", "0").returncode == 0


def test_an_address_that_was_asked_for_is_not_left_out(network: Network) -> None:
    network.output("ip", "-6", "address", "flush", "dev", "lo")
    done = network.context.porttui("who", "3000", "--address", "::1", "--json")
    [address] = json.loads(done.stdout)["addresses"]
    assert (done.returncode, address["verdict"]) == (1, "not_available")


def test_next_is_no_guess_when_no_port_is_left(network: Network) -> None:
    """Where no port can be given out, binding port 0 fails, which is not the address's fault."""
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=40000 40001")
    taken = [{"port": 40000, "address": "0.0.0.0"}, {"port": 40001, "address": "0.0.0.0"}]
    network.start({"sockets": taken})  # type: ignore[typeddict-item]
    network.start({"sockets": [{"port": 3000}]})
    assert network.context.porttui("next", "2999").stdout.split() == ["3001"]
