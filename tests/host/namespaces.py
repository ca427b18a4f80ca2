"""Network and PID namespaces of a test's own (namespaces(7))."""

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
    """A network namespace with nothing in it but its loopback interface."""

    servers: Servers
    enter: tuple[str, ...]
    """The command that runs another in it."""

    @property
    def context(self) -> ProcessContext:
        """To call functions in it."""
        return ProcessContext(self.enter)

    def start(self, spec: Spec) -> Child:
        """A helper process in it."""
        return self.servers.start(spec, within=self.enter)

    def output(self, *command: str) -> str:
        """What a program in it prints."""
        return subprocess.run(
            [*self.enter, *command],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        ).stdout


def require_root() -> None:
    """Skip the test for everybody but root on Linux."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make namespaces and become somebody else")


def open_network(servers: Servers) -> Network:
    """It lasts as long as the process that has it, which is one of `servers`."""
    require_root()
    keeper = servers.start({}, within=[require_tool("unshare"), "--net"])
    enter = (require_tool("nsenter"), "--target", str(keeper.pid), "--net")
    network = Network(servers, enter)
    network.output(require_tool("ip"), "link", "set", "lo", "up")
    return network
