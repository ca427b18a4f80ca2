"""A child that began after the signal has the listener of its parent: it was never let go of."""

from __future__ import annotations

import sys

import pytest

from porttui.host.request import SourceName
from porttui.model.stop import StopOutcome
from porttui.stopping import stopper
from porttui.text.stop import sentence
from tests.host.socket_queries import sockets_on
from tests.servers import Servers, free_port, until
from tests.stopping.harness import StopHarness

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs fork(2) and sock_diag")

_HANDS_ON = """
import os, signal, socket, sys
made = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def hand_on(*_):
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGTERM, hand_on)
while True:
    signal.pause()
"""
"""A server that forks when it is told to exit: the child goes on with its listener."""


@pytest.mark.parametrize("source", [SourceName.AUTO, SourceName.PROC])
def test_it_is_said_to_hold_the_port_and_not_to_have_taken_it_again(
    servers: Servers, source: SourceName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopper, "PORT_GRACE_S", 0.2)
    port = free_port()
    server = servers.run([sys.executable, "-I", "-S", "-c", _HANDS_ON, str(port)])
    until(lambda: bool(sockets_on(port)), "it listens")
    harness = StopHarness(source)
    result = harness.stop(harness.target(port))
    [child] = [holder for each in result.held_by for holder in each.holders]
    try:
        assert result.outcome is StopOutcome.STILL_HELD_BY_OTHERS
        assert child.pid != server.pid
        words = f"is still held by {child.label} through the same socket."
        assert sentence(result).endswith(words)
    finally:
        again = harness.stop(harness.target(port))
    assert again.outcome is StopOutcome.FREED
