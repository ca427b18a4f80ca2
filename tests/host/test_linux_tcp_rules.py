"""The rules for using a port again, of a network namespace and of older kernels."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host.linux.sysctl import read_tcp_rules
from porttui.model.tcp_rules import TcpRules
from tests.host.namespaces import Network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sysctl")


def test_they_are_those_of_the_network_namespace(network: Network) -> None:
    place = network.place
    place.call(_set, tcp_tw_reuse=1, tcp_timestamps=0, tcp_tw_reuse_delay=70, ip_autobind_reuse=1)
    assert place.call(read_tcp_rules) == TcpRules(1, False, 70, True)
    place.call(_set, tcp_tw_reuse=0, tcp_timestamps=2, tcp_tw_reuse_delay=9, ip_autobind_reuse=0)
    assert place.call(read_tcp_rules) == TcpRules(0, True, 9, False)


def test_what_an_older_kernel_does_not_tell_is_as_it_was_there(tmp_path: Path) -> None:
    (tmp_path / "tcp_tw_reuse").write_text("2\n")
    (tmp_path / "tcp_timestamps").write_text("1\n")
    assert read_tcp_rules(f"{tmp_path}/") == TcpRules(2, True, 1000, False)


def test_a_kernel_that_does_not_tell_has_no_rules(tmp_path: Path) -> None:
    assert read_tcp_rules(f"{tmp_path}/") is None
    (tmp_path / "tcp_tw_reuse").write_text("perhaps\n")
    (tmp_path / "tcp_timestamps").write_text("1\n")
    assert read_tcp_rules(f"{tmp_path}/") is None


def _set(**values: int) -> None:
    for name, value in values.items():
        Path(f"/proc/sys/net/ipv4/{name}").write_text(f"{value}\n")
