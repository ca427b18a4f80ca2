"""Zones and devices in `list`, `who`, `wait`, `next`, `free` and `check`, judged by the kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import Serve
from tests.cli.running import PORTTUI, environment
from tests.host.namespaces import Network
from tests.servers import PATIENCE_S, ROOT, has_exited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes networks")


def run_json(network: Network, *argv: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [*network.enter, *PORTTUI, *argv, "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_device_is_shown_and_narrows_the_exposure(devices: Network, serving: Serve) -> None:
    serving("0.0.0.0", 4010, "lo")
    serving("0.0.0.0", 4011, "v0")
    serving("fe80::1", 4008, "v0")
    serving("fe80::1", 4008, "v1")
    _, document = run_json(devices, "list", "--listening")
    rows = {
        (socket["local"]["address"], socket["local"]["port"], socket["exposure"])
        for socket in document["sockets"]
    }
    assert rows == {
        ("0.0.0.0%lo", 4010, "loopback"),
        ("0.0.0.0%v0", 4011, "one_interface"),
        ("fe80::1%v0", 4008, "one_interface"),
        ("fe80::1%v1", 4008, "one_interface"),
    }


@pytest.mark.parametrize(
    ("typed", "ports"),
    [("0.0.0.0%lo:4010", {4010}), ("0.0.0.0%v0:4010", set()), ("%v0", {4011}), ("4010", {4010})],
)
def test_a_filter_knows_the_device(
    devices: Network, serving: Serve, typed: str, ports: set[int]
) -> None:
    serving("0.0.0.0", 4010, "lo")
    serving("0.0.0.0", 4011, "v0")
    _, document = run_json(devices, "list", "--listening", typed)
    assert {socket["local"]["port"] for socket in document["sockets"]} == ports


def test_servers_of_two_devices_share_a_port(devices: Network, serving: Serve) -> None:
    first = serving("fe80::1", 4008, "v0")
    status, document = run_json(devices, "who", "4008", "--address", "fe80::1%v1")
    assert (status, document["addresses"][0]["verdict"]) == (1, "free")
    status, document = run_json(devices, "who", "4008", "--address", "fe80::1%v0")
    assert (status, document["addresses"][0]["verdict"]) == (0, "held")
    assert run_json(devices, "wait", "4008", "--address", "fe80::1%v1", "--timeout", "0")[0] == 0
    status, document = run_json(devices, "next", "4007", "--address", "fe80::1%v1")
    assert (status, document["ports"]) == (0, [4008])
    status, document = run_json(devices, "next", "4007", "--address", "fe80::1%v0")
    assert (status, document["ports"]) == (0, [4009])
    second = serving("fe80::1", 4008, "v1")
    status, document = run_json(devices, "free", "[fe80::1%v1]:4008", "--yes")
    assert (status, document["outcome"]) == (0, "freed")
    assert has_exited(second)
    assert not has_exited(first), "it is another interface's"


def test_a_device_alone_reaches_it_and_still_nobody_else_can_bind(
    devices: Network, serving: Serve
) -> None:
    serving("0.0.0.0", 4011, "v0")
    status, document = run_json(devices, "who", "4011", "--address", "127.0.0.1")
    [address] = document["addresses"]
    assert (status, address["verdict"]) == (0, "held")
    assert "it serves v0 alone" in address["reasons"][0]


@pytest.mark.parametrize(("address", "is_reached"), [("127.0.0.1", False), ("10.5.0.1", True)])
def test_until_listening_goes_by_the_device(
    devices: Network, serving: Serve, address: str, is_reached: bool
) -> None:
    serving("0.0.0.0", 4011, "v0")
    argv = ("wait", f"{address}:4011", "--until", "listening", "--timeout", "0.3")
    status, document = run_json(devices, *argv)
    assert (status, document["reached"]) == (0 if is_reached else 1, is_reached)


def test_what_ss_prints_is_read_as_typed(devices: Network, serving: Serve) -> None:
    serving("127.0.0.53", 4053, "lo")
    status, document = run_json(devices, "who", "127.0.0.53%lo:4053")
    [address] = document["addresses"]
    assert (status, address["address"], address["verdict"]) == (0, "127.0.0.53%lo", "held")
    status, document = run_json(devices, "probe", "127.0.0.53%lo:4053")
    assert (status, document["contacts"][0]["outcome"]) == (0, "silent")
    serving("fe80::1", 4008, "v0")
    for typed in ("[fe80::1]%v0:4008", "[fe80::1%v0]:4008"):
        assert run_json(devices, "who", typed)[1]["addresses"][0]["verdict"] == "held"
        assert run_json(devices, "probe", typed)[1]["contacts"][0]["outcome"] == "silent"
        assert len(run_json(devices, "list", "--listening", typed)[1]["sockets"]) == 1


def test_an_interface_that_is_not_there_is_unknown(devices: Network) -> None:
    status, document = run_json(devices, "who", "4010", "--address", "127.0.0.1%nosuch")
    assert (status, document["addresses"][0]["verdict"]) == (1, "unknown")
