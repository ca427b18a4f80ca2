"""The stop, on real processes: what it says of the port is true, and no bystander is signalled."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from porttui.host.linux.processes import read_process
from porttui.host.request import SourceName
from porttui.model.address import Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.socket import TcpState
from porttui.model.stop import SentSignal, StopOutcome, StopSignal
from porttui.stopping import stopper
from porttui.text.stop import is_success, sentence
from tests.children import SocketSpec
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY
from tests.host.socket_queries import is_accepted, listener, open_socket_on, pids_of, sockets_on
from tests.servers import PATIENCE_S, Servers, free_port, has_exited, until
from tests.stopping.harness import KILL, TERM, StopHarness, holder_of, stop_port

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs helper processes of Linux"),
    pytest.mark.usefixtures("bystander"),
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For those who ignore SIGTERM: the grace for it runs out soon."""
    monkeypatch.setitem(stopper.GRACE_S, TERM, 0.5)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """For ports that stay held: the grace of the siblings runs out soon."""
    monkeypatch.setattr(stopper, "PORT_GRACE_S", 0.2)


@pytest.mark.parametrize("signal_", [TERM, KILL])
@pytest.mark.parametrize("source", [SourceName.PROC, SourceName.PSUTIL])
def test_a_plain_server_exits_and_its_port_is_free(
    servers: Servers, source: SourceName, signal_: StopSignal
) -> None:
    harness, server = StopHarness(source), servers.listen()
    target, steps = harness.target(server.port), list[str]()
    result = harness.stop(target, signal=signal_, on_step=steps.append)
    assert result.outcome is StopOutcome.FREED
    assert result.sent == (SentSignal(server.pid, signal_),)
    assert (result.can_bind, result.survivors, result.held_by, result.elsewhere) == (
        True,
        (),
        (),
        (),
    )
    assert has_exited(server.pid)
    assert is_success(result)
    assert f": port {server.port} is free" in sentence(result)
    label = target.holders[0].label
    assert [line.split("  ")[1] for line in steps] == [
        f"sent {signal_} to {label}",
        f"{label} exited",
    ]
    with listener(port=server.port):
        pass


@pytest.mark.parametrize("address", ["0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_so_does_one_on_another_address(
    servers: Servers, harness: StopHarness, address: str
) -> None:
    server = servers.listen(address)
    assert harness.stop(harness.target(server.port)).outcome is StopOutcome.FREED
    with listener(address, server.port):
        pass


@pytest.mark.parametrize("address", ["127.0.0.1", "::"])
def test_so_does_a_udp_server(servers: Servers, harness: StopHarness, address: str) -> None:
    server = servers.start({"sockets": [{"protocol": "udp", "address": address}]})
    target = harness.target(server.port, protocol=Protocol.UDP)
    assert harness.stop(target).outcome is StopOutcome.FREED
    again: SocketSpec = {"protocol": "udp", "address": address, "port": server.port}
    assert servers.start({"sockets": [again]}).port == server.port


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("source", [SourceName.PROC, SourceName.PSUTIL])
def test_who_ignores_sigterm_is_said_to_run_and_sigkill_ends_it(
    servers: Servers, source: SourceName
) -> None:
    harness, deaf = StopHarness(source), servers.start({"sockets": [{}], "ignores_term": True})
    target = harness.target(deaf.port)
    asked = harness.stop(target)
    assert asked.outcome is StopOutcome.IGNORED_TERM
    assert asked.survivors == target.holders
    assert asked.sent == (SentSignal(deaf.pid, TERM),)
    assert asked.waited_ms > 450
    assert "is still running" in sentence(asked)
    assert not has_exited(deaf.pid)
    assert pids_of(open_socket_on(deaf.port)) == (deaf.pid,)
    assert harness.stop(target, signal=KILL).outcome is StopOutcome.FREED
    assert has_exited(deaf.pid)


@pytest.mark.usefixtures("impatient")
def test_that_it_ignores_sigterm_is_known_where_the_kernel_tells(
    servers: Servers, harness: StopHarness
) -> None:
    deaf = servers.start({"sockets": [{}], "ignores_term": True})
    assert "It ignores SIGTERM." in sentence(harness.stop(harness.target(deaf.port)))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("source", [SourceName.AUTO, SourceName.PSUTIL])
def test_a_stopped_process_is_woken_to_exit(servers: Servers, source: SourceName) -> None:
    """SIGTERM waits in it for SIGCONT (signal(7))."""
    harness = StopHarness(source)
    server = servers.listen()
    os.kill(server.pid, signal.SIGSTOP)
    until(lambda: psutil.Process(server.pid).status() == psutil.STATUS_STOPPED, "stop")
    result = harness.stop(harness.target(server.port))
    assert result.outcome is StopOutcome.FREED
    assert result.sent == (
        SentSignal(server.pid, TERM),
        SentSignal(server.pid, StopSignal.CONT),
    )


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("source", [SourceName.PROC, SourceName.PSUTIL])
@pytest.mark.parametrize("first", [0, 1])
def test_one_of_three_that_share_a_listener_leaves_two(
    servers: Servers, source: SourceName, first: int
) -> None:
    harness, family = StopHarness(source), servers.start({"sockets": [{}], "forks": 2})
    target = harness.target(family.port)
    gone = target.holders[min(first, len(target.holders) - 1)]
    result = harness.stop(target, [gone])
    assert result.outcome is StopOutcome.STILL_HELD_BY_OTHERS
    assert result.sent == (SentSignal(gone.pid, TERM),)
    left = set(family.pids) - {gone.pid}
    assert not any(map(has_exited, left))
    assert not is_success(result)
    named = {holder.pid for each in result.held_by for holder in each.holders}
    # psutil names one of them.
    assert named == left if source is SourceName.PROC else named < left
    words = sentence(result)
    assert all(str(pid) in words.partition(", but ")[2] for pid in named)
    assert str(gone.pid) not in words.partition(", but ")[2]


def test_all_three_that_share_a_listener_leave_none(servers: Servers, harness: StopHarness) -> None:
    family = servers.start({"sockets": [{}], "forks": 2})
    target = harness.target(family.port)
    # The one that forked is the one to ask first.
    assert target.holders[0].pid == family.pids[0]
    result = harness.stop(target)
    assert result.outcome is StopOutcome.FREED
    assert {sent.pid for sent in result.sent} == set(family.pids)
    assert all(map(has_exited, family.pids))


def test_siblings_that_follow_have_a_moment_for_it(servers: Servers, harness: StopHarness) -> None:
    family = servers.start({"sockets": [{}], "forks": 3, "forks_follow": True})
    target = harness.target(family.port)
    result = harness.stop(target, [holder_of(target, family.pids[0])])
    assert result.outcome is StopOutcome.FREED
    assert [sent.pid for sent in result.sent] == [family.pids[0]]


@pytest.mark.usefixtures("hasty")
def test_a_process_that_inherited_the_listener_keeps_it(
    servers: Servers, harness: StopHarness
) -> None:
    with listener() as (made, port):
        sleeper = servers.run(["sleep", "600"], pass_fds=[made.fileno()])
        other = servers.run(["sleep", "600"], pass_fds=[made.fileno()])
    until(lambda: _names(port) == {"sleep"}, "execve of sleep")
    target = harness.target(port)
    result = harness.stop(target, [holder_of(target, sleeper.pid)])
    assert result.outcome is StopOutcome.STILL_HELD_BY_OTHERS
    assert f"still held by sleep {other.pid}" in sentence(result)
    assert harness.stop(harness.target(port)).outcome is StopOutcome.FREED


def test_a_zombie_has_exited_whatever_its_parent_does(
    servers: Servers, harness: StopHarness
) -> None:
    server = servers.start({"sockets": [{}], "parent": "lazy"})
    target = harness.target(server.port)
    result = harness.stop(target)
    assert result.outcome is StopOutcome.FREED
    assert result.waited_ms < 3000
    # It is there and stays there: its parent never asks for it.
    os.kill(server.pid, 0)
    assert has_exited(server.pid)
    assert not has_exited(server.process.pid)


@pytest.mark.usefixtures("hasty")
def test_a_supervisors_next_child_is_named_as_new(servers: Servers, harness: StopHarness) -> None:
    supervised = servers.start({"sockets": [{}], "parent": "supervisor"})
    before = supervised.pid

    def await_next(words: str) -> None:
        if words.endswith("exited"):
            supervised.await_report()

    result = harness.stop(harness.target(supervised.port), on_step=await_next)
    assert supervised.pid != before
    assert result.outcome is StopOutcome.RESPAWNED
    assert f" {supervised.pid}, the same command (started by pid " in sentence(result)
    assert not has_exited(supervised.process.pid)


def test_a_supervisor_that_takes_its_time_is_waited_for(servers: Servers) -> None:
    supervised = servers.start({"sockets": [{}], "parent": "on demand"})
    harness, port, before = StopHarness(watch_s=20.0), supervised.port, supervised.pid

    def start_again(words: str) -> None:
        if "watching" in words:
            supervised.tell("again")

    result = harness.stop(harness.target(port), on_step=start_again)
    supervised.await_report()
    assert supervised.pid != before
    assert result.outcome is StopOutcome.RESPAWNED
    assert result.sent == (SentSignal(before, TERM),)
    assert result.taken_after_ms is not None
    assert not is_success(result)
    assert f" {supervised.pid}, the same command" in sentence(result)
    assert pids_of(open_socket_on(port)) == (supervised.pid,)


def test_the_supervisor_can_be_stopped_instead(servers: Servers) -> None:
    supervised = servers.start({"sockets": [{}], "parent": "supervisor"})
    harness = StopHarness(watch_s=0.5)
    target = harness.target(supervised.port)
    supervisor = read_process(supervised.process.pid)
    assert supervisor is not None
    result = harness.stop(target, [supervisor])
    assert result.sent == (SentSignal(supervisor.pid, TERM),)
    assert supervised.process.wait(PATIENCE_S) is not None
    # What it leaves behind is told, whatever becomes of it: here it ends with its parent.
    assert result.outcome in (StopOutcome.FREED, StopOutcome.STILL_HELD_BY_OTHERS)


def test_a_port_that_somebody_else_takes_is_told_apart(servers: Servers) -> None:
    server = servers.listen()
    harness, taken = StopHarness(watch_s=20.0), []

    def take(words: str) -> None:
        if "watching" in words:
            taken.append(socket.create_server(("127.0.0.1", server.port)))

    result = harness.stop(harness.target(server.port), on_step=take)
    taken[0].close()
    assert result.outcome is StopOutcome.TAKEN_BY_OTHER
    assert f"{os.getpid()}, a different process" in sentence(result)
    assert result.sent == (SentSignal(server.pid, TERM),)


def test_a_port_that_stays_free_is_watched_to_the_end(servers: Servers) -> None:
    server, steps = servers.listen(), list[str]()
    harness = StopHarness(watch_s=0.5)
    before = time.monotonic()
    result = harness.stop(harness.target(server.port), on_step=steps.append)
    assert result.outcome is StopOutcome.FREED
    assert steps[-1].endswith(f"port {server.port} is free; watching 0.5 s for a restart")
    assert time.monotonic() - before >= 0.5
    assert result.waited_ms < 500


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("reuses", [True, False])
def test_closing_connections_linger_on_the_port(
    servers: Servers, harness: StopHarness, reuses: bool
) -> None:
    """Whether a server can start beside them depends on what the one before had set."""
    spec: SocketSpec = {"reuse_address": reuses}
    server = servers.start({"sockets": [spec], "accepts": True})
    servers.connect(("127.0.0.1", server.port))
    until(lambda: is_accepted(server.port), "accept")
    target = harness.target(server.port)
    assert target.clients == 1
    result = harness.stop(target)
    assert result.outcome is StopOutcome.FREED_LINGERING
    closing = {TcpState.FIN_WAIT1, TcpState.FIN_WAIT2, TcpState.TIME_WAIT}
    assert {each.state for each in result.held_by} <= closing
    assert result.can_bind is reuses
    assert ("SO_REUSEADDR can start now" in sentence(result)) is reuses
    assert _listens(server.port) is reuses


def test_another_server_on_the_same_port_elsewhere_is_mentioned(
    servers: Servers, harness: StopHarness
) -> None:
    server = servers.listen("127.0.0.1", free_port())
    other = servers.listen("::1", server.port)
    result = harness.stop(harness.target(server.port, "127.0.0.1"))
    assert result.outcome is StopOutcome.FREED
    [elsewhere] = result.elsewhere
    assert elsewhere.local == Endpoint.of("::1", server.port)
    assert pids_of(elsewhere) == (other.pid,)
    assert f"[::1]:{server.port} (python" in sentence(result)
    assert not has_exited(other.pid)
    with listener("127.0.0.1", server.port):
        pass


@pytest.mark.parametrize(
    ("aimed", "beside"), [("0.0.0.0", "::"), ("::", "0.0.0.0"), ("127.0.0.1", "127.0.0.2")]
)
def test_wildcards_of_both_families_are_told_apart(
    servers: Servers, harness: StopHarness, aimed: str, beside: str
) -> None:
    spec: SocketSpec = {"address": aimed, "v6only": True, "port": free_port()}
    server = servers.start({"sockets": [spec]})
    twin: SocketSpec = {"address": beside, "v6only": True, "port": server.port}
    other = servers.start({"sockets": [twin]})
    result = harness.stop(harness.target(server.port, aimed))
    assert result.outcome is StopOutcome.FREED
    assert [pids_of(each) for each in result.elsewhere] == [(other.pid,)]
    assert not has_exited(other.pid)


@pytest.mark.usefixtures("hasty")
def test_a_twin_by_so_reuseport_still_holds_it(servers: Servers, harness: StopHarness) -> None:
    first = servers.start({"sockets": [{"reuse_port": True}]})
    second = servers.start({"sockets": [{"reuse_port": True, "port": first.port}]})
    target = harness.target(first.port)
    assert {holder.pid for holder in target.holders} == {first.pid, second.pid}
    result = harness.stop(target, [holder_of(target, first.pid)])
    assert result.outcome is StopOutcome.STILL_HELD_BY_OTHERS
    assert [pids_of(each) for each in result.held_by] == [(second.pid,)]


@pytest.mark.usefixtures("hasty")
def test_a_socket_that_is_bound_and_does_not_listen_holds_the_port(
    servers: Servers, harness: StopHarness
) -> None:
    server = servers.start({"sockets": [{"reuse_port": True}]})
    # Without SO_REUSEADDR: beside one with it, a server could start.
    idle: SocketSpec = {"port": server.port, "listens": False, "reuse_address": False}
    other = servers.start({"sockets": [{"reuse_port": True, **idle}]})
    result = harness.stop(harness.target(server.port))
    assert result.outcome is StopOutcome.STILL_HELD_BY_OTHERS
    assert [holder.pid for each in result.held_by for holder in each.holders] == [other.pid]
    assert result.can_bind is False
    assert not _listens(server.port)


@pytest.mark.usefixtures("hasty")
def test_an_accepted_connection_in_another_process_still_holds_the_port(
    servers: Servers, harness: StopHarness
) -> None:
    with listener() as (made, port):
        server = servers.run(["sleep", "600"], pass_fds=[made.fileno()])
        servers.connect(("127.0.0.1", port))
        accepted, _ = made.accept()
    with accepted:
        until(lambda: not _held_here(port, TcpState.LISTEN), "close")
        result = harness.stop(harness.target(port))
        assert result.outcome is StopOutcome.STILL_HELD_BY_OTHERS
        assert has_exited(server.pid)
        assert "through open connections" in sentence(result)


@pytest.mark.usefixtures("hasty")
def test_the_client_of_a_connection_can_be_stopped(servers: Servers, harness: StopHarness) -> None:
    server = servers.start({"sockets": [{}], "accepts": True})
    client = servers.connect(("127.0.0.1", server.port))
    until(lambda: is_accepted(server.port), "accept")
    result = harness.stop(harness.connection_target(client.port))
    assert result.outcome in (StopOutcome.FREED, StopOutcome.FREED_LINGERING)
    assert has_exited(client.pid)
    assert not has_exited(server.pid)
    assert {pids_of(each) for each in sockets_on(server.port)} == {(server.pid,)}


def test_a_port_that_this_user_may_not_bind_is_not_called_free(network: Network) -> None:
    server = network.start({"sockets": [{"port": 80}], "uid": NOBODY})
    result = network.context._replace(uid=NOBODY).call(stop_port, 80)
    assert result.outcome is StopOutcome.EXITED_BUT_UNVERIFIED
    assert [sent.pid for sent in result.sent] == [server.pid]
    assert has_exited(server.pid)
    assert "could not be verified as free" in sentence(result)


def test_no_descriptor_is_left_open(servers: Servers, harness: StopHarness) -> None:
    family = servers.start({"sockets": [{}], "forks": 2})
    target = harness.target(family.port)
    before = _own_files()
    harness.stop(target)
    assert _own_files() == before


def _own_files() -> list[str]:
    """What this process has open, but for the listing itself."""
    open_files = (
        os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()
    )
    return sorted(each for each in open_files if not each.endswith("/fd"))


def _names(port: int) -> set[str]:
    holders: tuple[Process, ...] = open_socket_on(port).holders
    return {holder.name for holder in holders}


def _held_here(port: int, state: TcpState) -> bool:
    return any(each.state is state and os.getpid() in pids_of(each) for each in sockets_on(port))


def _listens(port: int) -> bool:
    """Whether a server that sets SO_REUSEADDR starts."""
    try:
        with listener(port=port):
            return True
    except OSError:
        return False
