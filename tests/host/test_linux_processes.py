"""Processes from /proc, compared with psutil and with what the process set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from porttui.host.linux.processes import read_process, start_time_of
from porttui.model.process import Process
from tests.host.socket_queries import open_socket_on
from tests.servers import Child, Servers, has_exited, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")


@pytest.fixture
def server(servers: Servers) -> Child:
    """A plain server."""
    return servers.listen()


def test_name_user_arguments_and_age_agree_with_psutil(server: Child) -> None:
    found, known = _read(server.pid), psutil.Process(server.pid)
    assert found.name == known.name()
    assert found.user == known.username()
    assert found.uid == known.uids().real
    assert list(found.cmdline) == known.cmdline()
    assert found.ppid == known.ppid() == os.getpid()
    assert found.create_time == pytest.approx(known.create_time(), abs=0.011)
    assert abs(time.time() - found.create_time) < 60
    assert not found.is_kernel_thread


def test_the_start_mark_tells_processes_apart(servers: Servers, server: Child) -> None:
    later = servers.listen()
    assert start_time_of(server.pid) == _read(server.pid).started
    assert _read(later.pid).started > _read(server.pid).started


def test_nothing_is_said_of_a_process_that_is_gone() -> None:
    gone = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    gone.wait()
    assert read_process(gone.pid) is None
    assert start_time_of(gone.pid) is None


def test_a_zombie_has_a_start_mark_and_no_arguments(server: Child) -> None:
    before = _read(server.pid)
    server.end()
    after = _read(server.pid)
    assert after.identity == before.identity
    assert after.cmdline == ()


@pytest.mark.parametrize(
    ("comm", "shown"),
    [
        ("a) S 1 2 (b", "a) S 1 2 (b"),
        ("two\nlines", r"two\nlines"),
        (") R 1 1", ") R 1 1"),
        ("((((", "(((("),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("[/red]", "[/red]"),
        ("\udcff\udcfe", r"\xff\xfe"),
        ("ünïcödé", "ünïcödé"),
    ],
)
def test_a_hostile_name_harms_nothing(servers: Servers, comm: str, shown: str) -> None:
    hostile = servers.start({"sockets": [{}], "comm": comm})
    [holder] = open_socket_on(hostile.port).holders
    assert holder.name == shown
    assert (holder.pid, holder.ppid) == (hostile.pid, os.getpid())
    assert holder.started == start_time_of(hostile.pid)
    assert holder.create_time == pytest.approx(psutil.Process(hostile.pid).create_time(), abs=0.02)


def test_a_name_cut_by_the_kernel_is_completed_from_the_arguments(servers: Servers) -> None:
    long = "a-name-of-thirty-characters-xx"
    command = ["bash", "-c", f'printf -v x %s "{long}"; exec -a "/opt/{long}" sleep 600']
    sleeper = servers.run(command)
    # During exec a process has no arguments.
    called = [f"/opt/{long}"]
    until(lambda: psutil.Process(sleeper.pid).cmdline()[:1] == called, "execve of sleep")
    # The kernel's name is the program's and differs from argv[0]: then it stays.
    assert _read(sleeper.pid).name == "sleep"
    titled = servers.start({"comm": long}, within=["bash", "-c", f'exec -a "/x/{long}" "$@"', "-"])
    assert _read(titled.pid).name == long


def test_hostile_arguments_are_made_safe(servers: Servers) -> None:
    raw = ["\x1b[31mred", "new\nline", "\u202eevil", "[/bold]", "ok ay", "\udcff"]
    shown = [r"\x1b[31mred", r"new\nline", r"\u202eevil", "[/bold]", "ok ay", r"\xff"]
    server = servers.start({"sockets": [{}]}, arguments=raw)
    [holder] = open_socket_on(server.port).holders
    assert list(holder.cmdline[-len(shown) :]) == shown
    assert holder.command.isprintable()


def test_endless_arguments_are_cut(servers: Servers) -> None:
    server = servers.start({"sockets": [{}]}, arguments=["ä" * 60_000, "end"])
    command = _read(server.pid).cmdline
    assert command[-1] == "…"
    assert len(" ".join(command)) <= 4200


def test_who_ignores_sigterm_is_known_beforehand(servers: Servers, server: Child) -> None:
    deaf = servers.start({"sockets": [{}], "ignores_term": True})
    assert _read(deaf.pid).ignores_sigterm
    assert not _read(server.pid).ignores_sigterm


def test_threads_of_the_kernel_are_told_from_processes() -> None:
    """Only they run no program: their exe link leads nowhere."""
    for pid in psutil.pids():
        try:
            runs_program = bool(os.readlink(f"/proc/{pid}/exe"))
        except FileNotFoundError:
            runs_program = False
        except PermissionError:
            continue
        found = read_process(pid)
        if found is not None and not has_exited(pid):
            assert found.is_kernel_thread is not runs_program, found


def test_the_exited_are_told_from_the_stopped(server: Child) -> None:
    """The rule by which the tests detect the end of a process."""
    os.kill(server.pid, signal.SIGSTOP)
    until(lambda: psutil.Process(server.pid).status() == psutil.STATUS_STOPPED, "stop")
    assert not has_exited(server.pid)
    server.end()
    assert has_exited(server.pid)


def _read(pid: int) -> Process:
    found = read_process(pid)
    assert found is not None
    return found
