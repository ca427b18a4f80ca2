"""Why bind() fails, other than that the port is in use: in every command, judged by the kernel."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.conftest import Serve
from tests.cli.running import PORTTUI, environment
from tests.host.namespaces import Network
from tests.host.tools import require_tool
from tests.servers import PATIENCE_S, ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes networks")

LANDLOCK = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Attributes(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64)]
attributes = Attributes(0, 1)  # LANDLOCK_ACCESS_NET_BIND_TCP
ruleset = libc.syscall(444, ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
libc.prctl(38, 1, 0, 0, 0)
if ruleset < 0 or libc.syscall(446, ruleset, 0):
    sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def porttui(
    network: Network, *argv: str, before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*network.enter, *before, *PORTTUI, *argv],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )


def without_capability() -> list[str]:
    """Root that may not bind privileged ports."""
    return [
        require_tool("setpriv"),
        *("--bounding-set", "-net_bind_service"),
        *("--inh-caps", "-net_bind_service"),
    ]


def address_verdict(
    network: Network, port: int, address: str, before: Sequence[str] = ()
) -> dict[str, Any]:
    done = porttui(network, "who", str(port), "--address", address, "--json", before=before)
    [entry] = json.loads(done.stdout)["addresses"]
    return dict(entry)


def test_a_foreign_address_is_not_available(devices: Network, serving: Serve) -> None:
    serving("0.0.0.0", 4012)
    entry = address_verdict(devices, 4012, "203.0.113.9")
    assert entry["verdict"] == "not_available", "though a wildcard listens on the port"
    assert entry["reasons"] == ["203.0.113.9 is not an address of this machine"]
    started = time.monotonic()
    done = porttui(devices, "wait", "4012", "--address", "203.0.113.9", "--timeout", "20")
    assert done.returncode == 1
    assert time.monotonic() - started < 10, "it ends at once"
    done = porttui(devices, "next", "--address", "203.0.113.9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "203.0.113.9 is not an address of this machine" in done.stderr
    done = porttui(devices, "check", "--bind", "203.0.113.9")
    assert done.returncode == 3
    assert done.stdout.startswith("PORTS UNKNOWN - 203.0.113.9 is not an address")


def test_a_tentative_address_is_not_usable_yet(devices: Network) -> None:
    devices.output("sysctl", "-q", "-w", "net.ipv6.conf.v0.dad_transmits=500")
    devices.output("ip", "address", "add", "fd00::9/64", "dev", "v0")
    entry = address_verdict(devices, 4012, "fd00::9")
    assert entry["verdict"] == "not_available"
    assert "duplicate address detection" in entry["reasons"][0]


def test_without_ipv6(network: Network) -> None:
    network.output("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1")
    entry = address_verdict(network, 4012, "::1")
    assert entry["verdict"] == "not_available"
    assert "IPv6 is off" in entry["reasons"][0]
    usual = json.loads(porttui(network, "who", "4012", "--json").stdout)["addresses"]
    assert all(entry["verdict"] == "free" for entry in usual), "nobody asked for IPv6"


def test_a_privileged_port(network: Network) -> None:
    entry = address_verdict(network, 80, "127.0.0.1", without_capability())
    assert (entry["verdict"], entry["reasons"]) == (
        "not_permitted",
        ["ports below 1024 need root"],
    )
    done = porttui(network, "wait", "80", "--timeout", "20", before=without_capability())
    assert (done.returncode, "ports below 1024 need root" in done.stdout) == (1, True)
    network.output("sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=6000")
    done = porttui(network, "next", "3000", before=without_capability())
    assert (done.returncode, done.stdout) == (0, "6000\n")


def test_a_held_port_that_this_user_may_not_bind_anyway(devices: Network, serving: Serve) -> None:
    serving("127.0.0.1", 3000)
    devices.output("sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=6000")
    entry = address_verdict(devices, 3000, "127.0.0.1", without_capability())
    assert entry["verdict"] == "held"
    assert any("needs root" in reason for reason in entry["reasons"])


def test_a_policy_is_no_lack_of_privilege(network: Network) -> None:
    landlock = [sys.executable, "-c", LANDLOCK]
    done = porttui(network, "who", "4012", "--address", "127.0.0.1", "--json", before=landlock)
    if done.returncode == 77:
        pytest.skip("this kernel has no Landlock for networks")
    [entry] = json.loads(done.stdout)["addresses"]
    assert entry["verdict"] == "not_permitted"
    assert "a policy forbids" in entry["reasons"][0]


def test_a_link_local_address_needs_its_interface(devices: Network) -> None:
    entry = address_verdict(devices, 4012, "fe80::1")
    assert entry["verdict"] == "not_available"
    assert entry["reasons"] == ["fe80::1 needs its interface, like fe80::1%eth0"]
