"""`porttui check`: its verdicts on networks with few ports, its forms, its exit statuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from porttui.__main__ import main
from porttui.host.contract import Host
from porttui.host.request import HostError
from tests.children import SocketSpec
from tests.cli.running import PORTTUI, environment, run
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY
from tests.servers import PATIENCE_S, ROOT, Child, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a network of its own")

RANGE = 100
PYTHON = Path(sys.executable).name
CLIENT: SocketSpec = {"autobinds": True, "peer": ("127.0.0.1", 8001)}


@pytest.fixture
def small(network: Network) -> Network:
    """A network with a range of a hundred ports, and a server outside of it."""
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=40000 40099")
    network.start({"sockets": [{"port": 8001, "backlog": 200}]})
    return network


def filled(network: Network, number: int = RANGE) -> Child:
    """That many clients of one destination."""
    return network.start({"sockets": [CLIENT] * number})


def checked(network: Network, *argv: str, status: int) -> dict[str, Any]:
    done = network.context.porttui("check", "--json", *argv)
    assert done.returncode == status, (done.stdout, done.stderr)
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["version"] == 1
    return document


def destination(document: dict[str, Any], port: int) -> dict[str, Any]:
    [found] = [each for each in document["tcp"]["destinations"] if each["remote"]["port"] == port]
    assert isinstance(found, dict)
    return found


def test_a_full_destination_another_one_and_bind(small: Network) -> None:
    clients = filled(small)
    full = checked(small, "--to", "127.0.0.1:8001", "--to", "127.0.0.1:8002", status=2)
    assert full["verdict"] == "exhausted"
    assert full["ephemeral"] == {
        "first": 40000,
        "last": 40099,
        "reserved": 0,
        "reserved_spans": [],
        "capacity": RANGE,
    }
    assert full["tcp"]["used"] == RANGE
    assert full["tcp"]["bind_headroom"] == {"127.0.0.1": 0, "0.0.0.0": 0, "::1": RANGE}
    one, other = destination(full, 8001), destination(full, 8002)
    assert one["local"] == "127.0.0.1"
    assert one["in_use"] == RANGE
    assert one["headroom"] == {"at_least": 0, "at_most": 0, "expected": 0}
    assert one["recovers_in_s"] is None
    assert [(each["pid"], each["ports"]) for each in one["holders"]] == [(clients.pid, RANGE)]
    assert len(one["listeners"]) == 1
    assert other["headroom"] == {"at_least": 0, "at_most": RANGE, "expected": RANGE}
    assert full["udp"] == {
        "used": 0,
        "headroom": RANGE,
        "headroom_range": {"at_least": RANGE, "at_most": RANGE, "expected": RANGE},
    }


def test_the_verdict_is_about_what_was_asked(small: Network) -> None:
    filled(small)
    assert checked(small, "--to", "127.0.0.1:8002", status=0)["verdict"] == "ok"
    assert checked(small, "--bind", "127.0.0.9", status=0)["verdict"] == "ok"
    assert checked(small, "--bind", "127.0.0.1", status=2)["verdict"] == "exhausted"
    assert checked(small, status=2)["verdict"] == "exhausted"


@pytest.mark.parametrize(
    ("clients", "status", "verdict"),
    [(0, 0, "ok"), (80, 0, "ok"), (81, 1, "warning"), (95, 1, "warning"), (96, 2, "critical")],
)
def test_thresholds(small: Network, clients: int, status: int, verdict: str) -> None:
    if clients:
        filled(small, clients)
    found = checked(small, "--to", "127.0.0.1:8001", status=status)
    assert found["verdict"] == verdict
    assert destination(found, 8001)["headroom"]["expected"] == RANGE - clients


def test_processes_are_named_where_something_runs_low_or_they_are_asked_for(
    small: Network,
) -> None:
    """To look for them takes far longer than for the ports."""
    some = filled(small, 10)
    done = small.context.porttui("check")
    assert done.returncode == 0, done
    assert str(some.pid) not in done.stdout
    assert " BY" not in done.stdout
    assert "127.0.0.1:8001" in done.stdout
    asked = small.context.porttui("check", "--who")
    assert asked.returncode == 0, asked
    assert f" {some.pid} (10)" in asked.stdout
    more = filled(small, 86)
    low = small.context.porttui("check")
    assert low.returncode == 2, low
    assert f" {more.pid} (86)" in low.stdout
    assert f" {some.pid} (10)" in low.stdout
    assert f" {more.pid}," in low.stdout.splitlines()[0]


def test_thresholds_of_ones_own(small: Network) -> None:
    filled(small, 50)
    to = ("--to", "127.0.0.1:8001")
    assert checked(small, *to, "--warn", "50", status=0)["verdict"] == "ok"
    assert checked(small, *to, "--warn", "51%", status=1)["verdict"] == "warning"
    assert checked(small, *to, "--warn", "60", "--crit", "51", status=2)["verdict"] == "critical"


def test_it_recovers_when_the_connections_are_closed(network: Network) -> None:
    """First by both ends, which leaves TIME_WAIT, then as the kernel takes that over."""
    network.output("sysctl", "-w", "net.ipv4.ip_local_port_range=40000 40099")
    server = network.start({"sockets": [{"port": 8001, "backlog": 200}], "accepts": True})
    clients = filled(network)
    to = ("--to", "127.0.0.1:8001")
    checked(network, *to, status=2)
    clients.tell("close")
    clients.await_report()
    half_closed = destination(checked(network, *to, status=2), 8001)
    assert (half_closed["in_use"], half_closed["time_wait"]) == (RANGE, 0)
    server.end()

    def headroom() -> int:
        done = network.context.porttui("check", "--json", *to)
        found = destination(json.loads(done.stdout), 8001)
        left = int(found["headroom"]["expected"])
        if left == 0:
            assert found["time_wait"] == RANGE
            assert 0 <= found["recovers_in_s"] <= found["recovered_in_s"] <= 1
        return left

    until(lambda: headroom() == RANGE, "the range recovers")


def test_reserved_ports_and_ipv6(small: Network) -> None:
    small.output("sysctl", "-w", "net.ipv4.ip_local_reserved_ports=40010,40020-40029")
    found = checked(small, "--to", "[::1]:8001", "--bind", "::", status=0)
    assert found["ephemeral"]["reserved"] == 11
    assert found["ephemeral"]["reserved_spans"] == [[40010, 40010], [40020, 40029]]
    assert found["ephemeral"]["capacity"] == RANGE - 11
    assert found["tcp"]["bind_headroom"]["::"] == RANGE - 11
    assert destination(found, 8001)["local"] == "::1"


def test_the_first_line_is_a_nagios_plugins(small: Network) -> None:
    clients = filled(small)
    done = small.context.porttui("check", "--to", "127.0.0.1:8001")
    assert done.returncode == 2
    first, *others = done.stdout.splitlines()
    said, _, measured = first.partition(" | ")
    assert said == (
        "PORTS CRITICAL - connect() to 127.0.0.1:8001 from 127.0.0.1: exhausted, 0 of 100 left; "
        f"100 in use by {PYTHON} {clients.pid}"
    )
    assert "'connect 127.0.0.1 127.0.0.1:8001'=0;20:;5:;0;100" in measured
    assert "'bind ::1'=100;20:;5:;0;100" in measured
    assert "|" not in "".join(others)
    assert any("EXHAUSTED" in line and "127.0.0.1:8001" in line for line in others)
    assert any(line.startswith("what helps: ") for line in others)


def test_a_hostile_name_breaks_no_line(small: Network) -> None:
    small.start({"sockets": [CLIENT] * RANGE, "comm": "a|b\x1b[2J\n"})
    done = small.context.porttui("check", "--to", "127.0.0.1:8001")
    first = done.stdout.splitlines()[0]
    assert first.count("|") == 1
    assert "\x1b" not in done.stdout
    assert r"a¦b\x1b[2J\n" in first


def test_without_root_the_numbers_are_the_same(small: Network) -> None:
    filled(small, 90)
    done = small.context._replace(uid=NOBODY).porttui("check", "--json", "--to", "127.0.0.1:8001")
    assert done.returncode == 1
    found = destination(json.loads(done.stdout), 8001)
    assert found["headroom"]["expected"] == 10
    assert (found["holders"], found["hidden"]) == ([], 90)


def test_a_name_stands_for_all_its_addresses() -> None:
    done = run("check", "--json", "--to", "localhost:8001")
    assert done.returncode == 0
    found = json.loads(done.stdout)["tcp"]["destinations"]
    assert "127.0.0.1" in {each["remote"]["address"] for each in found}


def test_where_no_route_leads_is_unknown(small: Network) -> None:
    found = checked(small, "--to", "192.0.2.1:80", status=3)
    assert found["verdict"] == "unknown"
    assert "no route to 192.0.2.1" in found["message"]


def test_a_source_that_is_blind_says_so(small: Network) -> None:
    found = checked(small, "--source", "proc", status=0)
    assert any("do not listen" in each for each in found["caveats"])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--to", "x"], "must be HOST:PORT"),
        (["--to", ":80"], "needs a host"),
        (["--to", "127.0.0.1:0"], "is not a port"),
        (["--to", "127.0.0.1:65536"], "is not a port"),
        (["--to", "::1"], "names no port"),
        (["--to", "a b:80"], "names no port"),
        (["--to", ""], "must be HOST:PORT"),
        (["--to"], "--to needs a value"),
        (["--bind", "nowhere"], "is not an IP address"),
        (["--warn", "4"], "--warn must not be below --crit (4 < 5)"),
        (["--warn", "101"], "must be 0 to 100 percent"),
        (["--crit", "nan"], "must be 0 to 100 percent"),
        (["--interval", "2"], "--interval needs --watch"),
        (["--watch", "--interval", "0"], "must be 0.2 to"),
        (["--no-such-option"], "unknown option"),
        (["3000"], "unexpected argument"),
        (["--to", "nowhere.invalid:80"], "cannot be resolved"),
    ],
)
def test_bad_usage_is_unknown(argv: list[str], words: str) -> None:
    done = run("check", *argv)
    assert done.returncode == 3
    [line] = done.stdout.splitlines()
    assert line.startswith("PORTS UNKNOWN - ")
    assert words in line
    assert done.stderr == ""
    as_json = run("check", "--json", *argv)
    assert as_json.returncode == 3
    assert json.loads(as_json.stdout)["verdict"] == "unknown"


def test_a_source_that_is_not_there_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake: here all of them are."""

    def refuse(_source: object) -> Host:
        raise HostError("not here")

    monkeypatch.setattr("porttui.cli.check.local_host", refuse)
    assert main(["check", "--source", "netlink"]) == 3


def test_watching_goes_on_until_ctrl_c() -> None:
    with subprocess.Popen(
        [*PORTTUI, "check", "--watch", "--interval", "0.2", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert json.loads(process.stdout.readline())["verdict"] == "ok"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130


def test_help() -> None:
    done = run("check", "--help")
    assert done.returncode == 0
    assert "--to HOST:PORT" in done.stdout
    assert "3 UNKNOWN" in done.stdout


def test_nothing_but_what_is_needed_is_imported() -> None:
    program = (
        "import sys; from porttui.__main__ import main; main(['check']); "
        "print(*sorted({'textual', 'asyncio', 'psutil', 'argparse'} "
        "& set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ},
    )  # fmt: skip
    assert done.stderr.split() == []


MOST = 64


@pytest.fixture
def crowded(network: Network) -> Child:
    """A process that has few descriptors left, and another one with many."""
    network.start({"sockets": [{}] * 3})
    return network.start({"sockets": [{}] * 56, "most_files": MOST})


def test_it_is_in_the_json_with_a_verdict_of_its_own(network: Network, crowded: Child) -> None:
    used = len(os.listdir(f"/proc/{crowded.pid}/fd"))
    done = network.context.porttui("check", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    first, *others = document["limits"]["processes"]
    assert first == {
        "pid": crowded.pid,
        "name": PYTHON,
        "used": used,
        "most": MOST,
        "verdict": "warning",
    }
    assert [each["verdict"] for each in others] == ["ok"]
    # What the quick look does not see does not decide: all forms are to agree.
    for asked in ([], ["--to", "127.0.0.1:8001"], ["--bind", "127.0.0.1"]):
        done = network.context.porttui("check", "--json", *asked)
        assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "ok")


def test_in_words_it_is_there_where_processes_are_looked_for(
    network: Network, crowded: Child
) -> None:
    title = f"open files of {PYTHON} {crowded.pid}"
    done = network.context.porttui("check", "--who")
    assert done.returncode == 0
    first, *others = done.stdout.splitlines()
    assert first.startswith("PORTS OK - ")
    assert "process_files" not in first
    [told] = [line for line in others if title in line]
    assert "WARNING" in told
    assert [line for line in others if f"open files of {PYTHON}" in line] == [
        line for line in others if line.startswith(title)
    ], "the one with descriptors left is not in the table"
    quick = network.context.porttui("check")
    assert quick.returncode == 0
    assert f"open files of {PYTHON}" not in quick.stdout


def test_a_source_that_does_not_tell_has_none(network: Network, crowded: Child) -> None:
    assert crowded.pids
    done = network.context.porttui("check", "--json", "--source", "psutil")
    assert json.loads(done.stdout)["limits"]["processes"] == []
