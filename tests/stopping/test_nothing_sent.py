"""Stops that must not signal anybody: gone, changed, refused and denied, with real processes."""

from __future__ import annotations

import os
import sys

import pytest

from porttui.host.linux.processes import read_process
from porttui.host.request import SourceName
from porttui.model.stop import StopOutcome, StopResult, StopTarget
from porttui.stopping.stopper import Stopper
from porttui.text.stop import sentence
from tests.host.namespaces import require_root
from tests.host.process_context import NOBODY, ProcessContext
from tests.host.socket_queries import listener, open_socket_on, pids_of
from tests.host.tools import require_tool
from tests.servers import Child, Servers, has_exited
from tests.stopping.harness import StopHarness, stop_after_reuse, stop_pid, stop_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs helper processes of Linux")

SOURCES = [SourceName.PROC, SourceName.PSUTIL]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("is_reaped", [True, False])
def test_already_gone(servers: Servers, source: SourceName, is_reaped: bool) -> None:
    harness, gone = StopHarness(source), servers.listen()
    target = harness.target(gone.port)
    gone.end()
    if is_reaped:
        gone.process.wait()
    result = harness.stop(target)
    assert (result.outcome, result.sent) == (StopOutcome.ALREADY_GONE, ())
    assert sentence(result).endswith(f"127.0.0.1:{gone.port} is free.")


def test_already_gone_and_the_port_is_anothers(servers: Servers, harness: StopHarness) -> None:
    gone = servers.listen()
    target = harness.target(gone.port)
    gone.end()
    newcomer = servers.listen(port=gone.port)
    result = harness.stop(target)
    assert (result.outcome, result.sent) == (StopOutcome.ALREADY_GONE, ())
    assert f"{newcomer.pid} (new on this port)" in sentence(result)
    assert not has_exited(newcomer.pid)


@pytest.mark.parametrize("source", SOURCES)
def test_another_start_mark_under_the_same_pid(bystander: Child, source: SourceName) -> None:
    harness = StopHarness(source)
    target = harness.target(bystander.port)
    [holder] = target.holders
    earlier = holder._replace(started=holder.started - 1)
    result = harness.stop(target._replace(holders=(earlier,)))
    _assert_nothing_sent(result, StopOutcome.CHANGED, "now belongs to another process")


@pytest.mark.parametrize("source", SOURCES)
def test_a_pid_that_was_given_to_another_server_on_the_same_port(source: SourceName) -> None:
    """The kernel is made to give the very same pid out again."""
    require_root()
    place = ProcessContext((require_tool("unshare"), "--pid", "--fork", "--mount-proc"))
    outcome, signals, lives = place.call(stop_after_reuse, source)
    assert (outcome, signals, lives) == (StopOutcome.CHANGED, 0, True)


def test_a_process_that_let_go_of_the_port(servers: Servers, harness: StopHarness) -> None:
    closer = servers.listen()
    target, port = harness.target(closer.port), closer.port
    closer.tell("close")
    closer.await_report()
    result = harness.stop(target)
    _assert_nothing_sent(result, StopOutcome.CHANGED, f"no longer holds 127.0.0.1:{port}")
    assert not has_exited(closer.pid)


def test_a_process_that_moved_to_another_port(
    servers: Servers, harness: StopHarness, bystander: Child
) -> None:
    """It is the same process, but not the one that is on the row."""
    other = servers.listen()
    target = harness.target(other.port)
    moved = target._replace(holders=harness.target(bystander.port).holders)
    _assert_nothing_sent(harness.stop(moved), StopOutcome.CHANGED, "no longer holds")
    assert not has_exited(other.pid)


def test_if_one_of_several_has_changed_none_is_signalled(
    servers: Servers, harness: StopHarness
) -> None:
    family = servers.start({"sockets": [{}], "forks": 2})
    target = harness.target(family.port)
    *rest, last = target.holders
    result = harness.stop(target, [*rest, last._replace(started=last.started - 1)])
    _assert_nothing_sent(result, StopOutcome.CHANGED, "now belongs to another process")
    assert not any(map(has_exited, family.pids))


def test_porttui_itself(harness: StopHarness, bystander: Child) -> None:
    with listener() as (_, port):
        result = harness.stop(harness.target(port))
        _assert_nothing_sent(result, StopOutcome.REFUSED, "this is porttui itself")
    # Nor anybody else along with it.
    target, own = harness.target(bystander.port), read_process(os.getpid())
    assert own is not None
    result = harness.stop(target, [*target.holders, own])
    _assert_nothing_sent(result, StopOutcome.REFUSED, "this is porttui itself")


def test_the_first_process(harness: StopHarness, bystander: Child) -> None:
    init, target = read_process(1), harness.target(bystander.port)
    assert init is not None
    _assert_nothing_sent(
        harness.stop(target, [init]), StopOutcome.REFUSED, "pid 1 is a system process"
    )


def test_a_thread_of_the_kernel(harness: StopHarness, bystander: Child) -> None:
    """Containers show none: this is a process that claims to be one."""
    target = harness.target(bystander.port)
    claims = [holder._replace(is_kernel_thread=True) for holder in target.holders]
    _assert_nothing_sent(harness.stop(target, claims), StopOutcome.REFUSED, "a kernel thread")


def test_a_hidden_process(bystander: Child) -> None:
    require_root()
    result = ProcessContext(uid=NOBODY).call(stop_port, bystander.port)
    _assert_nothing_sent(
        result, StopOutcome.REFUSED, "hidden from you (the socket belongs to root)"
    )
    assert "sudo" in sentence(result)


def test_a_foreign_process(bystander: Child) -> None:
    require_root()
    result = ProcessContext(uid=NOBODY).call(stop_pid, bystander.port, bystander.pid)
    _assert_nothing_sent(result, StopOutcome.REFUSED, "belongs to root, not to you")
    assert f"sudo kill -TERM {bystander.pid}" in sentence(result)


def test_what_the_system_denies(servers: Servers) -> None:
    """Root without the capability to signal others, as in a container that dropped it."""
    require_root()
    server = servers.start({"sockets": [{}], "uid": NOBODY})
    powerless = ProcessContext((require_tool("setpriv"), "--bounding-set=-kill"))
    result = powerless.call(stop_port, server.port)
    assert (result.outcome, result.sent) == (StopOutcome.DENIED, ())
    assert f"not permitted to signal process {server.pid}" in sentence(result)
    assert pids_of(open_socket_on(server.port)) == (server.pid,)


def test_the_reason_is_known_before_anything_is_tried(
    harness: StopHarness, bystander: Child
) -> None:
    """For the dialog: it greys out what will be refused."""
    target = harness.target(bystander.port)
    stopper: Stopper = harness.stopper
    assert stopper.refusal(target) is None
    assert stopper.refusal(target, target.holders[0]) is None
    nobody_in_sight: StopTarget = target._replace(holders=(), hidden_user="alice")
    assert "belongs to alice" in str(stopper.refusal(nobody_in_sight))
    assert harness.stop(nobody_in_sight).outcome is StopOutcome.REFUSED


def _assert_nothing_sent(result: StopResult, outcome: StopOutcome, reason: str) -> None:
    assert (result.outcome, result.sent, result.survivors) == (outcome, (), ())
    assert reason in result.reason
    assert sentence(result).startswith("Nothing was sent: ")
