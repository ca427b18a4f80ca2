"""`x`: what the dialog shows, what its keys send and to whom, and what is said in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from porttui.host.request import HostError
from porttui.model.process import Process
from porttui.model.provenance import Provenance
from porttui.model.socket import TcpState
from porttui.model.stop import StopSignal
from tests.making import connection, listener, pair, process
from tests.scripted import NODE, POSTGRES, ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, ScriptedSession, scripted_session

TERM, KILL = StopSignal.TERM, StopSignal.KILL
ONE = process(3000, "server", cmdline=["server", "--port", "3000"])

MASTER = "> gunicorn 500, started the others"


def one_server() -> ScriptedMachine:
    return ScriptedMachine([listener("127.0.0.1", 3000, held_by=[ONE])])


def prefork(workers: int) -> ScriptedMachine:
    """A master and its workers on one listener."""
    master = process(500, "gunicorn", cmdline=["gunicorn", "master"])
    rest = [
        process(500 + number, "gunicorn", cmdline=["gunicorn", f"worker{number}"], ppid=500)
        for number in range(1, workers + 1)
    ]
    return ScriptedMachine([listener("127.0.0.1", 3000, held_by=[master, *rest])])


@pytest.fixture(autouse=True)
def _siblings_get_no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What still holds the port when the process has exited will hold it later, too."""
    monkeypatch.setattr("porttui.stopping.stopper.PORT_GRACE_S", 0.0)


@asynccontextmanager
async def asked_about(
    machine: ScriptedMachine, which: str = "3000", size: tuple[int, int] = LARGE
) -> AsyncIterator[ScriptedSession]:
    """The dialog for the listener that a filter leaves is open."""
    async with scripted_session(machine, size=size) as session:
        await session.press("slash")
        await session.type(which)
        await session.press("enter", "x")
        assert session.dialog == "StopDialog"
        yield session


# What it shows


async def test_it_shows_everybody_who_would_be_touched() -> None:
    machine = developers_machine()
    async with asked_about(machine, "127.0.0.1:5432") as session:
        said = session.dialog_text
        assert "127.0.0.1:5432" in said
        assert "2 clients connected" in said
        for holder in POSTGRES:
            assert f"postgres {holder.pid}" in said
            assert holder.command in said
        assert said.count("user postgres") == 4
        assert said.count("also on [::1]:5432") == 4
        assert machine.signals == []


async def test_it_shows_the_command_and_all_other_ports_of_the_process() -> None:
    async with asked_about(developers_machine()) as session:
        assert "Stop node 4213?" in session.text
        assert "node /srv/shop/node_modules/.bin/vite --port 3000" in session.dialog_text
        assert "also on [::]:9229" in session.dialog_text
        assert "1 client connected" in session.dialog_text
        assert "user ana" in session.dialog_text


async def test_it_shows_how_long_the_process_has_been_running() -> None:
    machine = developers_machine()
    machine.now = lambda: NODE.create_time + 3 * 3600 + 1
    async with asked_about(machine) as session:
        assert "running 3 h" in session.dialog_text


async def test_its_keys_are_visible() -> None:
    async with asked_about(one_server()) as session:
        assert "y ask to exit (SIGTERM) f force (SIGKILL) n leave it" in session.dialog_text
        assert "all holders" not in session.dialog_text
    async with asked_about(prefork(2)) as session:
        assert "y ask to exit (SIGTERM) f force (SIGKILL) a all holders" in session.dialog_text
        assert "another" in session.dialog_text


async def test_it_says_when_sigterm_would_be_ignored() -> None:
    stubborn = ONE._replace(ignores_sigterm=True)
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[stubborn])])
    async with asked_about(machine) as session:
        assert "ignores SIGTERM" in session.dialog_text


async def test_it_does_not_promise_to_ask_where_there_is_no_asking() -> None:
    machine = one_server()
    machine.supports_sigterm = False
    async with asked_about(machine) as session:
        assert "ask to exit" not in session.dialog_text
        assert "end it (forced)" in session.dialog_text


# What is sent


@pytest.mark.parametrize(("key", "signal"), [("y", TERM), ("f", KILL)])
async def test_y_asks_and_f_forces(key: str, signal: StopSignal) -> None:
    machine = one_server()
    async with asked_about(machine) as session:
        await session.press(key)
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert machine.signals == [(3000, signal)]
        assert f"sent {signal} to server 3000" in session.dialog_text
        assert "server 3000 exited" in session.dialog_text


@pytest.mark.parametrize("key", ["n", "escape", "q"])
async def test_leaving_sends_nothing(key: str) -> None:
    machine = one_server()
    async with asked_about(machine) as session:
        await session.press(key)
        assert session.dialog == ""
        assert session.app.is_running
        await session.press("y", "f")
        assert machine.signals == []


@pytest.mark.parametrize("key", ["enter", "space", "x", "Y", "F", "tab", "ctrl+y", "1", "a", "c"])
async def test_no_other_key_confirms(key: str) -> None:
    machine = one_server()
    async with asked_about(machine) as session:
        await session.press(key, key)
        assert machine.signals == []
        assert session.dialog == "StopDialog"


async def test_clicks_on_it_and_beside_it_do_not_confirm() -> None:
    machine = one_server()
    async with asked_about(machine) as session:
        for y, line in enumerate(session.lines):
            if "SIGTERM" in line:
                await session.pilot.click(offset=(line.index("SIGTERM"), y))
        await session.pilot.click(offset=(1, 1))
        assert machine.signals == []


async def test_a_second_y_sends_nothing_more() -> None:
    machine = one_server()
    machine.may_exit.clear()
    async with asked_about(machine) as session:
        await session.press("y", "y", "f", "y")
        await session.until(lambda: machine.signals)
        machine.may_exit.set()
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        await session.press("y", "f")
        assert machine.signals == [(3000, TERM)]


async def test_of_several_holders_the_senior_one_is_aimed_at() -> None:
    machine = prefork(3)
    async with asked_about(machine) as session:
        assert [line for line in session.dialog_lines if line.startswith(">")] == [MASTER]
        await session.press("y")
        await session.until(lambda: "still held by" in session.dialog_text)
        assert machine.signals == [(500, TERM)]
        assert "gunicorn 501, gunicorn 502, gunicorn 503" in session.dialog_text


async def test_j_and_k_aim_at_another_holder() -> None:
    machine = prefork(3)
    async with asked_about(machine) as session:
        aims = []
        for key in ("k", "j", "j", "j", "j", "k"):
            await session.press(key)
            [aim] = [line for line in session.dialog_lines if line.startswith(">")]
            aims.append(aim)
        assert aims == [MASTER, *(f"> gunicorn {pid}" for pid in (501, 502, 503, 503, 502))]
        await session.press("f")
        await session.until(lambda: "still held by" in session.dialog_text)
        assert machine.signals == [(502, KILL)]


async def test_a_aims_at_all_holders_and_back_at_one() -> None:
    machine = prefork(3)
    async with asked_about(machine) as session:
        await session.press("a")
        assert sum(line.startswith(">") for line in session.dialog_lines) == 4
        await session.press("a")
        assert sum(line.startswith(">") for line in session.dialog_lines) == 1
        await session.press("a", "y")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert sorted(machine.signals) == [(pid, TERM) for pid in (500, 501, 502, 503)]


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_the_holder_that_is_aimed_at_is_in_view(size: tuple[int, int]) -> None:
    async with asked_about(prefork(30), size=size) as session:
        for pid in range(501, 531):
            await session.press("j")
            assert f"> gunicorn {pid}" in session.dialog_lines, (
                "a signal must not go to what is out of view"
            )


async def test_all_means_those_who_are_listed_and_those_who_are_not() -> None:
    machine = prefork(30)
    async with asked_about(machine) as session:
        await session.press("a")
        assert "gunicorn 500 +30" in session.text, "it must be seen how many are aimed at"
        await session.press("y")
        await session.until(lambda: machine.gone == set(range(500, 531)))


@pytest.mark.parametrize("size", [LARGE, SMALL, (40, 12)], ids=str)
@pytest.mark.parametrize("workers", [0, 12])
async def test_keys_and_result_are_in_view_whatever_else_is_said(
    size: tuple[int, int], workers: int
) -> None:
    async with asked_about(prefork(workers), size=size) as session:
        assert "y ask to exit" in session.dialog_text
        assert "n leave it" in session.dialog_text
        if workers:
            await session.press("a")
        await session.press("y")
        await session.until(lambda: "Esc close" in session.dialog_text)
        await session.until(lambda: "port 3000 is free" in session.dialog_text)


# The target is captured


async def test_the_target_is_what_was_on_the_row_when_it_was_opened() -> None:
    machine = one_server()
    early = [listener("127.0.0.1", port, held_by=[process(port, "early")]) for port in (80, 443)]
    async with scripted_session(machine) as session:
        await session.press("x")
        await session.sample(*early, *machine.sockets)
        assert "Stop server 3000?" in session.text
        await session.press("y")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert machine.signals == [(3000, TERM)]


async def test_a_row_that_changed_hands_meanwhile_is_left_alone() -> None:
    machine = one_server()
    other = process(6000, "other")
    async with scripted_session(machine) as session:
        await session.press("x")
        await session.sample(listener("127.0.0.1", 3000, held_by=[other]))
        assert "Stop server 3000?" in session.text
        await session.press("y")
        await session.until(lambda: "Nothing was sent" in session.dialog_text)
        assert "server 3000 no longer holds 127.0.0.1:3000" in session.dialog_text
        assert machine.signals == []


async def test_a_reused_pid_is_left_alone() -> None:
    machine = one_server()
    machine.reused = {3000}
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: "Nothing was sent" in session.dialog_text)
        assert "pid 3000 is another process by now" in session.dialog_text
        assert machine.signals == []


async def test_a_process_that_went_by_itself_is_said_to_have_gone() -> None:
    machine = one_server()
    async with scripted_session(machine) as session:
        await session.press("x")
        machine.end(3000)
        await session.press("y")
        await session.until(lambda: "had already exited" in session.dialog_text)
        assert "nothing was sent" in session.dialog_text
        assert "127.0.0.1:3000 is free" in session.dialog_text
        assert machine.signals == []


async def test_a_row_just_gone_is_not_signalled() -> None:
    machine = one_server()
    async with scripted_session(machine) as session:
        machine.end(3000)
        await session.sample()
        assert session.port == 3000
        await session.press("x", "y")
        await session.until(lambda: "had already exited" in session.dialog_text)
        assert machine.signals == []


# What is said


async def test_a_process_that_stays_can_be_forced_from_the_same_dialog() -> None:
    machine = one_server()
    machine.endures = {3000: {TERM}}
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: "server 3000 is still running" in session.dialog_text)
        assert "f sends SIGKILL" in session.dialog_text
        await session.press("enter")
        assert session.dialog == "", "Enter closes what is over"
        assert machine.signals == [(3000, TERM)]
        await session.press("x", "y")
        await session.until(lambda: "is still running" in session.dialog_text)
        await session.press("y")
        assert machine.signals[1:] == [(3000, TERM)], "y is over, only f is left"
        await session.press("f")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert machine.signals[2:] == [(3000, KILL)]


async def test_forcing_goes_only_to_those_who_stayed() -> None:
    machine = prefork(2)
    machine.endures = {501: {TERM}}
    async with asked_about(machine) as session:
        await session.press("a", "y")
        await session.until(lambda: "gunicorn 501 is still running" in session.dialog_text)
        machine.signals.clear()
        await session.press("f")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert machine.signals == [(501, KILL)]


async def test_what_cannot_be_killed_is_said() -> None:
    machine = one_server()
    machine.endures = {3000: {KILL}}
    async with asked_about(machine) as session:
        await session.press("f")
        await session.until(lambda: "uninterruptible system call" in session.dialog_text)
        assert "free" not in session.dialog_text


async def test_a_signal_that_is_not_permitted_is_said_with_the_command_that_is() -> None:
    machine = one_server()
    machine.denies = {3000}
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: "Denied" in session.dialog_text)
        assert "sudo kill -TERM 3000" in session.dialog_text


async def test_closing_connections_are_said_to_linger() -> None:
    machine = one_server()
    left = connection("127.0.0.1:3000", "127.0.0.1:40000", state=TcpState.TIME_WAIT)
    machine.sockets += (left,)
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: "1 closed connection" in session.dialog_text)
        assert "SO_REUSEADDR" in session.dialog_text


async def test_the_dialog_shows_the_stop_while_it_goes_on() -> None:
    machine = one_server()
    machine.may_exit.clear()
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: "sent SIGTERM to server 3000" in session.dialog_text)
        assert "waiting ..." in session.dialog_text
        assert "y ask" not in session.dialog_text
        assert "background" in session.dialog_text
        await session.press("enter")
        assert session.dialog == "StopDialog"
        machine.may_exit.set()
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        await session.press("enter")
        assert session.dialog == ""
        assert "port 3000 is free" in session.status


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
async def test_a_stop_whose_dialog_was_left_reports_in_a_toast_and_in_the_status_line(
    size: tuple[int, int],
) -> None:
    machine = one_server()
    machine.may_exit.clear()
    async with asked_about(machine, size=size) as session:
        await session.press("y")
        await session.until(lambda: machine.signals)
        await session.press("escape")
        assert session.dialog == ""
        machine.may_exit.set()
        await session.await_status("server 3000 exited after")
        await session.until(lambda: "port 3000 is free" in session.toasts, "the toast")
        assert session.machine.signals == [(3000, TERM)]


async def test_a_stop_that_went_on_in_the_background_reports_over_the_next_dialog() -> None:
    machine = one_server()
    machine.sockets += (listener("127.0.0.1", 4000, held_by=[process(4000, "next")]),)
    machine.may_exit.clear()
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: machine.signals)
        await session.press("escape", "escape", "G", "x")
        assert "Stop next 4000?" in session.text
        machine.may_exit.set()
        await session.until(lambda: "port 3000 is free" in session.toasts)
        assert "Stop next 4000?" in session.text
        assert "y ask to exit" in session.dialog_text, "the result is not this dialog's"
        assert "sent SIGTERM" not in session.dialog_text


async def test_the_steps_of_a_stop_in_the_background_are_not_the_next_dialogs() -> None:
    machine = one_server()
    machine.sockets += (listener("127.0.0.1", 4000, held_by=[process(4000, "next")]),)
    machine.may_exit.clear()
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: machine.signals)
        await session.press("escape", "escape", "G", "x", "y")
        await session.until(lambda: len(machine.signals) == 2)
        await session.until(lambda: "sent SIGTERM to next 4000" in session.dialog_text)
        machine.may_exit.set()
        await session.until(lambda: "port 4000 is free" in session.dialog_text)
        assert "server 3000" not in session.dialog_text


async def test_the_rows_are_looked_at_again_at_once_when_a_stop_is_over() -> None:
    machine = one_server()
    async with asked_about(machine) as session:
        await session.press("y")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        await session.press("escape")
        await session.until(lambda: "LISTEN 0" in session.lines[0])


# Refusals

REFUSALS = {
    "porttui itself": (process(99999, "porttui"), "this is porttui itself"),
    "init": (process(1, "systemd", ppid=0), "pid 1 is a system process"),
    "kernel thread": (
        process(77, "nfsd", ppid=2, is_kernel_thread=True),
        "nfsd 77 is a kernel thread",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_what_must_not_be_signalled_is_refused_with_the_reason(case: str) -> None:
    who, reason = REFUSALS[case]
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[who])])
    async with asked_about(machine) as session:
        assert f"Not possible: {reason}" in session.dialog_text
        assert "SIGTERM)" not in session.dialog_text
        await session.press("y", "f")
        assert machine.signals == []
        assert session.dialog == "StopDialog"
        await session.press("escape")
        assert session.dialog == ""


async def test_another_users_process_is_refused_without_root() -> None:
    machine = one_server()
    machine.uid = 1001
    async with asked_about(machine) as session:
        assert "Not possible: server 3000 belongs to ana, not to you" in session.dialog_text
        assert "sudo kill -TERM 3000" in session.dialog_text
        await session.press("y", "f")
        assert machine.signals == []


@pytest.mark.parametrize(
    ("uid", "reason"),
    [(1000, "its process is hidden from you"), (0, "another PID namespace")],
)
async def test_a_hidden_process_is_refused(uid: int, reason: str) -> None:
    machine = developers_machine()
    machine.uid = uid
    async with asked_about(machine, "9300") as session:
        assert "hidden" in session.dialog_text
        assert "elastic" in session.dialog_text
        assert reason in session.dialog_text
        await session.press("y", "f", "a", "j")
        assert machine.signals == []


async def test_with_all_holders_one_that_is_refused_refuses_them_all() -> None:
    machine = prefork(1)
    holders = (*machine.sockets[0].holders, process(99999, "porttui", ppid=500))
    machine.sockets = (listener("127.0.0.1", 3000, held_by=holders),)
    async with asked_about(machine) as session:
        assert "Not possible" not in session.dialog_text
        await session.press("a")
        assert "Not possible: this is porttui itself" in session.dialog_text
        await session.press("y")
        assert machine.signals == []
        await session.press("a", "y")
        await session.until(lambda: machine.signals == [(500, TERM)])


# From the other panes


@pytest.mark.parametrize(("key", "pid"), [("c", 12044), ("s", 4213)])
async def test_on_a_connection_the_end_is_chosen_first(key: str, pid: int) -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        await session.press("2")
        assert "51230" in next(line for line in session.lines if "curl" in line)
        await session.press("x")
        assert session.dialog == "ChooseDialog"
        assert "Stop which end?" in session.text
        assert "the client: curl 12044, 127.0.0.1:51230" in session.dialog_text
        assert "the server: node 4213, 127.0.0.1:3000" in session.dialog_text
        await session.press(key)
        assert session.dialog == "StopDialog"
        assert str(pid) in session.dialog_text
        await session.press("y")
        await session.until(lambda: machine.signals == [(pid, TERM)])


@pytest.mark.parametrize("key", ["escape", "n", "q"])
async def test_neither_end_may_be_chosen(key: str) -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        await session.press("2", "x", "enter", "y", "f", key)
        assert session.dialog == ""
        assert machine.signals == []


async def test_an_end_without_a_process_is_refused() -> None:
    machine = ScriptedMachine(
        [
            listener("127.0.0.1", 3000, held_by=[ONE]),
            *pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[NODE]),
        ]
    )
    async with scripted_session(machine) as session:
        await session.press("2", "x")
        assert "the server: (unaccepted), 127.0.0.1:3000" in session.dialog_text
        await session.press("s", "y", "f")
        assert "Not possible" in session.dialog_text
        assert machine.signals == []


async def test_a_range_has_nothing_to_stop() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("3", "x")
        await session.await_status("There is no process on this row to stop")
        assert session.dialog == ""


async def test_an_empty_pane_has_nothing_to_stop() -> None:
    async with scripted_session(ScriptedMachine()) as session:
        await session.press("x")
        await session.await_status("There is no process on this row to stop")


async def test_who_may_start_it_again_is_said_before_the_stop() -> None:
    machine = developers_machine()
    nodemon = process(4201, "node", cmdline=("node", "/bin/nodemon", "server.js"))
    machine.provenance = {
        NODE.pid: Provenance(NODE, cwd="/srv/shop", project="/srv/shop", ancestors=(nodemon,))
    }
    async with scripted_session(machine) as session:
        await session.press("x")
        await session.until(lambda: "may restart it nodemon (" in session.dialog_text)
        assert "shop (/srv/shop)" in session.dialog_text
        assert "P stop its parent node 4201" in session.dialog_text
        await session.press("P")
        assert "> node 4201" in session.dialog_text
        await session.press("y")
        await session.until(lambda: machine.signals)
        assert {pid for pid, _ in machine.signals} == {nodemon.pid}


async def test_a_parent_that_porttui_runs_in_has_to_be_typed() -> None:
    machine = developers_machine()
    loop = process(4201, "bash", cmdline=("bash", "-c", "while true; do node x; done"))
    machine.provenance = {NODE.pid: Provenance(NODE, ancestors=(loop,))}
    machine.ancestors = {loop.pid}
    async with scripted_session(machine) as session:
        await session.press("x")
        await session.until(lambda: "P stop its parent" in session.dialog_text)
        await session.press("P")
        assert "porttui runs inside bash 4201" in session.dialog_text
        await session.press("y", *"bas", "enter")
        assert machine.signals == []
        await session.press(*"bash", "enter")
        await session.until(lambda: machine.signals)
        assert machine.signals == [(loop.pid, StopSignal.TERM)]


@pytest.mark.parametrize("size", [LARGE, SMALL, (40, 12)], ids=str)
async def test_a_daemon_has_to_be_typed(size: tuple[int, int]) -> None:
    sshd = process(598, "sshd", user="root", uid=0)
    machine = ScriptedMachine([listener("0.0.0.0", 22, held_by=[sshd])])
    async with scripted_session(machine, size=size) as session:
        await session.press("x", "f")
        await session.until(lambda: "Enter to send SIGKILL:" in session.dialog_text)
        # Keys that are commands elsewhere are letters here.
        await session.press("y", "q", "f", "n", "enter")
        assert (session.dialog, machine.signals) == ("StopDialog", [])
        await session.press(*"sshx", "backspace", "d")
        assert machine.signals == []
        await session.press("enter")
        await session.until(lambda: machine.signals)
        assert machine.signals == [(598, StopSignal.KILL)]


@pytest.mark.parametrize("name", ["", "\\x20", "sshd\\x20", "a b", "\\x1b[31m", "\u05d0"])
async def test_a_name_that_cannot_be_told_from_others_is_not_asked_for(name: str) -> None:
    """Its pid is: an empty name would be typed by Enter alone."""
    odd = process(598, name, user="root", uid=0)
    machine = ScriptedMachine([listener("0.0.0.0", 22, held_by=[odd])])
    machine.invoking_uid = 1000
    async with scripted_session(machine) as session:
        await session.press("x", "y")
        assert "Type 598 and Enter to send SIGTERM" in session.dialog_text
        await session.press("enter")
        await session.press(*name, "enter")
        assert machine.signals == []
        await session.press(*"598", "enter")
        await session.until(lambda: machine.signals)


async def test_typing_can_be_left() -> None:
    sshd = process(598, "sshd", user="root", uid=0)
    machine = ScriptedMachine([listener("0.0.0.0", 22, held_by=[sshd])])
    async with scripted_session(machine) as session:
        await session.press("x", "y", *"sshd", "escape")
        assert "Enter to send" not in session.dialog_text
        await session.press("enter", "escape")
        assert (session.dialog, machine.signals) == ("", [])


async def test_behind_sudo_other_users_processes_have_to_be_typed() -> None:
    nginx = process(81, "nginx", uid=33, user="www-data")
    machine = ScriptedMachine([listener("127.0.0.1", 80, held_by=[nginx])])
    machine.invoking_uid = 1000
    async with scripted_session(machine) as session:
        await session.press("x", "y")
        assert "belongs to user www-data, not to you" in session.dialog_text
        assert machine.signals == []
        await session.press(*"81", "enter")
        await session.until(lambda: machine.signals)


# The process group


SHELL = process(2999, "sh", ppid=1, cmdline=["sh", "-c", "server --port 3000 & worker"])
WORKER = process(3001, "worker", ppid=2999)


def a_job(*others: Process) -> ScriptedMachine:
    """A server that was started by a shell's job."""
    machine = one_server()
    machine.groups = [(ONE, WORKER, SHELL, *others)]
    return machine


@pytest.mark.parametrize("size", [LARGE, SMALL, (40, 12)], ids=str)
async def test_all_of_a_process_group_can_be_stopped(size: tuple[int, int]) -> None:
    machine = a_job()
    async with asked_about(machine, size=size) as session:
        await session.until(lambda: "G its process group of 3" in session.dialog_text)
        await session.press("G")
        assert "The process group of server 3000: 3 processes" in session.dialog_text
        if size != (40, 12):
            assert "> sh 2999: sh -c server --port 3000 & worker" in session.dialog_text
            assert "> server 3000: server --port 3000 > worker 3001: worker" in session.dialog_text
        await session.press("y")
        await session.until(lambda: "127.0.0.1:3000 can be" in session.dialog_text)
        assert sorted(machine.signals) == [(2999, TERM), (3000, TERM), (3001, TERM)]


async def test_what_else_would_end_with_a_group_is_shown() -> None:
    machine = a_job()
    machine.sockets += (
        listener("127.0.0.1", 4000, held_by=[WORKER]),
        listener("::1", 3000, held_by=[ONE]),
    )
    async with asked_about(machine, "127.0.0.1:3000") as session:
        await session.until(lambda: "G its process group" in session.dialog_text)
        assert "127.0.0.1:4000" not in session.dialog_text
        await session.press("G")
        assert "server 3000: server --port 3000 also on [::1]:3000 " in session.dialog_text
        assert "worker 3001: worker also on 127.0.0.1:4000 " in session.dialog_text


async def test_the_holder_alone_can_be_aimed_at_again() -> None:
    machine = a_job()
    async with asked_about(machine) as session:
        await session.until(lambda: "G its process group" in session.dialog_text)
        await session.press("G")
        assert "G the holder instead" in session.dialog_text
        await session.press("G")
        assert "worker 3001" not in session.dialog_text
        await session.press("y")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert machine.signals == [(3000, TERM)]


async def test_without_others_in_it_a_group_is_no_choice() -> None:
    machine = one_server()
    machine.groups = [(ONE,)]
    async with asked_about(machine) as session:
        await session.until(lambda: not [each for each in session.app.workers if each.is_running])
        await session.press("G")
        assert "process group" not in session.dialog_text
        await session.press("y")
        await session.until(lambda: machine.signals == [(3000, TERM)])


async def test_a_group_that_porttui_is_in_is_refused_and_the_holder_is_not() -> None:
    machine = a_job(process(99999, "porttui", ppid=500))
    async with asked_about(machine) as session:
        await session.until(lambda: "G its process group of 4" in session.dialog_text)
        await session.press("G")
        assert "Not possible: this is porttui itself" in session.dialog_text
        await session.press("y", "f")
        assert machine.signals == []
        await session.press("G", "y")
        await session.until(lambda: machine.signals == [(3000, TERM)])


async def test_in_a_group_the_name_of_the_one_that_much_depends_on_is_typed() -> None:
    machine = a_job()
    machine.ancestors = {SHELL.pid}
    # By seniority another one comes first.
    machine.groups = [(ONE, WORKER._replace(ppid=1, started=0), SHELL)]
    async with asked_about(machine) as session:
        await session.until(lambda: "G its process group" in session.dialog_text)
        await session.press("G", "y")
        assert "porttui runs inside sh 2999" in session.dialog_text
        assert "Type sh or 2999 and Enter" in session.dialog_text
        await session.press(*"worker", "enter")
        assert machine.signals == []
        await session.press(*"sh", "enter")
        await session.until(lambda: len(machine.signals) == 3)


async def test_a_supervisor_outside_the_group_is_still_said_to_start_it_again() -> None:
    inside = process(2998, "bash", cmdline=("bash", "-c", "while true; do sh job; done"))
    for members in ((ONE, SHELL), (ONE, SHELL, inside)):
        machine = a_job()
        machine.provenance = {ONE.pid: Provenance(ONE, ancestors=(SHELL, inside))}
        machine.groups = [members]
        async with asked_about(machine) as session:
            await session.until(lambda: "G its process group" in session.dialog_text)
            assert "may restart it" in session.dialog_text
            await session.press("G")
            assert ("may restart it" in session.dialog_text) is (inside not in members)


async def test_a_machine_that_tells_no_groups_has_the_other_choices() -> None:
    machine = prefork(2)

    def refuse(_: object) -> None:
        raise HostError("/proc cannot be listed")

    machine._process_groups = refuse  # type: ignore[method-assign, assignment]
    async with asked_about(machine) as session:
        await session.until(lambda: not [each for each in session.app.workers if each.is_running])
        assert "a all holders" in session.dialog_text
        assert "process group" not in session.dialog_text


# Names of containers


ID = "0123456789abcdef" * 4


async def test_a_container_has_its_id_at_once_and_its_name_when_that_is_told() -> None:
    machine = one_server()
    machine.provenance = {ONE.pid: Provenance(ONE, cgroups=(f"/docker/{ID}",))}
    machine.container_names = {ID: "web"}
    machine.may_name.clear()
    async with asked_about(machine) as session:
        await session.until(lambda: f"the container {ID[:12]}. To stop it:" in session.dialog_text)
        assert f"docker stop {ID[:12]}" in session.dialog_text
        machine.may_name.set()
        await session.until(
            lambda: f"the container web ({ID[:12]}). To stop it:" in session.dialog_text
        )
        assert f"docker stop {ID[:12]}" in session.dialog_text


async def test_a_stop_does_not_wait_for_a_name_that_never_comes() -> None:
    machine = one_server()
    machine.provenance = {ONE.pid: Provenance(ONE, cgroups=(f"/docker/{ID}",))}
    machine.may_name.clear()
    async with asked_about(machine) as session:
        await session.until(lambda: ID[:12] in session.dialog_text)
        await session.press("y")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert not machine.may_name.is_set()
