"""Connections that live milliseconds: every form of every command counts what the kernel lists."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import re
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from porttui.host.local import local_host
from porttui.sampling.sampler import Sampler
from tests.churn import PORT
from tests.cli.running import PORTTUI, environment
from tests.host.namespaces import Network
from tests.local_dashboards import LocalDashboards
from tests.servers import PATIENCE_S, ROOT, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with Linux's /proc/net")

CLIENTS = 120
ROUNDS = 15
WITHIN = 0.1
"""The medians of what porttui counts and of what the kernel lists are as near as that."""
RANGE = 400
TO = f"127.0.0.1:{PORT}"


@contextmanager
def churn(network: Network, life_ms: float, clients: int = CLIENTS) -> Iterator[None]:
    """Short connections in a network of their own, with RANGE ephemeral ports."""
    network.output("sysctl", "-q", "-w", f"net.ipv4.ip_local_port_range=40000 {40000 + RANGE - 1}")
    command = [*network.enter, sys.executable, "-m", "tests.churn", str(clients), str(life_ms)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        try:
            assert load.stdout.readline() == "ready\n"
            yield
        finally:
            load.stdin.close()


def listed_by_kernel(network: Network) -> int:
    """The client ends in /proc/net/tcp."""
    remote = f":{PORT:04X}"
    table = network.output("cat", "/proc/net/tcp")
    return sum(line.split()[2].endswith(remote) for line in table.splitlines()[1:])


def porttui(network: Network, *argv: str) -> str:
    done = subprocess.run(
        [*network.enter, *PORTTUI, *argv],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(COLUMNS="200"),
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def in_list_json(network: Network, *options: str) -> int:
    sockets = json.loads(porttui(network, "list", "--json", *options))["sockets"]
    return sum((each["remote"] or {}).get("port") == PORT for each in sockets)


def in_list(network: Network) -> int:
    lines = porttui(network, "list").splitlines()
    return sum(line.split()[3].endswith(f":{PORT}") for line in lines[1:])


def destination_of(network: Network) -> dict[str, Any]:
    [found] = json.loads(porttui(network, "check", "--json", "--to", TO))["tcp"]["destinations"]
    assert isinstance(found, dict)
    return found


def in_check_json(network: Network) -> int:
    in_use: int = destination_of(network)["in_use"]
    return in_use


def in_check(network: Network, *options: str) -> int:
    """What the verdict's line says: "127 of 400 left"."""
    [left] = re.findall(rf"(\d+) of {RANGE} left", porttui(network, "check", "--to", TO, *options))[
        :1
    ]
    return RANGE - int(left)


def boards_of_here() -> tuple[int, int]:
    """In the session's dashboard: ephemeral ports in use, and those lost to the destination."""
    dashboard = LocalDashboards(Sampler(local_host())).next()
    assert dashboard.summary.ephemeral is not None
    lost = [
        RANGE - gauge.left
        for gauge in dashboard.gauges
        if gauge.destination and str(gauge.destination.remote) == TO
    ]
    return dashboard.summary.ephemeral.tcp, sum(lost)


FORMS: dict[str, Callable[[Network], int]] = {
    "list --json": in_list_json,
    "list": in_list,
    "list --source proc": lambda network: in_list_json(network, "--source", "proc"),
    "check --json": in_check_json,
    "check": in_check,
    "check --who": lambda network: in_check(network, "--who"),
    "session: ephemeral": lambda network: network.context.call(boards_of_here)[0],
    "session: gauge": lambda network: network.context.call(boards_of_here)[1],
}


@pytest.mark.parametrize("life_ms", [0, 1, 5, 50])
def test_every_form_counts_what_the_kernel_lists(network: Network, life_ms: float) -> None:
    with churn(network, life_ms):
        kernel: list[int] = []
        found: dict[str, list[int]] = {name: [] for name in FORMS}
        for _ in range(ROUNDS):
            for name, count in FORMS.items():
                kernel.append(listed_by_kernel(network))
                found[name].append(count(network))
    truth = statistics.median(kernel)
    medians = {name: statistics.median(counts) for name, counts in found.items()}
    assert truth > CLIENTS / 2, f"the load is not there: {truth}"
    wrong = {
        name: median for name, median in medians.items() if abs(median - truth) > WITHIN * truth
    }
    assert not wrong, f"the kernel lists {truth}"


def connect_until_refused() -> int:
    """How many connections are had; they are held until the last one was refused."""
    with contextlib.ExitStack() as held:
        for number in itertools.count():
            made = held.enter_context(socket.socket())
            refusal = made.connect_ex(("127.0.0.1", PORT))
            if refusal:
                assert refusal == errno.EADDRNOTAVAIL
                return number
    raise AssertionError


@pytest.mark.parametrize("life_ms", [5, 50])
def test_what_is_left_is_what_connect_finds(network: Network, life_ms: float) -> None:
    """The forecast under churn, and then the kernel's own answer."""
    left, had = [], []
    with churn(network, life_ms, clients=300):
        for _ in range(7):
            left.append(destination_of(network)["headroom"]["expected"])
            had.append(network.context.call(connect_until_refused))
            until(lambda: listed_by_kernel(network) > 250, "the load is whole again")
    assert statistics.median(left) == pytest.approx(statistics.median(had), abs=WITHIN * RANGE)
    assert statistics.median(had) < RANGE / 2
