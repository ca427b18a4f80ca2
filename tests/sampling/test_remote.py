"""The sampling process: real, and ended in every way there is."""

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

from porttui.host.asking import HostError, SourceName, Want
from porttui.host.child_process import ChildProcess
from porttui.host.contract import Host
from porttui.model.snapshot import Snapshot
from porttui.sampling import child, remote
from porttui.sampling.boards import LocalBoards
from porttui.sampling.errors import SampleError, SamplerDefectError
from porttui.sampling.remote import SamplingProcess
from porttui.sampling.sampler import Sampler
from tests.making import listener
from tests.scripted import ScriptedMachine
from tests.servers import PATIENCE_S, ROOT, until


@pytest.fixture
def boards() -> Iterator[SamplingProcess]:
    made = SamplingProcess(SourceName.AUTO)
    yield made
    made.close()


def answers_of(host: Host) -> child.Answers:
    """What the child would answer on that machine."""
    sampler = Sampler(host)
    return child.Answers(LocalBoards(sampler), sampler)


def test_a_board_from_there_shows_this_machine(boards: SamplingProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        boards.next()
        board = boards.next()
        [row] = [each.row for each in board.listening if each.row.local.port == _port(server)]
    assert [holder.pid for holder in row.holders] == [os.getpid()]
    assert len(board.snapshot.sockets) >= board.summary.listeners


def test_it_tells_when_a_board_is_there(boards: SamplingProcess) -> None:
    """The session shows such a board in its very first frame."""
    until(boards.has_answer, "the first board, which nobody had to ask for")
    boards.next()
    assert not boards.has_answer()


def test_listeners_alone_keep_the_rest_of_the_board(boards: SamplingProcess) -> None:
    whole = boards.next()
    with socket.create_server(("127.0.0.1", 0)) as server:
        quick = boards.next(Want.LISTENING)
        assert _port(server) in {each.row.local.port for each in quick.listening}
    assert quick.snapshot is whole.snapshot
    assert quick.pairs is whole.pairs


def test_what_has_not_changed_is_not_sent_again() -> None:
    host = ScriptedMachine([listener("127.0.0.1", 3000)]).host()
    answers = answers_of(host)
    first, second, third = (
        pickle.loads(answers(remote.BOARD_REQUESTS[want]))
        for want in (Want.ALL, Want.LISTENING, Want.ALL)
    )
    assert first.board is not None
    assert second.board is None
    assert second.changed == {}
    assert "snapshot" in third.changed
    assert "listening" not in third.changed


def test_a_listener_that_has_come_is_sent_with_the_counts_and_nothing_else() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000)])
    answers = answers_of(machine.host())
    answers(remote.BOARD_REQUESTS[Want.ALL])
    machine.sockets = (listener("127.0.0.1", 3000), listener("0.0.0.0", 4000))
    frame = pickle.loads(answers(remote.BOARD_REQUESTS[Want.LISTENING]))
    assert set(frame.changed) == {"listening", "summary"}
    assert [each.row.local.port for each in frame.changed["listening"]] == [3000, 4000]
    assert (frame.changed["summary"].listeners, frame.changed["summary"].exposed) == (2, 1)


def test_the_child_looks_for_garbage_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: happened.append("collected"))
    answers = answers_of(ScriptedMachine().host())
    for _ in range(250):
        answers(remote.BOARD_REQUESTS[Want.LISTENING])
        happened.append("answered")
    assert [at for at, each in enumerate(happened) if each == "collected"] == [99, 200]


def test_after_a_failure_the_next_answer_tells_all_that_changed_since_the_last_one() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000)])
    answers = answers_of(machine.host())
    whole = remote.BOARD_REQUESTS[Want.ALL]
    first = pickle.loads(answers(whole)).board
    machine.failure = HostError("too many open files")
    failed = pickle.loads(answers(whole))
    assert (failed.board, failed.changed) == (None, None)
    assert failed.failure == "too many open files"
    machine.failure, machine.sockets = None, (listener("127.0.0.1", 4000),)
    board = first._replace(**pickle.loads(answers(whole)).changed)
    assert [each.row.local.port for each in board.listening] == [4000, 3000]
    assert board.summary.listeners == 1


def test_a_child_that_is_killed_is_replaced(boards: SamplingProcess) -> None:
    boards.next()
    before = boards.pid
    os.kill(before, signal.SIGKILL)
    with pytest.raises(SampleError, match="a new one has been started"):
        boards.next()
    assert boards.pid != before
    assert boards.next().summary.listeners >= 0


def test_a_snapshot_from_there_is_of_the_moment_it_was_asked_for(boards: SamplingProcess) -> None:
    """Before the first board is taken, and after that; boards go on as if there were none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = _port(server)
        assert _holders(boards.sample(), port) == [os.getpid()]
        assert boards.has_answer(), "the first board has been put aside"
        whole = boards.next()
        assert _holders(boards.sample(Want.LISTENING), port) == [os.getpid()]
    assert _holders(boards.sample(Want.LISTENING_AGAIN), port) == []
    assert boards.sample(Want.PORTS).sockets
    quick = boards.next(Want.LISTENING)
    assert quick.pairs is whole.pairs
    assert port not in {each.row.local.port for each in quick.listening if not each.mark}


def test_every_thread_gets_its_own_answer(boards: SamplingProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(4) as threads:
        port = _port(server)
        snapshots = [
            threads.submit(boards.sample, want) for want in (*remote.SNAPSHOT_REQUESTS,) * 10
        ]
        made = [threads.submit(boards.next, want) for want in (*remote.BOARD_REQUESTS,) * 10]
        assert all(port in each.result().sockets.local_ports for each in snapshots)
        assert all(each.result().summary.listeners for each in made)


def test_what_a_snapshot_costs_is_no_boards(boards: SamplingProcess) -> None:
    boards.next()
    before_s = boards.cpu_s
    for _ in range(20):
        boards.sample()
    assert boards.cpu_s == before_s
    boards.next()
    assert boards.cpu_s > before_s


def test_a_snapshot_of_a_machine_that_cannot_be_read_is_a_sample_error(
    boards: SamplingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards.next()
    machine = ScriptedMachine()
    machine.failure = HostError("too many open files")
    frame = answers_of(machine.host())(remote.SNAPSHOT_REQUESTS[Want.ALL])
    monkeypatch.setattr(ChildProcess, "receive", lambda _self, _within_s: frame)
    with pytest.raises(SampleError, match="too many open files"):
        boards.sample()


def test_a_snapshot_of_a_child_that_has_died_is_refused_and_the_next_one_is_there(
    boards: SamplingProcess,
) -> None:
    boards.next()
    os.kill(boards.pid, signal.SIGKILL)
    with pytest.raises(SampleError, match="a new one has been started"):
        boards.sample()
    assert boards.sample().sockets is not None
    assert boards.next().snapshot is not None


def test_a_board_that_was_put_aside_ends_with_its_child(boards: SamplingProcess) -> None:
    boards.sample()
    assert boards.has_answer()
    os.kill(boards.pid, signal.SIGKILL)
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(SampleError, match="a new one has been started"):
            boards.sample()
        assert _holders(boards.next().snapshot, _port(server)) == [os.getpid()]


def test_whoever_waits_when_it_is_closed_starts_no_other(boards: SamplingProcess) -> None:
    boards.next()
    os.kill(boards.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(boards.sample)
        until(lambda: not _is_free(boards), "it waits for an answer")
        before = boards.pid
        boards.close()
        with pytest.raises(SampleError, match="at its end"):
            waiting.result()
    assert boards.pid == before


def test_who_asks_after_the_end_is_told_so(boards: SamplingProcess) -> None:
    boards.next()
    before = boards.pid
    boards.close()
    for ask in (boards.sample, boards.next):
        with pytest.raises(SampleError, match="at its end"):
            ask()
    assert boards.pid == before


def test_closing_it_leaves_no_process(boards: SamplingProcess) -> None:
    boards.next()
    boards.close()
    with pytest.raises(ProcessLookupError):
        os.kill(boards.pid, 0)


def test_a_child_that_hangs_is_said_to_and_replaced() -> None:
    boards = SamplingProcess(SourceName.AUTO, answer_s=0.5)
    try:
        for _ in range(40):
            boards.next(Want.LISTENING)  # what the first answer may take is forgotten by now
        hanging = boards.pid
        os.kill(hanging, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(SampleError, match="does not answer; a new one has been started"):
            boards.next()
        assert time.monotonic() - start < PATIENCE_S / 2
        assert boards.next().snapshot.sockets is not None
        assert boards.pid != hanging
        assert not _runs(hanging)
    finally:
        boards.close()


def test_a_child_outlives_the_thread_that_found_the_last_one_dead(
    boards: SamplingProcess,
) -> None:
    """Children end with the thread that started them: that is none of those who ask."""
    boards.next()
    os.kill(boards.pid, signal.SIGKILL)
    with ThreadPoolExecutor(1) as threads, pytest.raises(SampleError):
        threads.submit(boards.sample).result()
    before = boards.pid
    for _ in range(3):
        assert boards.sample().sockets is not None
    assert boards.pid == before


PARENT = """
import sys, time
from porttui.sampling.remote import SamplingProcess
from porttui.host.asking import SourceName
boards = SamplingProcess(SourceName.AUTO)
for _ in range(2):  # the second question comes when the kernel knows of the parent
    boards.next()
print(boards.pid, flush=True)
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


def test_it_has_no_terminal_of_its_parents(boards: SamplingProcess) -> None:
    assert os.getsid(boards.pid) == boards.pid


def test_a_machine_that_cannot_be_read_is_a_sample_error(
    boards: SamplingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards.next()
    frame = pickle.dumps(remote.Frame(failure="too many open files"))
    monkeypatch.setattr(ChildProcess, "receive", lambda _self, _within_s: frame)
    with pytest.raises(SampleError, match="too many open files"):
        boards.next()


def test_a_defect_there_is_raised_here_with_its_traceback(
    boards: SamplingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards.next()
    monkeypatch.setitem(remote.BOARD_REQUESTS, Want.ALL, b"?")
    with pytest.raises(SamplerDefectError, match="KeyError"):
        boards.next()


def test_every_request_is_answered() -> None:
    assert set(remote.BOARD_REQUESTS) == {Want.ALL, Want.LISTENING}
    assert set(remote.SNAPSHOT_REQUESTS) == set(Want)
    requests = [*remote.BOARD_REQUESTS.values(), *remote.SNAPSHOT_REQUESTS.values()]
    assert len(set(requests)) == len(requests)
    assert child.main.__doc__


def _holders(snapshot: Snapshot, port: int) -> list[int]:
    listening = (snapshot.sockets[row] for row in snapshot.sockets.listening_rows())
    found = (each for each in listening if each.local.port == port)
    return [holder.pid for each in found for holder in each.holders]


def _is_free(boards: SamplingProcess) -> bool:
    return not boards._one_at_a_time.locked()


def _port(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
