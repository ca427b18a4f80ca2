"""`porttui probe` speaks of what it reached: zones, devices, other machines, and hung servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import Serve
from tests.cli.running import PORTTUI, environment
from tests.host.namespaces import Network
from tests.servers import PATIENCE_S, ROOT, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes networks")


def probe(network: Network, target: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and the only attempt."""
    done = subprocess.run(
        [*network.enter, *PORTTUI, "probe", target, "--json", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    [attempt] = json.loads(done.stdout)["contacts"]
    return done.returncode, attempt


def test_a_link_local_address_is_probed_in_its_zone(devices: Network, serving: Serve) -> None:
    serving("fe80::1", 4008, "v0")
    status, attempt = probe(devices, "[fe80::1%v0]:4008")
    assert (status, attempt["address"], attempt["outcome"]) == (0, "fe80::1%v0", "silent")
    status, attempt = probe(devices, "[fe80::1%v1]:4008")
    assert (status, attempt["outcome"]) == (1, "refused")
    assert attempt["words"] == "no process listens there", "the listener is on v0"


@pytest.mark.parametrize(
    ("device", "target", "outcome"),
    [
        ("lo", "127.0.0.1", "silent"),
        ("lo", "10.5.0.1", "refused"),
        ("v0", "127.0.0.1", "refused"),
        ("v0", "10.5.0.1", "silent"),
    ],
)
def test_a_listener_of_a_device_gets_what_arrives_there(
    devices: Network, serving: Serve, device: str, target: str, outcome: str
) -> None:
    serving("0.0.0.0", 4010, device)
    status, attempt = probe(devices, f"{target}:4010")
    assert (status, attempt["outcome"]) == (0 if outcome == "silent" else 1, outcome)
    is_named = "python" in attempt["words"]
    assert is_named is (outcome == "silent"), attempt["words"]


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_connection_that_nobody_accepts_is_in_the_queue(
    devices: Network, serving: Serve, is_stopped: bool
) -> None:
    pid = serving("127.0.0.1", 4004, wait="hang")
    if is_stopped:
        os.kill(pid, signal.SIGSTOP)
    for options in ((), ("--http",)):
        status, attempt = probe(devices, "127.0.0.1:4004", *options)
        assert (status, attempt["outcome"]) == (1, "not_accepted")
        assert "it waits in the queue" in attempt["words"]
        assert ("stopped" in attempt["words"]) is is_stopped
        assert ("busy, or hangs" in attempt["words"]) is not is_stopped


def test_a_silent_server_that_was_asked_did_not_answer(devices: Network, serving: Serve) -> None:
    serving("127.0.0.1", 4005)
    status, attempt = probe(devices, "127.0.0.1:4005", "--http")
    assert (status, attempt["outcome"]) == (0, "silent")
    assert "did not answer the HTTP request" in attempt["words"]


def test_a_listener_here_explains_no_other_machine(devices: Network, serving: Serve) -> None:
    serving("0.0.0.0", 4064)
    serving("10.99.0.5", 4065, wait="nonlocal")  # an address that another machine has now
    for target in ("10.99.0.5:4064", "10.99.0.5:4065"):
        status, attempt = probe(devices, target, "--timeout", "1")
        assert (status, attempt["outcome"]) == (1, "timed_out") or (
            attempt["outcome"] == "unreachable"
        )
        assert "python" not in attempt["words"]


def test_a_client_that_meets_itself_is_refused(devices: Network) -> None:
    devices.output("sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=40000 40000")

    def met() -> bool:
        status, attempt = probe(devices, "127.0.0.1:40000")
        assert status == 1
        return attempt["outcome"] in ("refused", "no_port")

    until(met)
