"""How a session follows its machine: never twice at once, never on the screen's thread."""

from __future__ import annotations

import asyncio

import pytest

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.rows import CHANGE_SHOWN_S
from porttui.host.request import HostError, SocketRequest
from porttui.model.snapshot import Problem
from porttui.model.socket import Socket
from porttui.sampling.dashboards import LocalDashboards
from porttui.sampling.sampler import Sampler
from porttui.ui.app import PorttuiApp
from porttui.ui.messages import SampleTaken
from porttui.ui.sampling_loop import QUICK_SOURCE, SHARE, SamplingLoop
from tests.making import listener, process
from tests.scripted import ScriptedClock, ScriptedMachine, developers_machine
from tests.servers import until
from tests.ui.stage import SMALL, ScriptedStage, on_stage

NODE = process(4213, "node")
RUBY = process(5000, "ruby")


@pytest.mark.parametrize("size", [(120, 40), SMALL, (20, 5)], ids=str)
async def test_the_first_frame_says_scanning_before_the_first_sample_ends(
    size: tuple[int, int],
) -> None:
    machine = developers_machine()
    machine.may_read.clear()
    async with on_stage(machine, size=size, sampled=False) as stage:
        await stage.see("scanning ...")
        assert machine.reads == 1
        assert stage.samples_heard == 0
        assert "3000" not in stage.text
        for key in ("j", "2", "3", "1", "slash", "escape"):
            await stage.press(key)
        assert stage.samples_heard == 0
        machine.may_read.set()
        await stage.until(lambda: "3000" in stage.text)
        assert "scanning" not in stage.text


async def test_a_board_that_is_there_already_is_in_the_first_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LocalDashboards, "is_ready", lambda _: True)
    async with on_stage(developers_machine(), sampled=False) as stage:
        assert "3000" in stage.text
        assert "scanning" not in stage.text


@pytest.mark.parametrize("key", ["x", "enter", "c"])
async def test_keys_say_why_they_do_nothing_before_the_first_sample(key: str) -> None:
    machine = developers_machine()
    machine.may_read.clear()
    async with on_stage(machine, sampled=False) as stage:
        await stage.press(key)
        assert stage.dialog == ""
        assert stage.status.split("live")[0].strip()


async def test_there_are_never_two_samples_at_once() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        machine.may_read.clear()
        reads = machine.reads
        for _ in range(20):
            await stage.press("r")
        await stage.until(lambda: machine.reads == reads + 1)
        machine.may_read.set()
        # All the presses meanwhile are one wish.
        await stage.until(lambda: machine.reads == reads + 2, "one more sample")
        for _ in range(5):
            await stage.pilot.pause()
        assert machine.reads == reads + 2
        assert machine.most_at_once == 1


async def test_a_stop_waits_for_the_sample_that_is_under_way() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        await stage.press("x")
        machine.may_read.clear()
        reads = machine.reads
        stage.burst("r", "y")
        await stage.until(lambda: machine.reads == reads + 1)
        assert machine.signals == []
        machine.may_read.set()
        await stage.until(lambda: machine.signals)
        assert machine.most_at_once == 1


async def test_the_screen_answers_while_a_sample_takes_long() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        machine.may_read.clear()
        reads = machine.reads
        await stage.press("r")
        await stage.until(lambda: machine.reads > reads)
        await stage.press("j", "2", "question_mark")
        assert stage.table(1).cursor_index == 1
        assert stage.dialog == "HelpDialog"


async def test_q_leaves_while_a_sample_hangs() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        machine.may_read.clear()
        stage.burst("r", "q")
        await stage.until(lambda: not stage.app.is_running)
        assert stage.app.return_code == 0


async def test_samples_come_by_themselves_in_the_interval(clock: ScriptedClock) -> None:
    machine = developers_machine()
    async with on_stage(machine, interval_s=2.0, clock=clock) as stage:
        assert "live 2 s" in stage.status
        for number in (1, 2, 3):
            assert clock.wait_for_rest() == clock.now + 2.0
            assert machine.reads == number
            clock.move(2.0)
            await stage.until(lambda: stage.samples_heard == machine.reads > number)  # noqa: B023


async def test_a_slow_source_stretches_the_interval_and_the_status_line_says_so(
    clock: ScriptedClock,
) -> None:
    machine = developers_machine()
    machine.on_read = lambda: clock.move(0.5)
    async with on_stage(machine, interval_s=1.0, clock=clock) as stage:
        await stage.say("whole machine every 5.9 s", "a sample takes 0.5 s")
        await stage.until(lambda: clock.due is not None)
        assert clock.due == pytest.approx(clock.now - 0.5 + 0.5 / SHARE)
        machine.on_read = lambda: clock.move(0.08)
        await stage.press("r")
        await stage.say("live 1 s", "80 ms a sample")
        assert "whole machine" not in stage.status


@pytest.mark.parametrize(
    ("took_s", "interval_s", "period_s"),
    [
        (0.0, 1.0, 1.0),
        (0.08, 1.0, 1.0),
        (0.3, 1.0, 0.3 / SHARE),
        (4.0, 1.0, 4.0 / SHARE),
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
        return dashboard._replace(snapshot=dashboard.snapshot._replace(source=QUICK_SOURCE))


def test_what_showing_and_the_listeners_cost_counts(clock: ScriptedClock) -> None:
    """All together stays below the share, second by second."""
    heard: list[SampleTaken] = []

    def post(message: object) -> None:
        assert isinstance(message, SampleTaken)
        heard.append(message)

    dashboards = WorkingBoards(Sampler(ScriptedMachine().host()), clock)
    dashboards.whole_s, dashboards.listening_s = 0.4, 0.01
    loop = SamplingLoop(dashboards, 1.0, post, clock)
    loop.shown(0.05)
    loop.start()
    assert clock.wait_for_rest() == clock.now + 1.0
    assert heard[0].period_s == pytest.approx(0.45 / SHARE)
    loop.shown(0.005)
    while len(heard) == 1 or heard[-1].took_s is None:
        number = len(heard)
        clock.move(clock.wait_for_rest() - clock.now)
        until(lambda: len(heard) > number)  # noqa: B023
    loop.stop()
    assert heard[1].took_s is None
    assert heard[-1].period_s == pytest.approx(0.405 / (SHARE - 0.015))


async def test_a_failed_sample_keeps_the_old_rows_and_says_so() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        machine.failure = HostError("/proc/net/tcp: Too many open files")
        await stage.press("r")
        await stage.say("No sample: /proc/net/tcp: Too many open files", "03:04:05")
        assert stage.ports[0] == 3000
        assert "node 4213" in stage.text
        assert stage.app.is_running


async def test_a_sample_that_does_not_come_is_said_to_be_late() -> None:
    """What is shown is not of now: the time it is of is told."""
    machine = developers_machine()
    async with on_stage(machine, interval_s=0.2) as stage:
        machine.may_read.clear()
        await stage.say("The next sample is late. Shown is 03:04:05.")
        assert "node 4213" in stage.text
        machine.may_read.set()
        await stage.until(lambda: "late" not in stage.status)


async def test_a_paused_screen_is_not_late() -> None:
    async with on_stage(developers_machine(), interval_s=0.2) as stage:
        await stage.press("p")
        await asyncio.sleep(3.5)  # more than it may be late
        assert "late" not in stage.status


async def test_after_a_failed_sample_the_next_good_one_takes_the_complaint_away() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        machine.failure = HostError("too many open files")
        await stage.press("r")
        await stage.say("No sample")
        machine.failure = None
        await stage.sample(listener("127.0.0.1", 4000, held_by=[NODE]))
        assert 4000 in stage.ports
        assert "No sample" not in stage.status


async def test_a_machine_that_cannot_be_read_at_first_says_why() -> None:
    machine = developers_machine()
    machine.failure = HostError("the kernel does not tell")
    async with on_stage(machine, sampled=False) as stage:
        await stage.say("No sample: the kernel does not tell.")
        await stage.press("x", "enter", "c")
        assert stage.dialog == ""
        machine.failure = None
        await stage.press("r")
        await stage.until(lambda: stage.ports)


async def test_what_could_not_be_read_in_part_is_said() -> None:
    machine = developers_machine()
    machine.problems = (Problem("/proc/net/udp6", "permission denied"),)
    async with on_stage(machine) as stage:
        await stage.say("/proc/net/udp6: permission denied")
        assert stage.ports


async def test_a_crash_in_the_sampling_thread_ends_the_session_with_the_error() -> None:
    machine = developers_machine()
    sessions: list[PorttuiApp] = []

    async def crash() -> None:
        async with on_stage(machine) as stage:
            sessions.append(stage.app)
            machine.failure = ZeroDivisionError("a defect of porttui's")
            await stage.press("r")
            await stage.until(lambda: not stage.app.is_running)

    with pytest.raises(ZeroDivisionError, match="a defect"):
        await crash()
    assert sessions[0].return_code == 1


async def test_r_looks_now() -> None:
    machine = developers_machine()
    async with on_stage(machine) as stage:
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        assert 4000 not in stage.ports
        await stage.press("r")
        await stage.until(lambda: 4000 in stage.ports)


async def test_p_holds_the_screen_still_and_p_goes_on(clock: ScriptedClock) -> None:
    machine = developers_machine()
    async with on_stage(machine, interval_s=1.0, clock=clock) as stage:
        await stage.press("p")
        assert "PAUSED" in stage.lines[0]
        reads = machine.reads
        before = [line for line in stage.lines if "│" in line]
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        clock.move(3600)
        await stage.until(lambda: clock.due == float("inf"), "the loop's rest")
        assert machine.reads == reads
        assert [line for line in stage.lines if "│" in line] == before
        await stage.press("p")
        await stage.until(lambda: 4000 in stage.ports)
        assert "PAUSED" not in stage.text
        await stage.until(lambda: clock.due is not None)
        assert clock.due == clock.now + 1.0


async def test_a_sample_under_way_when_it_is_paused_does_not_move_the_screen(
    clock: ScriptedClock,
) -> None:
    machine = developers_machine()
    async with on_stage(machine, interval_s=1.0, clock=clock) as stage:
        clock.wait_for_rest()
        machine.may_read.clear()
        clock.move(1.0)
        await stage.until(lambda: machine.reads == 2)
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        await stage.press("p")
        assert "PAUSED" in stage.lines[0]
        machine.may_read.set()
        await stage.until(lambda: clock.due == float("inf"), "the loop's rest")
        await stage.pilot.pause()
        assert 4000 not in stage.ports, "it was to be held still"
        await stage.press("p")
        await stage.until(lambda: 4000 in stage.ports)


async def test_r_looks_once_while_it_is_paused(clock: ScriptedClock) -> None:
    machine = developers_machine()
    async with on_stage(machine, interval_s=1.0, clock=clock) as stage:
        await stage.press("p")
        machine.sockets = (listener("127.0.0.1", 4000, held_by=[NODE]),)
        await stage.press("r")
        await stage.until(lambda: 4000 in stage.ports)
        assert "PAUSED" in stage.lines[0]
        clock.move(3600)
        await stage.until(lambda: clock.due == float("inf"), "the loop's rest")
        assert machine.reads == 2


# Marks


def _mark(stage: ScriptedStage, port: int) -> str:
    """The glyph before the row of a port."""
    row = next(line for line in stage.lines if f" {port} " in line)
    return row[1]


THREE = tuple(listener("127.0.0.1", port, held_by=[NODE]) for port in (3000, 3001, 3002))


async def test_nothing_is_new_at_the_first_look() -> None:
    async with on_stage(ScriptedMachine(THREE)) as stage:
        assert [_mark(stage, port) for port in (3000, 3001, 3002)] == [" "] * 3


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
    async with on_stage(ScriptedMachine(THREE), clock=clock) as stage:
        await stage.sample(*sockets)
        assert _mark(stage, port) == mark
        assert f" {number} · by port" in stage.text, "rows just gone do not count"
        assert f"LISTEN {number}" in stage.lines[0]
        clock.move(CHANGE_SHOWN_S - 0.1)
        await stage.sample(*sockets)
        assert _mark(stage, port) == mark
        clock.move(0.2)
        await stage.sample(*sockets)
        if mark == "-":
            assert port not in stage.ports
        else:
            assert _mark(stage, port) == " "


async def test_a_row_that_comes_back_is_new_again(clock: ScriptedClock) -> None:
    async with on_stage(ScriptedMachine(THREE), clock=clock) as stage:
        await stage.sample(*THREE[1:])
        assert _mark(stage, 3000) == "-"
        clock.move(1)
        await stage.sample(*THREE)
        assert _mark(stage, 3000) == "+"
        assert stage.ports == [3000, 3001, 3002]
