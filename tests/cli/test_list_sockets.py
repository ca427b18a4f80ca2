"""`porttui list` as a program: data on stdout, words on stderr, a true exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from porttui.model.socket import TcpState
from tests.children import SocketSpec
from tests.cli.running import PORTTUI, environment, run
from tests.host.namespaces import Network
from tests.host.process_context import ProcessContext
from tests.host.socket_queries import is_accepted, leave_time_wait
from tests.host.tools import require_tool
from tests.servers import PATIENCE_S, ROOT, Child, Servers, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs helper processes of Linux")

Json = dict[str, Any]

STATES = {state.value for state in TcpState} | {None}


@pytest.fixture
def server(servers: Servers) -> Child:
    """A server that accepts."""
    return servers.start({"sockets": [{}], "accepts": True})


@pytest.fixture
def client(servers: Servers, server: Child) -> Child:
    """A client of it, accepted."""
    connected = servers.connect(("127.0.0.1", server.port))
    until(lambda: is_accepted(server.port), "accept")
    return connected


def test_json_of_a_listener(server: Child) -> None:
    before = datetime.now(UTC)
    document = _json("--listening", str(server.port))
    assert list(document) == [
        "version",
        "taken_at",
        "duration_ms",
        "coverage",
        "problems",
        "sockets",
    ]
    assert document["version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["taken_at"])
    assert abs((datetime.fromisoformat(document["taken_at"]) - before).total_seconds()) < 60
    assert 0 < document["duration_ms"] < 60_000
    assert document["coverage"]["elevated"] is (os.geteuid() == 0)
    assert document["problems"] == []
    [found] = document["sockets"]
    [holder] = found.pop("holders")
    assert found == {
        "protocol": "tcp",
        "family": "ipv4",
        "state": "LISTEN",
        "local": {"address": "127.0.0.1", "port": server.port},
        "remote": None,
        "uid": os.geteuid(),
        "user": holder["user"],
        "ownership": "known",
        "exposure": "loopback",
    }
    assert list(holder) == ["pid", "name", "user", "cmdline", "create_time"]
    assert holder["pid"] == server.pid
    assert holder["cmdline"][0] == sys.executable
    assert abs(holder["create_time"] - before.timestamp()) < 60


def test_json_of_everything_keeps_to_its_form(server: Child, client: Child) -> None:
    leave_time_wait()
    document = _json()
    found = document["sockets"]
    assert {server.port, client.port} <= {each["local"]["port"] for each in found}
    for each in found:
        assert each["protocol"] in ("tcp", "udp")
        assert each["family"] in ("ipv4", "ipv6")
        assert each["state"] in STATES
        assert (each["state"] is None) is (each["protocol"] == "udp")
        assert each["ownership"] in ("known", "hidden", "kernel")
        assert (each["ownership"] == "known") is bool(each["holders"])
        assert each["exposure"] in ("loopback", "one_interface", "all_interfaces")
        for end in filter(None, (each["local"], each["remote"])):
            assert 0 <= end["port"] <= 65535
    assert {"TIME_WAIT", "ESTABLISHED", "LISTEN"} <= {each["state"] for each in found}


def test_it_is_one_line_of_json(server: Child) -> None:
    done = run("list", "--json", "--listening", str(server.port))
    assert done.stdout.endswith("}\n")
    assert done.stdout.count("\n") == 1


def test_a_port_is_either_end(server: Child, client: Child) -> None:
    """Closing connections of earlier tests may be to either port, too."""
    open_ones = [
        [each for each in _json(str(port))["sockets"] if each["holders"]]
        for port in (client.port, server.port)
    ]
    assert {_ends(each) for each in open_ones[0]} == {
        (client.port, server.port),
        (server.port, client.port),
    }
    assert len(open_ones[1]) == 3


@pytest.mark.parametrize("form", ["{0}", ":{0}", "{0}-{0}", "127.0.0.1:{0}", "localhost:{0}"])
def test_filters_that_name_the_port(server: Child, form: str) -> None:
    [found] = _json("--listening", form.format(server.port))["sockets"]
    assert found["local"]["port"] == server.port


def test_a_prefix_takes_ports_that_begin_so(server: Child) -> None:
    digits = str(server.port)[:-1]
    ports = [
        {str(each["local"]["port"]), str(each["remote"] and each["remote"]["port"])}
        for each in _json(f"{digits}*")["sockets"]
    ]
    assert any(str(server.port) in pair for pair in ports)
    assert all(any(port.startswith(digits) for port in pair) for pair in ports)


def test_words_are_looked_for_everywhere_and_all_must_fit(servers: Servers) -> None:
    # Words that are nobody else's, not even those of a second run of these tests.
    name, flag = f"Wunder{os.getpid()}", f"zebra{os.getpid()}"
    named = servers.start({"sockets": [{}], "comm": name}, arguments=[f"--of={flag}"])
    for words in ([name], [name.lower()], [flag.upper()], [name, flag], [str(named.port), flag]):
        [found] = _json(*words)["sockets"]
        assert found["local"]["port"] == named.port
    assert _json(name, "1")["sockets"] == []
    assert _json(name, f"no{flag}")["sockets"] == []


def test_only_listening(server: Child, client: Child) -> None:
    found = _json("--listening")["sockets"]
    assert server.port in {each["local"]["port"] for each in found}
    assert all(each["state"] == "LISTEN" or each["protocol"] == "udp" for each in found)
    assert all(each["remote"] is None for each in found)
    assert client.port not in {each["local"]["port"] for each in found}


def test_only_loopback_connections(server: Child, client: Child) -> None:
    found = _json("--loopback")["sockets"]
    ends = {_ends(each) for each in found}
    assert {(client.port, server.port), (server.port, client.port)} <= ends
    assert {each["state"] for each in found} == {"ESTABLISHED"}
    assert {each["exposure"] for each in found} == {"loopback"}


def test_the_table(server: Child) -> None:
    done = run("list", "--listening", str(server.port))
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    heading, line = done.stdout.splitlines()
    assert heading.split() == ["PROTO", "STATE", "LOCAL", "REMOTE", "EXPOSURE", "USER", "PROCESS"]
    assert line.split()[:5] == ["tcp", "LISTEN", f"127.0.0.1:{server.port}", "*", "loopback"]
    assert line.endswith(f" {server.pid}")


def test_all_holders_are_in_the_table(servers: Servers) -> None:
    family = servers.start({"sockets": [{}], "forks": 2})
    _, line = run("list", "--listening", str(family.port)).stdout.splitlines()
    first, *rest = [int(pid) for pid in re.findall(r" (\d+)(?:,|$)", line)]
    assert first == family.pids[0]
    assert set(rest) == set(family.pids[1:])


def test_connections_have_both_ends_in_one_line(server: Child, client: Child) -> None:
    done = run("list", "--loopback", str(client.port))
    heading, line = done.stdout.splitlines()
    assert heading.split() == ["CLIENT", "PROCESS", "SERVER", "PROCESS"]
    near, far = line.split("->")
    assert near.split()[0] == f"127.0.0.1:{client.port}"
    assert near.split()[-1] == f"{client.pid}"
    assert far.split()[0] == f"127.0.0.1:{server.port}"
    assert far.split()[-1] == f"{server.pid}"


@pytest.mark.parametrize("flags", [[], ["--listening"], ["--loopback"]])
def test_nothing_found_prints_nothing_and_is_no_failure(network: Network, flags: list[str]) -> None:
    done = network.context.porttui("list", *flags)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("source", ["auto", "proc", "psutil"])
def test_every_source_lists_it(server: Child, source: str) -> None:
    done = run("list", "--json", "--source", source, "--listening", str(server.port))
    document = json.loads(done.stdout)
    [found] = document["sockets"]
    assert [holder["pid"] for holder in found["holders"]] == [server.pid]
    # What a source cannot do is said, in both places.
    assert bool(document["problems"]) is (source == "psutil")
    assert ("names only one" in done.stderr) is (source == "psutil")


def test_it_agrees_with_ss_before_and_after_a_server_ends(servers: Servers) -> None:
    server = servers.start({"sockets": [{}], "forks": 1})
    ours = {(each["local"]["port"], _pids(each)) for each in _listening(server.port)}
    assert ours == {(server.port, frozenset(server.pids))}
    assert _by_ss(server.port) == ours
    for pid in server.pids:
        os.kill(pid, 9)
    until(lambda: not _by_ss(server.port), "end of the listener")
    assert _listening(server.port) == []


def test_it_loads_neither_the_interface_nor_anything_slow(server: Child) -> None:
    code = (
        "import sys; from porttui.__main__ import main; "
        "status = main(sys.argv[1:]); print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    command = [sys.executable, "-c", code, "list", "--json", str(server.port)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    slow = {"textual", "rich", "asyncio", "psutil", "pyperclip", "dataclasses", "subprocess"}
    assert "porttui" in loaded
    assert loaded & slow == set()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("argv", [["list"], ["list", "--json"], ["--help"], ["--version"]])
def test_a_reader_that_went_away_is_no_crash(argv: list[str], unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as broken:
        done = _run_into(broken.fileno(), argv, PYTHONUNBUFFERED=unbuffered)
    assert "Error" not in done.stderr
    assert done.returncode in (0, 141)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "argv", [["list"], ["list", "--json"], ["--help"], ["who", "1"], ["check"], ["check", "--to"]]
)
def test_what_cannot_be_written_is_said(argv: list[str], unbuffered: str) -> None:
    """As on a full disk; here stdout is open for reading alone."""
    with open(os.devnull, "rb") as unwritable:
        done = _run_into(unwritable.fileno(), argv, PYTHONUNBUFFERED=unbuffered)
    assert done.stderr == "porttui: cannot write to stdout: Bad file descriptor\n"
    assert done.returncode == (3 if argv[0] == "check" else 1)


def test_a_reader_that_takes_one_line_gets_it(servers: Servers) -> None:
    """As `porttui list | head -1`; more is written than a pipe holds (pipe(7))."""
    first = servers.start({"sockets": [{"reuse_port": True}]})
    twins: list[SocketSpec] = [{"reuse_port": True, "port": first.port}] * 1000
    servers.start({"sockets": twins})
    with subprocess.Popen(
        [*PORTTUI, "list", str(first.port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"PROTO")
        process.stdout.close()
        assert process.wait(PATIENCE_S) in (0, 141)
        assert b"Error" not in process.stderr.read()


def test_a_file_that_takes_no_more_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: it needs no device and no root."""
    command = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *PORTTUI, "list", "--json"]
    with (tmp_path / "stdout").open("wb") as limited:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=limited,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 1
    [said] = done.stderr.splitlines()
    assert "File too large" in said


def test_a_closed_stdout_is_no_crash() -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *PORTTUI, "list"]
    done = subprocess.run(
        command, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=PATIENCE_S, check=False
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_foreign_text_fits_into_any_encoding(servers: Servers, flags: list[str]) -> None:
    """Whoever names a process must not be able to break the list for everybody."""
    named = servers.start({"sockets": [{}], "comm": "nämé"}, arguments=["🦀"])
    done = run("list", "--listening", str(named.port), *flags, PYTHONIOENCODING="ascii")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0
    assert str(named.pid) in done.stdout


def test_hostile_text_reaches_the_terminal_as_text(servers: Servers) -> None:
    hostile = servers.start(
        {"sockets": [{}], "comm": "\x1b]0;x\x07\n"}, arguments=["\x1b[31m", "two\nlines", "\u202e"]
    )
    wanted = ["--listening", str(hostile.port)]
    table, as_json = run("list", *wanted), run("list", "--json", *wanted)
    assert len(table.stdout.splitlines()) == 2
    assert table.stdout.replace("\n", "").isprintable()
    [holder] = json.loads(as_json.stdout)["sockets"][0]["holders"]
    assert holder["name"] == r"\x1b]0;x\x07\n"
    assert all(argument.isprintable() for argument in holder["cmdline"])


@pytest.mark.parametrize("descriptors", range(3, 8))
def test_too_few_descriptors_are_said_in_one_sentence(descriptors: int) -> None:
    done = ProcessContext(descriptors=descriptors).porttui("list", "--json")
    if done.returncode == 0:
        json.loads(done.stdout)
        assert descriptors > 3
        return
    assert (done.returncode, done.stdout) == (1, "")
    [said] = done.stderr.splitlines()
    assert said.startswith("porttui: ")
    assert said.endswith("Too many open files")


def _json(*argv: str) -> Json:
    done = run("list", "--json", *argv)
    assert done.returncode == 0, done.stderr
    document: Json = json.loads(done.stdout)
    return document


def _listening(port: int) -> list[Json]:
    found: list[Json] = _json("--listening", str(port))["sockets"]
    return found


def _ends(each: Json) -> tuple[int, int]:
    return each["local"]["port"], each["remote"]["port"]


def _pids(each: Json) -> frozenset[int]:
    return frozenset(holder["pid"] for holder in each["holders"])


def _by_ss(port: int) -> set[tuple[int, frozenset[int]]]:
    listed = subprocess.run(
        [require_tool("ss"), "-Htlnp", f"sport = :{port}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    ).stdout
    return {
        (port, frozenset(map(int, re.findall(r"pid=(\d+)", line)))) for line in listed.splitlines()
    }


def _run_into(stdout: int, argv: list[str], **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PORTTUI, *argv],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(**changes),
        timeout=PATIENCE_S,
        check=False,
    )
