"""What tests of several rooms share: real processes, and a network of their own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from porttui.host import programs
from tests.host.namespaces import Network, open_network
from tests.servers import Servers

if sys.platform != "win32":
    # A shell ignores these signals for its background jobs, nohup ignores SIGHUP, and children
    # inherit that (execve(2)). With a handler, even one that does nothing, they get the default.
    for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(_number) is signal.SIG_IGN:
            signal.signal(_number, lambda *_: None)


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Starts real processes; none of them outlives the test."""
    with Servers() as started:
        yield started


@pytest.fixture
def network(servers: Servers) -> Network:
    """A network namespace of the test's own: nobody else opens sockets in it."""
    return open_network(servers)


@pytest.fixture
def fakes_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root would run no fake of a program: they are in folders that anybody may write into."""
    monkeypatch.setattr(programs, "_is_root_owned", lambda _: True)
