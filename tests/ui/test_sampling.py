"""How a session follows its machine: never twice at once, never on the screen's thread."""

from __future__ import annotations

import asyncio

import pytest

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.rows import CHANGE_SHOWN_S
from porttui.host.request import HostError, SocketRequest
from porttui.model.snapshot import Problem
from porttui.model.socket import Socket
from porttui.sampling.sampler import Sampler
from porttui.ui.app import PorttuiApp
from porttui.ui.messages import SampleTaken
from porttui.ui.sampling_loop import CPU_SHARE, LISTENER_SOURCE, SamplingLoop
from tests.local_dashboards import LocalDashboards
from tests.making import listener, process
from tests.scripted import ScriptedClock, ScriptedMachine, developers_machine
from tests.servers import until
from tests.ui.session import SMALL, ScriptedSession, scripted_session

NODE = process(4213, "node")
RUBY = process(5000, "ruby")


@pytest.mark.parametrize("size", [(120, 40), SMALL, (20, 5)], ids=str)
async def test_the_first_frame_says_scanning_before_the_first_sample_ends(
    size: tuple[int, int],
) -> None:
    machine = developers_machine()
    machine.may_read.clear()
    async with scripted_session(machine, size=size, sampled=False) as session:
        await session.await_text("scanning ...")
        assert machine.reads == 1
        assert session.sample_count == 0
        assert "3000" not in session.text
        for key in ("j", "2", "3", "1", "slash", "escape"):
            await session.press(key)
        assert session.sample_count == 0
        machine.may_read.set()
        await session.until(lambda: "3000" in session.text)
        assert "scanning" not in session.text


async def test_a_board_that_is_there_already_is_in_the_first_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LocalDashboards, "is_ready", lambda _: True)
    async with scripted_session(developers_machine(), sampled=False) as session:
        assert "3000" in session.text
        assert "scanning" not in session.text


@pytest.mark.parametrize("key", ["x", "enter", "c"])
async def test_keys_say_why_they_do_nothing_before_the_first_sample(key: str) -> None:
    machine = developers_machine()
    machine.may_read.clear()
    async with scripted_session(machine, sampled=False) as session:
        await session.press(key)
        assert session.dialog == ""
        assert session.status.split("live")[0].strip()


async def test_there_are_never_two_samples_at_once() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        machine.may_read.clear()
        reads = machine.reads
        for _ in range(20):
            await session.press("r")
        await session.until(lambda: machine.reads == reads + 1)
        machine.may_read.set()
        # All the presses meanwhile are one wish.
        await session.until(lambda: machine.reads == reads + 2, "one more sample")
        for _ in range(5):
            await session.pilot.pause()
        assert machine.reads == reads + 2
        assert machine.most_at_once == 1


async def test_a_stop_waits_for_the_sample_that_is_under_way() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        await session.press("x")
        machine.may_read.clear()
        reads = machine.reads
        session.send_keys("r", "y")
        await session.until(lambda: machine.reads == reads + 1)
        assert machine.signals == []
        machine.may_read.set()
        await session.until(lambda: machine.signals)
        assert machine.most_at_once == 1


async def test_the_screen_answers_while_a_sample_takes_long() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        machine.may_read.clear()
        reads = machine.reads
        await session.press("r")
        await session.until(lambda: machine.reads > reads)
        await session.press("j", "2", "question_mark")
        assert session.table(1).cursor_index == 1
        assert session.dialog == "HelpDialog"


async def test_q_leaves_while_a_sample_hangs() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        machine.may_read.clear()
        session.send_keys("r", "q")
        await session.until(lambda: not session.app.is_running)
        assert session.app.return_code == 0


async def test_samples_come_by_themselves_in_the_interval(clock: ScriptedClock) -> None:
    machine = developers_machine()
    async with scripted_session(machine, interval_s=2.0, clock=clock) as session:
        assert "live 2 s" in session.status
        for number in (1, 2, 3):
            assert clock.wait_for_rest() == clock.now + 2.0
            assert machine.reads == number
            clock.move(2.0)
            await session.until(lambda: session.sample_count == machine.reads > number)  # noqa: B023


async def test_a_slow_source_stretches_the_interval_and_the_status_line_says_so(
    clock: ScriptedClock,
) -> None:
    machine = developers_machine()
    machine.on_read = lambda: clock.move(0.5)
    async with scripted_session(machine, interval_s=1.0, clock=clock) as session:
        await session.await_status("all sockets every 5.9 s", "a sample takes 0.5 s")
        await session.until(lambda: clock.due is not None)
        assert clock.due == pytest.approx(clock.now - 0.5 + 0.5 / CPU_SHARE)
        machine.on_read = lambda: clock.move(0.08)
        await session.press("r")
        await session.await_status("live 1 s", "80 ms a sample")
        assert "whole machine" not in session.status


@pytest.mark.parametrize(
    ("took_s", "interval_s", "period_s"),
    [
        (0.0, 1.0, 1.0),
        (0.08, 1.0, 1.0),
        (0.3, 1.0, 0.3 / CPU_SHARE),
        (4.0, 1.0, 4.0 / CPU_SHARE),
        (4.0, 60.0, 60.0),
    ],
)
def test_the_loop_takes_less_than_a_tenth_of_the_time(
    clock: ScriptedClock, took_s: float, interval_s: float, period_s: float
) -> None:
    machine = ScriptedMachine()
    machine.on_read = lambda: clock.move(took_s)
    heard: list[object] = []
    loop = SamplingLoop(
        LocalDashboards(Sampler(machine.host()), clock), interval_s, heard.append, clock
    )
    start = clock.now
    loop.start()
    due = clock.wait_for_rest()
    loop.stop()
    assert due == pytest.approx(start + period_s)
    [message] = heard
    assert isinstance(message, SampleTaken)
    assert message.took_s == pytest.approx(took_s)
    assert message.period_s == pytest.approx(period_s)


class WorkingBoards(LocalDashboards):
    """Dashboards that cost what the test says, whatever time they take."""

    whole_s = 0.0
    listening_s = 0.0
    spent_s = 0.0

    @property
    def cpu_s(self) -> float:
        return self.spent_s

    def next(self, request: SocketRequest = SocketRequest.ALL) -> Dashboard:
        self.spent_s += self.whole_s if request is SocketRequest.ALL else self.listening_s
        dashboard = super().next(request)
        return dashboard._replace(snapshot=dashboard.snapshot._replace(source=LISTENER_SOURCE))


def test_what_showing_and_the_listeners_cost_counts(clock: ScriptedClock) -> None:
    """All together stays below the share, second by second."""
    heard: list[SampleTaken] = []

    def post(message: object) -> None:
        assert isinstance(message, SampleTaken)
        heard.append(message)

    dashboards = WorkingBoards(Sampler(ScriptedMachine().host()), clock)
    dashboards.whole_s, dashboards.listening_s = 0.4, 0.01
    loop = SamplingLoop(dashboards, 1.0, post, clock)
    loop.record_show_cost(0.05)
    loop.start()
    assert clock.wait_for_rest() == clock.now + 1.0
    assert heard[0].period_s == pytest.approx(0.45 / CPU_SHARE)
    loop.record_show_cost(0.005)
    while len(heard) == 1 or heard[-1].took_s is None:
        number = len(heard)
        clock.move(clock.wait_for_rest() - clock.now)
        until(lambda: len(heard) > number)  # noqa: B023
    loop.stop()
    assert heard[1].took_s is None
    assert heard[-1].period_s == pytest.approx(0.405 / (CPU_SHARE - 0.015))


async def test_a_failed_sample_keeps_the_old_rows_and_says_so() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        machine.failure = HostError("/proc/net/tcp: Too many open files")
        await session.press("r")
        await session.await_status("No sample: /proc/net/tcp: Too many open files", "03:04:05")
        assert session.ports[0] == 3000
        assert "node 4213" in session.text
        assert session.app.is_running


async def test_a_sample_that_does_not_come_is_said_to_be_late() -> None:
    """What is shown is not of now: the time it is of is told."""
    machine = developers_machine()
    async with scripted_session(machine, interval_s=0.2) as session:
        machine.may_read.clear()
        await session.await_status("The next sample is late. Showing 03:04:05.")
        assert "node 4213" in session.text
        machine.may_read.set()
        await session.until(lambda: "late" not in session.status)


async def test_a_paused_screen_is_not_late() -> None:
    async with scripted_session(developers_machine(), interval_s=0.2) as session:
        await session.press("p")
        await asyncio.sleep(3.5)  # more than it may be late
        assert "late" not in session.status


async def test_after_a_failed_sample_the_next_good_one_takes_the_complaint_away() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        machine.failure = HostError("too many open files")
        await session.press("r")
        await session.await_status("No sample")
        machine.failure = None
        await session.sample(listener("127.0.0.1", 4000, held_by=[NODE]))
        assert 4000 in session.ports
        assert "No sample" not in session.status


async def test_a_machine_that_cannot_be_read_at_first_says_why() -> None:
    machine = developers_machine()
    machine.failure = HostError("the kernel does not tell")
    async with scripted_session(machine, sampled=False) as session:
        await session.await_status("No sample: the kernel does not tell.")
        await session.press("x", "enter", "c")
        assert session.dialog == ""
        machine.failure = None
        await session.press("r")
        await session.until(lambda: session.ports)


async def test_what_could_not_be_read_in_part_is_said() -> None:
    machine = developers_machine()
    machine.problems = (Problem("/proc/net/udp6", "permission denied"),)
    async with scripted_session(machine) as session:
        await session.await_status("/proc/net/udp6: permission denied")
        assert session.ports


async def test_a_crash_in_the_sampling_thread_ends_the_session_with_the_error() -> None:
    machine = developers_machine()
    sessions: list[PorttuiApp] = []

    async def crash() -> None:
        async with scripted_session(machine) as session:
            sessions.append(session.app)
            machine.failure = ZeroDivisionError("a defect of porttui's")
            await session.press("r")
            await session.until(lambda: not session.app.is_running)

    with pytest.raises(ZeroDivisionError, match="a defect"):
        await crash()
    assert sessions[0].return_code == 1


async def test_r_looks_now() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        assert 4000 not in session.ports
        await session.press("r")
        await session.until(lambda: 4000 in session.ports)


async def test_p_holds_the_screen_still_and_p_goes_on(clock: ScriptedClock) -> None:
    machine = developers_machine()
    async with scripted_session(machine, interval_s=1.0, clock=clock) as session:
        await session.press("p")
        assert "PAUSED" in session.lines[0]
        reads = machine.reads
        before = [line for line in session.lines if "│" in line]
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        clock.move(3600)
        await session.until(lambda: clock.due == float("inf"), "the loop's rest")
        assert machine.reads == reads
        assert [line for line in session.lines if "│" in line] == before
        await session.press("p")
        await session.until(lambda: 4000 in session.ports)
        assert "PAUSED" not in session.text
        await session.until(lambda: clock.due is not None)
        assert clock.due == clock.now + 1.0


async def test_a_sample_under_way_when_it_is_paused_does_not_move_the_screen(
    clock: ScriptedClock,
) -> None:
    machine = developers_machine()
    async with scripted_session(machine, interval_s=1.0, clock=clock) as session:
        clock.wait_for_rest()
        machine.may_read.clear()
        clock.move(1.0)
        await session.until(lambda: machine.reads == 2)
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        await session.press("p")
        assert "PAUSED" in session.lines[0]
        machine.may_read.set()
        await session.until(lambda: clock.due == float("inf"), "the loop's rest")
        await session.pilot.pause()
        assert 4000 not in session.ports, "it was to be held still"
        await session.press("p")
        await session.until(lambda: 4000 in session.ports)


async def test_r_looks_once_while_it_is_paused(clock: ScriptedClock) -> None:
    machine = developers_machine()
    async with scripted_session(machine, interval_s=1.0, clock=clock) as session:
        await session.press("p")
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        await session.press("r")
        await session.until(lambda: 4000 in session.ports)
        assert "PAUSED" in session.lines[0]
        clock.move(3600)
        await session.until(lambda: clock.due == float("inf"), "the loop's rest")
        assert machine.reads == 2


# Marks


def _mark(session: ScriptedSession, port: int) -> str:
    """The glyph before the row of a port."""
    row = next(line for line in session.lines if f" {port} " in line)
    return row[1]


THREE = tuple(listener("127.0.0.1", port, held_by=[NODE]) for port in (3000, 3001, 3002))


async def test_nothing_is_new_at_the_first_look() -> None:
    async with scripted_session(ScriptedMachine(THREE)) as session:
        assert [_mark(session, port) for port in (3000, 3001, 3002)] == [" "] * 3


@pytest.mark.parametrize(
    ("sockets", "port", "mark", "number"),
    [
        ((*THREE, listener("127.0.0.1", 4000, held_by=[RUBY])), 4000, "+", "4"),
        (THREE[1:], 3000, "-", "2"),
        ((listener("127.0.0.1", 3000, held_by=[RUBY]), *THREE[1:]), 3000, "~", "3"),
    ],
    ids=["new", "gone", "changed"],
)
async def test_what_happened_to_a_row_is_marked_for_some_seconds(
    clock: ScriptedClock,
    sockets: tuple[Socket, ...],
    port: int,
    mark: str,
    number: str,
) -> None:
    async with scripted_session(ScriptedMachine(THREE), clock=clock) as session:
        await session.sample(*sockets)
        assert _mark(session, port) == mark
        assert f" {number} · by port" in session.text, "rows just gone do not count"
        assert f"LISTEN {number}" in session.lines[0]
        clock.move(CHANGE_SHOWN_S - 0.1)
        await session.sample(*sockets)
        assert _mark(session, port) == mark
        clock.move(0.2)
        await session.sample(*sockets)
        if mark == "-":
            assert port not in session.ports
        else:
            assert _mark(session, port) == " "


async def test_a_row_that_comes_back_is_new_again(clock: ScriptedClock) -> None:
    async with scripted_session(ScriptedMachine(THREE), clock=clock) as session:
        await session.sample(*THREE[1:])
        assert _mark(session, 3000) == "-"
        clock.move(1)
        await session.sample(*THREE)
        assert _mark(session, 3000) == "+"
        assert session.ports == [3000, 3001, 3002]
