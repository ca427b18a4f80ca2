"""Network and PID namespaces for one test (namespaces(7))."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests.children import Spec
from tests.host.process_context import ProcessContext
from tests.host.tools import require_tool
from tests.servers import PATIENCE_S, Child, Servers


class Network(NamedTuple):
    """A network namespace with only a loopback interface."""

    servers: Servers
    enter: tuple[str, ...]
    """Prefix of a command that runs in it."""

    @property
    def context(self) -> ProcessContext:
        """Calls functions in it."""
        return ProcessContext(self.enter)

    def start(self, spec: Spec) -> Child:
        """Start a helper process in it."""
        return self.servers.start(spec, within=self.enter)

    def output(self, *command: str) -> str:
        """Output of a program in it."""
        return subprocess.run(
            [*self.enter, *command],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        ).stdout


def require_root() -> None:
    """Skip the test unless root runs it on Linux."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make namespaces and become somebody else")


def open_network(servers: Servers) -> Network:
    """It lasts as long as its process, which is one of `servers`."""
    require_root()
    keeper = servers.start({}, within=[require_tool("unshare"), "--net"])
    enter = (require_tool("nsenter"), "--target", str(keeper.pid), "--net")
    network = Network(servers, enter)
    network.output(require_tool("ip"), "link", "set", "lo", "up")
    return network
