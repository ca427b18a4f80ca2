"""Signals to real processes, through pidfds and through psutil."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from porttui.host.contract import (
    ProcessChangedError,
    ProcessControl,
    ProcessGoneError,
    ProcessHandle,
    SignalDeniedError,
)
from porttui.host.linux.control import PidfdControl, supports_pidfds
from porttui.host.linux.processes import read_process, start_time_of
from porttui.host.portable import processes as portable
from porttui.host.portable.control import PsutilControl
from porttui.host.request import HostError
from porttui.model.process import ProcessIdentity
from porttui.model.stop import StopSignal
from tests.host.namespaces import require_root
from tests.host.process_context import NOBODY, ProcessContext
from tests.servers import PATIENCE_S, Child, Servers, has_exited, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's pidfds")

PIDFD = "pidfd"
PSUTIL = "psutil"
PSUTIL_ON_PROC = "psutil with start marks of /proc"
WAYS = (PIDFD, PSUTIL, PSUTIL_ON_PROC)
TERM, KILL = StopSignal.TERM, StopSignal.KILL


def control_of(way: str) -> ProcessControl:
    """A control of this kind."""
    if way == PIDFD:
        return PidfdControl()
    return PsutilControl() if way == PSUTIL else PsutilControl(start_time_of)


def identity_of(way: str, pid: int) -> ProcessIdentity:
    """The identity of a living process, as the source of this control gives it."""
    started = portable.start_time_of(pid) if way == PSUTIL else start_time_of(pid)
    assert started is not None
    return ProcessIdentity(pid, started)


class HandleOpener:
    """A control of one kind, and handles that are closed at the end."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.control = control_of(way)
        self._opened: list[ProcessHandle] = []

    def open(self, pid: int, *, off_by: int = 0) -> ProcessHandle:
        """Open `pid`; with `off_by` as if an earlier process had it."""
        own = identity_of(self.way, pid)
        return self.open_identity(own._replace(started=own.started + off_by))

    def open_identity(self, identity: ProcessIdentity) -> ProcessHandle:
        """Open exactly this process."""
        self._opened.append(self.control.open(identity))
        return self._opened[-1]

    def close(self) -> None:
        """Close all handles."""
        for handle in self._opened:
            handle.close()


@pytest.fixture(params=WAYS)
def opener(request: pytest.FixtureRequest) -> Iterator[HandleOpener]:
    """Both kinds of control."""
    opened = HandleOpener(request.param)
    yield opened
    opened.close()


@pytest.fixture
def server(servers: Servers) -> Child:
    """A plain server."""
    return servers.listen()


def test_a_pidfd_tells_processes_apart_that_began_in_the_same_tick(servers: Servers) -> None:
    """Since Linux 6.9 no other process gets its inode."""
    one, other = (read_process(servers.listen().pid) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.pidfd_inode != other.pidfd_inode
    PidfdControl().open(one.identity).close()
    swapped = one.identity._replace(pidfd_inode=other.pidfd_inode)
    with pytest.raises(ProcessChangedError):
        PidfdControl().open(swapped)


def test_this_kernel_has_pidfds() -> None:
    assert supports_pidfds()


@pytest.mark.parametrize("signal_", [TERM, KILL])
def test_a_process_that_is_signalled_exits(
    opener: HandleOpener, server: Child, signal_: StopSignal
) -> None:
    handle = opener.open(server.pid)
    assert not handle.has_exited()
    handle.send(signal_)
    assert handle.has_exited(timeout_s=PATIENCE_S)
    # It is not reaped: a zombie has exited.
    assert psutil.Process(server.pid).status() == psutil.STATUS_ZOMBIE
    assert os.waitstatus_to_exitcode(_status(server.pid)) == -signal.Signals[signal_.value]


def test_a_process_that_is_reaped_has_exited(opener: HandleOpener) -> None:
    process = subprocess.Popen(["sleep", "600"])
    handle = opener.open(process.pid)
    process.kill()
    process.wait()
    assert handle.has_exited()
    with pytest.raises(ProcessGoneError):
        handle.send(TERM)


def test_a_process_that_ignores_sigterm_has_not_exited(
    opener: HandleOpener, servers: Servers
) -> None:
    deaf = servers.start({"ignores_term": True})
    handle = opener.open(deaf.pid)
    handle.send(TERM)
    assert not handle.has_exited(timeout_s=0.1)
    handle.send(KILL)
    assert handle.has_exited(timeout_s=PATIENCE_S)


@pytest.mark.parametrize("off_by", [-1, 1])
def test_another_start_mark_is_another_process(
    opener: HandleOpener, server: Child, off_by: int
) -> None:
    with pytest.raises(ProcessChangedError, match=f"pid {server.pid} now belongs to another"):
        opener.open(server.pid, off_by=off_by)
    assert not has_exited(server.pid)


def test_a_zombie_is_gone(opener: HandleOpener, server: Child) -> None:
    identity = identity_of(opener.way, server.pid)
    server.end()
    with pytest.raises(ProcessGoneError):
        opener.open_identity(identity)


def test_a_reaped_process_is_gone(opener: HandleOpener) -> None:
    process = subprocess.Popen(["sleep", "600"])
    identity = identity_of(opener.way, process.pid)
    process.kill()
    process.wait()
    with pytest.raises(ProcessGoneError, match=str(process.pid)):
        opener.open_identity(identity)


def test_a_number_that_is_no_pid_is_an_error_with_a_name() -> None:
    with pytest.raises(HostError, match="pid -5"):
        PidfdControl().open(ProcessIdentity(-5, 1))


@pytest.mark.parametrize("signal_", [TERM, KILL])
@pytest.mark.parametrize("way", WAYS)
def test_another_users_process_is_denied(server: Child, way: str, signal_: StopSignal) -> None:
    require_root()
    with pytest.raises(SignalDeniedError, match=f"not permitted to signal process {server.pid}"):
        ProcessContext(uid=NOBODY).call(send, way, server.pid, signal_)
    assert not has_exited(server.pid)


def test_own_processes_are_not_denied_without_root(servers: Servers) -> None:
    require_root()
    own = servers.start({"uid": NOBODY})
    ProcessContext(uid=NOBODY).call(send, PIDFD, own.pid, TERM)
    until(lambda: has_exited(own.pid), "end of nobody's process")


def test_a_handle_keeps_no_descriptor_when_it_is_refused(server: Child) -> None:
    before = os.listdir("/proc/self/fd")
    own = identity_of(PIDFD, server.pid)
    with pytest.raises(ProcessChangedError):
        PidfdControl().open(own._replace(started=own.started + 1))
    server.end()
    with pytest.raises(ProcessGoneError):
        PidfdControl().open(own)
    assert os.listdir("/proc/self/fd") == before


def send(way: str, pid: int, signal_: StopSignal) -> None:
    """Signal a process with one kind of control."""
    handle = control_of(way).open(identity_of(way, pid))
    try:
        handle.send(signal_)
    finally:
        handle.close()


def _status(pid: int) -> int:
    """The wait status, without reaping the process."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    return ended.si_status if ended.si_code != os.CLD_EXITED else ended.si_status << 8
