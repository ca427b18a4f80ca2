"""Why a port is held or free: `w`, `porttui PORT`, and what can be done from there."""

from __future__ import annotations

import pytest

from porttui.host.local import local_host
from porttui.host.request import HostError
from porttui.model.address import PortQuery, Protocol
from porttui.model.provenance import Provenance
from porttui.sampling.sampler import Sampler
from porttui.settings import Settings
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.services import Services
from tests.local_dashboards import LocalDashboards
from tests.making import listener, process, udp
from tests.scripted import ScriptedClipboard, ScriptedMachine, developers_machine
from tests.servers import Servers, free_port
from tests.ui.session import LARGE, SMALL, Session, scripted_session

NODE = process(4213, "node")
RUBY = process(5000, "ruby")


@pytest.mark.parametrize("size", [(120, 40), SMALL, (50, 16)], ids=str)
async def test_the_row_s_port_is_diagnosed(size: tuple[int, int]) -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine, size=size) as session:
        await session.press("w")
        await session.until(
            lambda: "next free" in session.dialog_text or "held" in session.dialog_text
        )
        assert "Port 3000" in session.text
        assert "node 4213" in session.dialog_text
        assert "Esc close" in session.dialog_text
        await session.press("escape")
        assert session.dialog == ""


async def test_verdicts_stand_beside_their_addresses() -> None:
    machine = ScriptedMachine(
        [listener("127.0.0.1", 3000, held_by=[NODE]), listener("::1", 3000, held_by=[RUBY])]
    )
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "next free" in session.dialog_text)
        lines = {line.split()[0]: line for line in session.dialog_lines if line.strip()}
        assert lines["127.0.0.1"].split()[1:] == [
            "held",
            "node",
            "4213",
            "(ana)",
            "listens",
            "here",
        ]
        assert lines["[::1]"].split()[1:] == ["held", "ruby", "5000", "(ana)", "listens", "here"]
        assert "localhost may resolve to it" in session.dialog_text
        assert "next free ports on all of these: 3001 3002 3003" in session.dialog_text
        await session.press("question_mark")
        await session.until(lambda: "2 sockets with this local port" in session.dialog_text)


async def test_an_address_with_a_zone_is_no_markup() -> None:
    machine = ScriptedMachine([listener("fe80::1%v0", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "next free" in session.dialog_text)
        assert "[fe80::1%v0] held" in session.dialog_text


async def test_the_row_s_own_address_comes_first_where_it_is_none_of_the_usual() -> None:
    machine = ScriptedMachine([listener("127.0.0.51", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "next free" in session.dialog_text)
        shown = [
            line.split()[:2] for line in session.dialog_lines if line[:1] in "1[0" and line.strip()
        ]
        assert shown[:2] == [["127.0.0.51", "held"], ["127.0.0.1", "free"]]


async def test_a_port_on_the_command_line_is_diagnosed_at_once() -> None:
    machine = developers_machine()
    machine.may_read.clear()
    async with scripted_session(
        machine, sampled=False, port_query=PortQuery(Protocol.TCP, 3000)
    ) as session:
        await session.until(lambda: "looking ..." in session.dialog_text)
        machine.may_read.set()
        await session.until(lambda: "held" in session.dialog_text)
        assert "node 4213" in session.dialog_text


async def test_without_a_row_the_filter_names_the_port() -> None:
    async with scripted_session(ScriptedMachine()) as session:
        await session.press("w")
        await session.await_status("Which port?")
        await session.press("slash", *"3000", "enter", "w")
        await session.until(lambda: "free" in session.dialog_text)
        assert "held" not in session.dialog_text
        assert "stop it" not in session.dialog_text


async def test_udp_rows_ask_for_udp() -> None:
    async with scripted_session(
        ScriptedMachine([udp("127.0.0.1", 5353, held_by=[NODE])])
    ) as session:
        await session.press("w")
        await session.until(
            lambda: "Port 5353 (udp)" in session.text and "held" in session.dialog_text
        )


async def test_the_next_port_is_copied_from_the_dialog_and_from_the_row() -> None:
    machine = ScriptedMachine(
        [listener("127.0.0.1", port, held_by=[NODE]) for port in (3000, 3001)]
    )
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "PORT=3002" in session.dialog_text)
        await session.press("n")
        await session.until(lambda: session.clipboard.copied == ["PORT=3002"])
        await session.press("c")
        await session.until(lambda: session.clipboard.copied[1:] == ["127.0.0.1:3000"])
        await session.press("escape", "j", "n")
        await session.until(lambda: session.clipboard.copied[2:] == ["PORT=3002"])


async def test_it_is_stopped_from_there_and_looked_at_again() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "stop it" in session.dialog_text)
        await session.press("x", "y")
        await session.until(lambda: "port 3000 is free" in session.dialog_text)
        assert [pid for pid, _ in machine.signals] == [NODE.pid]
        await session.press("escape")
        await session.until(
            lambda: "next free" in session.dialog_text and "held" not in session.dialog_text
        )


async def test_two_servers_on_one_port_are_told_apart_before_a_stop() -> None:
    machine = ScriptedMachine(
        [listener("127.0.0.1", 3000, held_by=[NODE]), listener("::1", 3000, held_by=[RUBY])]
    )
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "stop it" in session.dialog_text)
        await session.press("x")
        await session.until(lambda: "Stop which one?" in session.text)
        await session.press("2")
        await session.until(lambda: "Stop ruby 5000?" in session.text)
        assert machine.signals == []


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One for each time that the bell has been rung."""
    rung: list[bool] = []
    monkeypatch.setattr(PorttuiApp, "bell", lambda _: rung.append(True))
    return rung


async def test_waiting_until_it_is_free(bells: list[bool]) -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "wait until it is free" in session.dialog_text)
        await session.press("W")
        await session.until(lambda: "until it is free: still in use" in session.dialog_text)
        assert bells == []
        machine.sockets = ()
        await session.until(lambda: "free (after" in session.dialog_text)
        assert len(bells) == 1
        await session.until(lambda: "W wait until something listens" in session.dialog_text)


async def test_waiting_until_something_listens(servers: Servers, bells: list[bool]) -> None:
    """A real server, on this machine."""
    host, port = local_host(), free_port()
    sampler = Sampler(host)
    services = Services(host, sampler, Stopper(host, sampler), ScriptedClipboard())
    app = PorttuiApp(
        LocalDashboards(sampler),
        lambda: services,
        Settings(port_query=PortQuery(Protocol.TCP, port)),
    )
    async with app.run_test(size=LARGE) as pilot:
        session = Session(app, pilot, ())
        await session.until(lambda: "W wait until something listens" in session.dialog_text)
        await session.press("W")
        await session.until(lambda: "until something listens: still free" in session.dialog_text)
        assert "W stop waiting" in session.dialog_text
        assert bells == []
        server = servers.listen(port=port)
        await session.until(lambda: "in use (after" in session.dialog_text)
        assert len(bells) == 1
        await session.until(lambda: f" {server.pid} " in session.dialog_text)
        assert "W wait until it is free" in session.dialog_text


async def test_a_wait_can_be_left_off_and_what_comes_late_is_not_heard() -> None:
    machine = ScriptedMachine([listener("::1", 4000, held_by=[NODE])])
    async with scripted_session(machine, port_query=PortQuery(Protocol.TCP, 3000)) as session:
        await session.until(lambda: "W wait until something listens" in session.dialog_text)
        await session.press("W")
        await session.until(lambda: "still free" in session.dialog_text)
        await session.press("W")
        await session.until(
            lambda: not [worker for worker in session.app.workers if worker.is_running]
        )
        assert "waiting" not in session.dialog_text
        assert "W wait until something listens" in session.dialog_text


async def test_waiting_ends_with_the_dialog() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "wait until it is free" in session.dialog_text)
        await session.press("W")
        await session.until(lambda: "still in use" in session.dialog_text)
        await session.press("escape")
        await session.until(
            lambda: not [worker for worker in session.app.workers if worker.is_running]
        )


async def test_a_machine_that_cannot_be_read_is_said() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with scripted_session(machine) as session:
        machine.failure = HostError("the tables are gone")
        await session.press("w")
        await session.until(lambda: "Not known: the tables are gone." in session.dialog_text)


async def test_it_tells_who_it_is_and_what_would_start_it_again() -> None:
    identifier = "0123456789abcdef" * 4
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    shell = process(4201, "zsh")
    cgroups = (f"/machine.slice/libpod-{identifier}.scope",)
    machine.provenance = {
        NODE.pid: Provenance(NODE, "/srv/shop/api", "/srv/shop", (shell,), cgroups),
    }
    machine.container_names = {identifier: "web"}
    machine.may_name.clear()
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(
            lambda: f"the container {identifier[:12]}. To stop it:" in session.dialog_text
        )
        assert (
            f"node 4213: {NODE.command} project shop (/srv/shop), in /srv/shop/"
            in session.dialog_text
        )
        assert "parents zsh 4201" in session.dialog_text
        machine.may_name.set()
        await session.until(
            lambda: f"the container web ({identifier[:12]}). To stop it:" in session.dialog_text
        )


async def test_a_name_of_something_seen_before_is_not_shown_beside_what_is_seen_now() -> None:
    identifier = "0123456789abcdef" * 4
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    machine.provenance = {NODE.pid: Provenance(NODE, cgroups=(f"/docker/{identifier}",))}
    machine.container_names = {identifier: "web"}
    machine.may_name.clear()
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: identifier[:12] in session.dialog_text)
        machine.sockets = (listener("127.0.0.1", 3000, held_by=[RUBY]),)
        await session.press("r")
        await session.until(lambda: "ruby 5000:" in session.dialog_text)
        machine.may_name.set()
        await session.until(
            lambda: not [worker for worker in session.app.workers if worker.is_running]
        )
        assert "ruby 5000:" in session.dialog_text
        assert "web" not in session.dialog_text


async def test_of_many_holders_the_senior_ones_are_described() -> None:
    workers = [process(pid, "gunicorn", ppid=500) for pid in range(501, 506)]
    machine = ScriptedMachine(
        [listener("127.0.0.1", 3000, held_by=[process(500, "gunicorn"), *workers])]
    )
    async with scripted_session(machine) as session:
        await session.press("w")
        await session.until(lambda: "gunicorn 500:" in session.dialog_text)
        assert "gunicorn 503:" not in session.dialog_text
        assert "... 3 more processes" in session.dialog_text
