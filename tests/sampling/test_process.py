"""The real sampling child, ended in every possible way."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from porttui.host.child_process import ChildProcess
from porttui.host.contract import Host
from porttui.host.request import HostError, SocketRequest, SourceName
from porttui.model.snapshot import Snapshot
from porttui.sampling import child, process
from porttui.sampling.process import SamplingProcess
from porttui.sampling.sampler import Sampler
from porttui.sampling.sources import SampleError, SamplerDefectError
from tests.making import listener
from tests.scripted import ScriptedMachine
from tests.servers import PATIENCE_S, ROOT, until


@pytest.fixture
def dashboards() -> Iterator[SamplingProcess]:
    made = SamplingProcess(SourceName.AUTO)
    yield made
    made.close()


def answers_of(host: Host) -> child.RequestHandler:
    """The reply of the child on that machine."""
    return child.RequestHandler(Sampler(host))


def test_a_board_from_there_shows_this_machine(dashboards: SamplingProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dashboards.next()
        dashboard = dashboards.next()
        [row] = [
            tracked.row
            for tracked in dashboard.listening
            if tracked.row.local.port == _port(server)
        ]
    assert [holder.pid for holder in row.holders] == [os.getpid()]
    assert len(dashboard.snapshot.sockets) >= dashboard.summary.listeners


def test_it_tells_when_a_board_is_there(dashboards: SamplingProcess) -> None:
    """The session gets such a dashboard in its first reply."""
    until(dashboards.is_ready, "the first dashboard, which nobody had to ask for")
    dashboards.next()
    assert not dashboards.is_ready()


def test_listeners_alone_keep_the_rest_of_the_board(dashboards: SamplingProcess) -> None:
    whole = dashboards.next()
    with socket.create_server(("127.0.0.1", 0)) as server:
        quick = dashboards.next(SocketRequest.LISTENING)
        assert _port(server) in {tracked.row.local.port for tracked in quick.listening}
    assert quick.snapshot is whole.snapshot
    assert quick.pairs is whole.pairs


def test_what_has_not_changed_is_not_sent_again() -> None:
    host = ScriptedMachine([listener("127.0.0.1", 3000)]).host()
    answers = answers_of(host)
    first, second, third = (
        pickle.loads(answers(process.DASHBOARD_REQUESTS[request]))
        for request in (SocketRequest.ALL, SocketRequest.LISTENING, SocketRequest.ALL)
    )
    assert first.dashboard is not None
    assert second.dashboard is None
    assert second.changed == {}
    assert "snapshot" in third.changed
    assert "listening" not in third.changed


def test_a_listener_that_has_come_is_sent_with_the_counts_and_nothing_else() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000)])
    answers = answers_of(machine.host())
    answers(process.DASHBOARD_REQUESTS[SocketRequest.ALL])
    machine.sockets = (listener("127.0.0.1", 3000), listener("0.0.0.0", 4000))
    reply = pickle.loads(answers(process.DASHBOARD_REQUESTS[SocketRequest.LISTENING]))
    assert set(reply.changed) == {"generations", "listening", "summary"}
    assert [tracked.row.local.port for tracked in reply.changed["listening"]] == [3000, 4000]
    assert (reply.changed["summary"].listeners, reply.changed["summary"].exposed) == (2, 1)


def test_the_child_looks_for_garbage_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: happened.append("collected"))
    answers = answers_of(ScriptedMachine().host())
    for _ in range(250):
        answers(process.DASHBOARD_REQUESTS[SocketRequest.LISTENING])
        happened.append("answered")
    assert [at for at, event in enumerate(happened) if event == "collected"] == [99, 200]


def test_after_a_failure_the_next_answer_tells_all_that_changed_since_the_last_one() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000)])
    answers = answers_of(machine.host())
    whole = process.DASHBOARD_REQUESTS[SocketRequest.ALL]
    first = pickle.loads(answers(whole)).dashboard
    machine.failure = HostError("too many open files")
    failed = pickle.loads(answers(whole))
    assert (failed.dashboard, failed.changed) == (None, None)
    assert failed.failure == "too many open files"
    machine.failure, machine.sockets = None, (listener("127.0.0.1", 4000),)
    dashboard = first._replace(**pickle.loads(answers(whole)).changed)
    assert [tracked.row.local.port for tracked in dashboard.listening] == [4000, 3000]
    assert dashboard.summary.listeners == 1


def test_a_child_that_is_killed_is_replaced(dashboards: SamplingProcess) -> None:
    first = dashboards.next()
    before = dashboards.pid
    os.kill(before, signal.SIGKILL)
    with pytest.raises(SampleError, match="it has been restarted"):
        dashboards.next()
    assert dashboards.pid != before
    assert min(dashboards.next().generations) > max(first.generations), "panes must draw it"


def test_a_snapshot_from_there_is_of_the_moment_it_was_asked_for(
    dashboards: SamplingProcess,
) -> None:
    """Snapshots before and after the first dashboard do not disturb dashboards."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = _port(server)
        assert _holders(dashboards.sample(), port) == [os.getpid()]
        assert dashboards.is_ready(), "the first dashboard has been put aside"
        whole = dashboards.next()
        assert _holders(dashboards.sample(SocketRequest.LISTENING), port) == [os.getpid()]
    assert _holders(dashboards.sample(SocketRequest.LISTENING_REFRESH), port) == []
    assert dashboards.sample(SocketRequest.WITHOUT_HOLDERS).sockets
    quick = dashboards.next(SocketRequest.LISTENING)
    assert quick.pairs is whole.pairs
    assert port not in {tracked.row.local.port for tracked in quick.listening if not tracked.change}


def test_every_thread_gets_its_own_answer(dashboards: SamplingProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(4) as threads:
        port = _port(server)
        snapshots = [
            threads.submit(dashboards.sample, request)
            for request in (*process.SNAPSHOT_REQUESTS,) * 10
        ]
        made = [
            threads.submit(dashboards.next, request)
            for request in (*process.DASHBOARD_REQUESTS,) * 10
        ]
        assert all(port in future.result().sockets.local_ports for future in snapshots)
        assert all(future.result().summary.listeners for future in made)


def test_what_a_snapshot_costs_is_no_boards(dashboards: SamplingProcess) -> None:
    dashboards.next()
    before_s = dashboards.cpu_s
    for _ in range(20):
        dashboards.sample()
    assert dashboards.cpu_s == before_s
    dashboards.next()
    assert dashboards.cpu_s > before_s


def test_a_snapshot_of_a_machine_that_cannot_be_read_is_a_sample_error(
    dashboards: SamplingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboards.next()
    machine = ScriptedMachine()
    machine.failure = HostError("too many open files")
    reply = answers_of(machine.host())(process.SNAPSHOT_REQUESTS[SocketRequest.ALL])
    monkeypatch.setattr(ChildProcess, "receive", lambda _self, _timeout_s: reply)
    with pytest.raises(SampleError, match="too many open files"):
        dashboards.sample()


def test_a_snapshot_of_a_child_that_has_died_is_refused_and_the_next_one_is_there(
    dashboards: SamplingProcess,
) -> None:
    dashboards.next()
    os.kill(dashboards.pid, signal.SIGKILL)
    with pytest.raises(SampleError, match="it has been restarted"):
        dashboards.sample()
    assert dashboards.sample().sockets is not None
    assert dashboards.next().snapshot is not None


def test_a_board_that_was_put_aside_ends_with_its_child(dashboards: SamplingProcess) -> None:
    dashboards.sample()
    assert dashboards.is_ready()
    os.kill(dashboards.pid, signal.SIGKILL)
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(SampleError, match="it has been restarted"):
            dashboards.sample()
        assert _holders(dashboards.next().snapshot, _port(server)) == [os.getpid()]


def test_whoever_waits_when_it_is_closed_starts_no_other(dashboards: SamplingProcess) -> None:
    dashboards.next()
    os.kill(dashboards.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(dashboards.sample)
        until(lambda: not _is_free(dashboards), "it waits for an answer")
        before = dashboards.pid
        dashboards.close()
        with pytest.raises(SampleError, match="is closing"):
            waiting.result()
    assert dashboards.pid == before


def test_who_asks_after_the_end_is_told_so(dashboards: SamplingProcess) -> None:
    dashboards.next()
    before = dashboards.pid
    dashboards.close()
    for ask in (dashboards.sample, dashboards.next):
        with pytest.raises(SampleError, match="is closing"):
            ask()
    assert dashboards.pid == before


def test_closing_it_leaves_no_process(dashboards: SamplingProcess) -> None:
    dashboards.next()
    dashboards.close()
    with pytest.raises(ProcessLookupError):
        os.kill(dashboards.pid, 0)


def test_a_child_that_hangs_is_said_to_and_replaced() -> None:
    dashboards = SamplingProcess(SourceName.AUTO, answer_timeout_s=0.5)
    try:
        for _ in range(40):
            dashboards.next(SocketRequest.LISTENING)  # the limit of the first answer has decayed
        hanging = dashboards.pid
        os.kill(hanging, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(SampleError, match="does not respond; it has been restarted"):
            dashboards.next()
        assert time.monotonic() - start < PATIENCE_S / 2
        assert dashboards.next().snapshot.sockets is not None
        assert dashboards.pid != hanging
        assert not _runs(hanging)
    finally:
        dashboards.close()


def test_a_child_outlives_the_thread_that_found_the_last_one_dead(
    dashboards: SamplingProcess,
) -> None:
    """Children end with the thread that started them, which is no thread of a caller."""
    dashboards.next()
    os.kill(dashboards.pid, signal.SIGKILL)
    with ThreadPoolExecutor(1) as threads, pytest.raises(SampleError):
        threads.submit(dashboards.sample).result()
    before = dashboards.pid
    for _ in range(3):
        assert dashboards.sample().sockets is not None
    assert dashboards.pid == before


PARENT = """
import sys, time
from porttui.sampling.process import SamplingProcess
from porttui.host.request import SourceName
dashboards = SamplingProcess(SourceName.AUTO)
for _ in range(2):  # the second question comes when the kernel knows of the parent
    dashboards.next()
print(dashboards.pid, flush=True)
time.sleep(1000)
"""


def test_it_dies_with_its_parent_however_that_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    until(lambda: not _runs(pid), f"the child {pid} ends")


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_child_that_is_stopped_dies_with_its_parent_too() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        parent.kill()
    until(lambda: not _runs(pid), f"the child {pid} ends")


def test_it_has_no_terminal_of_its_parents(dashboards: SamplingProcess) -> None:
    assert os.getsid(dashboards.pid) == dashboards.pid


def test_a_machine_that_cannot_be_read_is_a_sample_error(
    dashboards: SamplingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboards.next()
    reply = pickle.dumps(process.SamplingReply(failure="too many open files"))
    monkeypatch.setattr(ChildProcess, "receive", lambda _self, _timeout_s: reply)
    with pytest.raises(SampleError, match="too many open files"):
        dashboards.next()


def test_a_defect_there_is_raised_here_with_its_traceback(
    dashboards: SamplingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboards.next()
    monkeypatch.setitem(process.DASHBOARD_REQUESTS, SocketRequest.ALL, b"?")
    with pytest.raises(SamplerDefectError, match="KeyError"):
        dashboards.next()


def test_every_request_is_answered() -> None:
    assert set(process.DASHBOARD_REQUESTS) == {SocketRequest.ALL, SocketRequest.LISTENING}
    assert set(process.SNAPSHOT_REQUESTS) == set(SocketRequest)
    requests = [*process.DASHBOARD_REQUESTS.values(), *process.SNAPSHOT_REQUESTS.values()]
    assert len(set(requests)) == len(requests)
    assert child.main.__doc__


def _holders(snapshot: Snapshot, port: int) -> list[int]:
    listening = (snapshot.sockets[row] for row in snapshot.sockets.listening_rows())
    found = (tracked for tracked in listening if tracked.local.port == port)
    return [holder.pid for tracked in found for holder in tracked.holders]


def _is_free(dashboards: SamplingProcess) -> bool:
    return not dashboards._lock.locked()


def _port(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
