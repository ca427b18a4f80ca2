"""Why a port is held or free: `w`, `porttui PORT`, and what can be done from there."""

from __future__ import annotations

import pytest

from porttui.host.local import local_host
from porttui.host.request import HostError
from porttui.model.address import PortQuery, Protocol
from porttui.model.provenance import Provenance
from porttui.sampling.dashboards import LocalDashboards
from porttui.sampling.sampler import Sampler
from porttui.settings import Settings
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.services import Services
from tests.making import listener, process, udp
from tests.scripted import ScriptedClipboard, ScriptedMachine, developers_machine
from tests.servers import Servers, free_port
from tests.ui.stage import LARGE, SMALL, Stage, on_stage

NODE = process(4213, "node")
RUBY = process(5000, "ruby")


@pytest.mark.parametrize("size", [(120, 40), SMALL, (50, 16)], ids=str)
async def test_the_row_s_port_is_diagnosed(size: tuple[int, int]) -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine, size=size) as stage:
        await stage.press("w")
        await stage.until(lambda: "next free" in stage.said or "held" in stage.said)
        assert "Port 3000" in stage.text
        assert "node 4213" in stage.said
        assert "Esc close" in stage.said
        await stage.press("escape")
        assert stage.dialog == ""


async def test_verdicts_stand_beside_their_addresses() -> None:
    machine = ScriptedMachine(
        [listener("127.0.0.1", 3000, held_by=[NODE]), listener("::1", 3000, held_by=[RUBY])]
    )
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "next free" in stage.said)
        lines = {line.split()[0]: line for line in stage.box if line.strip()}
        assert lines["127.0.0.1"].split()[1:] == [
            "held",
            "node",
            "4213",
            "(ana)",
            "listens",
            "here",
        ]
        assert lines["[::1]"].split()[1:] == ["held", "ruby", "5000", "(ana)", "listens", "here"]
        assert "localhost may resolve to it" in stage.said
        assert "next free ports on all of these: 3001 3002 3003" in stage.said
        await stage.press("question_mark")
        await stage.until(lambda: "2 sockets with this local port" in stage.said)


async def test_the_row_s_own_address_comes_first_where_it_is_none_of_the_usual() -> None:
    machine = ScriptedMachine([listener("127.0.0.51", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "next free" in stage.said)
        shown = [line.split()[:2] for line in stage.box if line[:1] in "1[0" and line.strip()]
        assert shown[:2] == [["127.0.0.51", "held"], ["127.0.0.1", "free"]]


async def test_a_port_on_the_command_line_is_diagnosed_at_once() -> None:
    machine = developers_machine()
    machine.may_read.clear()
    async with on_stage(machine, sampled=False, port_query=PortQuery(Protocol.TCP, 3000)) as stage:
        await stage.until(lambda: "looking ..." in stage.said)
        machine.may_read.set()
        await stage.until(lambda: "held" in stage.said)
        assert "node 4213" in stage.said


async def test_without_a_row_the_filter_names_the_port() -> None:
    async with on_stage(ScriptedMachine()) as stage:
        await stage.press("w")
        await stage.say("Which port?")
        await stage.press("slash", *"3000", "enter", "w")
        await stage.until(lambda: "free" in stage.said)
        assert "held" not in stage.said
        assert "stop it" not in stage.said


async def test_udp_rows_ask_for_udp() -> None:
    async with on_stage(ScriptedMachine([udp("127.0.0.1", 5353, held_by=[NODE])])) as stage:
        await stage.press("w")
        await stage.until(lambda: "Port 5353 (udp)" in stage.text and "held" in stage.said)


async def test_the_next_port_is_copied_from_the_dialog_and_from_the_row() -> None:
    machine = ScriptedMachine(
        [listener("127.0.0.1", port, held_by=[NODE]) for port in (3000, 3001)]
    )
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "PORT=3002" in stage.said)
        await stage.press("n")
        await stage.until(lambda: stage.clipboard.copied == ["PORT=3002"])
        await stage.press("c")
        await stage.until(lambda: stage.clipboard.copied[1:] == ["127.0.0.1:3000"])
        await stage.press("escape", "j", "n")
        await stage.until(lambda: stage.clipboard.copied[2:] == ["PORT=3002"])


async def test_it_is_stopped_from_there_and_looked_at_again() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "stop it" in stage.said)
        await stage.press("x", "y")
        await stage.until(lambda: "port 3000 is free" in stage.said)
        assert [pid for pid, _ in machine.signals] == [NODE.pid]
        await stage.press("escape")
        await stage.until(lambda: "next free" in stage.said and "held" not in stage.said)


async def test_two_servers_on_one_port_are_told_apart_before_a_stop() -> None:
    machine = ScriptedMachine(
        [listener("127.0.0.1", 3000, held_by=[NODE]), listener("::1", 3000, held_by=[RUBY])]
    )
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "stop it" in stage.said)
        await stage.press("x")
        await stage.until(lambda: "Stop which one?" in stage.text)
        await stage.press("2")
        await stage.until(lambda: "Stop ruby 5000?" in stage.text)
        assert machine.signals == []


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One for each time that the bell has been rung."""
    rung: list[bool] = []
    monkeypatch.setattr(PorttuiApp, "bell", lambda _: rung.append(True))
    return rung


async def test_waiting_until_it_is_free(bells: list[bool]) -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "wait until it is free" in stage.said)
        await stage.press("W")
        await stage.until(lambda: "until it is free: still in use" in stage.said)
        assert bells == []
        machine.sockets = ()
        await stage.until(lambda: "free (after" in stage.said)
        assert len(bells) == 1
        await stage.until(lambda: "W wait until something listens" in stage.said)


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
        stage = Stage(app, pilot, ())
        await stage.until(lambda: "W wait until something listens" in stage.said)
        await stage.press("W")
        await stage.until(lambda: "until something listens: still free" in stage.said)
        assert "W stop waiting" in stage.said
        assert bells == []
        server = servers.listen(port=port)
        await stage.until(lambda: "in use (after" in stage.said)
        assert len(bells) == 1
        await stage.until(lambda: f" {server.pid} " in stage.said)
        assert "W wait until it is free" in stage.said


async def test_a_wait_can_be_left_off_and_what_comes_late_is_not_heard() -> None:
    machine = ScriptedMachine([listener("::1", 4000, held_by=[NODE])])
    async with on_stage(machine, port_query=PortQuery(Protocol.TCP, 3000)) as stage:
        await stage.until(lambda: "W wait until something listens" in stage.said)
        await stage.press("W")
        await stage.until(lambda: "still free" in stage.said)
        await stage.press("W")
        await stage.until(lambda: not [worker for worker in stage.app.workers if worker.is_running])
        assert "waiting" not in stage.said
        assert "W wait until something listens" in stage.said


async def test_waiting_ends_with_the_dialog() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "wait until it is free" in stage.said)
        await stage.press("W")
        await stage.until(lambda: "still in use" in stage.said)
        await stage.press("escape")
        await stage.until(lambda: not [worker for worker in stage.app.workers if worker.is_running])


async def test_a_machine_that_cannot_be_read_is_said() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    async with on_stage(machine) as stage:
        machine.failure = HostError("the tables are gone")
        await stage.press("w")
        await stage.until(lambda: "Not known: the tables are gone." in stage.said)


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
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: f"the container {identifier[:12]}. To stop it:" in stage.said)
        assert f"node 4213: {NODE.command} project shop (/srv/shop), in /srv/shop/" in stage.said
        assert "parents zsh 4201" in stage.said
        machine.may_name.set()
        await stage.until(
            lambda: f"the container web ({identifier[:12]}). To stop it:" in stage.said
        )


async def test_a_name_of_something_seen_before_is_not_shown_beside_what_is_seen_now() -> None:
    identifier = "0123456789abcdef" * 4
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    machine.provenance = {NODE.pid: Provenance(NODE, cgroups=(f"/docker/{identifier}",))}
    machine.container_names = {identifier: "web"}
    machine.may_name.clear()
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: identifier[:12] in stage.said)
        machine.sockets = (listener("127.0.0.1", 3000, held_by=[RUBY]),)
        await stage.press("r")
        await stage.until(lambda: "ruby 5000:" in stage.said)
        machine.may_name.set()
        await stage.until(lambda: not [worker for worker in stage.app.workers if worker.is_running])
        assert "ruby 5000:" in stage.said
        assert "web" not in stage.said


async def test_of_many_holders_the_senior_ones_are_described() -> None:
    workers = [process(pid, "gunicorn", ppid=500) for pid in range(501, 506)]
    machine = ScriptedMachine(
        [listener("127.0.0.1", 3000, held_by=[process(500, "gunicorn"), *workers])]
    )
    async with on_stage(machine) as stage:
        await stage.press("w")
        await stage.until(lambda: "gunicorn 500:" in stage.said)
        assert "gunicorn 503:" not in stage.said
        assert "... 3 more processes" in stage.said
