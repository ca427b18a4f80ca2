"""The process group of a holder, stopped member by member: nobody else is signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from porttui.host.local import local_host
from porttui.model.process import Process
from porttui.model.stop import StopOutcome, StopResult, StopTarget
from porttui.stopping.selection import SelectionMode, StopSelection
from porttui.stopping.stopper import Stopper
from porttui.text.stop import sentence
from tests.host.namespaces import require_root
from tests.host.process_context import NOBODY, ProcessContext
from tests.host.tools import require_tool
from tests.servers import Child, Servers, has_exited, until
from tests.stopping.harness import StopHarness

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs helper processes of Linux"),
    pytest.mark.usefixtures("bystander"),
]

JOB = ("sh", "-c", 'sleep 600 & "$@"; wait', "job")
"""A shell's job, of which one process listens."""


def group_of(target: StopTarget) -> tuple[Process, ...]:
    """What `G` aims at in the dialog."""
    aim = StopSelection(target)
    aim.set_groups(local_host().process_groups(target.holders), {})
    aim.toggle(SelectionMode.GROUP)
    return aim.chosen


@pytest.fixture
def job(servers: Servers) -> Child:
    return servers.start({"sockets": [{}]}, within=JOB)


def pids_of(job: Child) -> set[int]:
    shell = psutil.Process(job.process.pid)
    return {shell.pid, *(each.pid for each in shell.children())}


def test_all_members_end_and_the_port_is_free(harness: StopHarness, job: Child) -> None:
    target, pids = harness.target(job.port), pids_of(job)
    result = harness.stop(target, group_of(target))
    assert result.outcome is StopOutcome.FREED
    assert {sent.pid for sent in result.sent} == pids
    assert len(pids) == 3
    assert all(map(has_exited, pids))
    assert sentence(result).startswith(f"sh {job.process.pid}, ")


def test_who_joins_after_the_confirmation_gets_no_signal(
    servers: Servers, harness: StopHarness
) -> None:
    grows = ("sh", "-c", '"$@" & read go; sleep 600 & wait', "job")
    job = servers.start({"sockets": [{}]}, within=grows)
    target = harness.target(job.port)
    members = group_of(target)
    job.tell("go")
    until(lambda: len(pids_of(job)) == 3, "a sleeper more")
    [late] = pids_of(job) - {each.pid for each in members}
    assert harness.stop(target, members).outcome is StopOutcome.FREED
    assert has_exited(job.process.pid)
    assert not has_exited(late)


def test_if_a_pid_of_the_group_is_anothers_by_now_nobody_is_signalled(
    harness: StopHarness, job: Child
) -> None:
    target = harness.target(job.port)
    *rest, last = group_of(target)
    result = harness.stop(target, [*rest, last._replace(started=last.started - 1)])
    assert (result.outcome, result.sent) == (StopOutcome.CHANGED, ())
    assert not any(map(has_exited, pids_of(job)))


def test_members_that_went_meanwhile_are_passed_by(harness: StopHarness, job: Child) -> None:
    target, members = harness.target(job.port), group_of(harness.target(job.port))
    [sleeper] = [each for each in members if each.name == "sleep"]
    os.kill(sleeper.pid, signal.SIGKILL)
    until(lambda: has_exited(sleeper.pid), "the sleeper's end")
    result = harness.stop(target, members)
    assert result.outcome is StopOutcome.FREED
    assert {sent.pid for sent in result.sent} == {each.pid for each in members} - {sleeper.pid}


def stop_own_group() -> tuple[StopResult, bool]:
    """A server in the very group of porttui, and whether it lives on after the stop."""
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        harness = StopHarness()
        until(lambda: _ports_of(server.pid), "the server's port")
        [port] = _ports_of(server.pid)
        target = harness.target(port)
        members = group_of(target)
        assert {os.getpid(), server.pid} <= {each.pid for each in members}
        stopper: Stopper = harness.stopper
        assert "porttui itself" in "".join(stopper.refusal(target, each) or "" for each in members)
        return harness.stop(target, members), server.poll() is None
    finally:
        server.kill()
        server.wait()


def _ports_of(pid: int) -> list[int]:
    return [each.laddr.port for each in psutil.Process(pid).net_connections()]


def test_the_group_that_porttui_is_in_is_refused() -> None:
    """In a session of its own, so that a mistake would end nobody else."""
    result, lives = ProcessContext((require_tool("setsid"), "--wait")).call(stop_own_group)
    assert (result.outcome, result.sent, lives) == (StopOutcome.REFUSED, (), True)
    assert "this is porttui itself" in sentence(result)


def stop_group_as_nobody(port: int) -> StopResult:
    harness = StopHarness()
    target = harness.target(port)
    return harness.stop(target, group_of(target))


def test_a_group_with_another_users_process_is_refused(servers: Servers) -> None:
    """The holder is nobody's, the shell that started it is root's."""
    require_root()
    job = servers.start({"sockets": [{}], "uid": NOBODY}, within=JOB)
    result = ProcessContext(uid=NOBODY).call(stop_group_as_nobody, job.port)
    assert (result.outcome, result.sent) == (StopOutcome.REFUSED, ())
    assert "belongs to root, not to you" in sentence(result)
    assert not any(map(has_exited, pids_of(job)))
