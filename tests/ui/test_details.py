"""Enter: all that is known of a row, in each of the panes."""

from __future__ import annotations

import pytest

from porttui.model.address import Protocol
from porttui.model.stop import StopSignal
from tests.making import listener, process, udp
from tests.scripted import ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, ScriptedSession, scripted_session


async def detailed(session: ScriptedSession, which: str) -> str:
    """What the details say of the row that a filter leaves."""
    await session.press("slash")
    await session.type(which)
    await session.press("enter", "enter")
    assert session.dialog == "DetailsDialog"
    return session.dialog_text


async def test_a_listener_with_its_process() -> None:
    async with scripted_session(developers_machine()) as session:
        said = await detailed(session, "3000")
        assert "tcp 127.0.0.1:3000" in session.text
        for words in (
            "address 127.0.0.1:3000",
            "protocol tcp, ipv4",
            "exposure loopback: only this machine can reach it",
            "clients 1 connection established",
            "node 4213",
            "user ana",
            "running 2 h",
            "parent pid 1",
            "command node /srv/shop/node_modules/.bin/vite --port 3000",
            "x stop c copy address Esc close",
        ):
            assert words in said, words


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("8080", "all interfaces: bound to every address; a firewall may still block it"),
        ("22022", "one interface: bound to one address or device; a firewall may"),
        ("6379", "service redis"),
        ("8000", "service none registered for this port"),
        ("8125", "protocol udp, ipv4"),
        ("9300", "process hidden user elastic (of the socket)"),
    ],
)
async def test_facts_of_other_listeners(which: str, words: str) -> None:
    async with scripted_session(developers_machine()) as session:
        assert words in await detailed(session, which)


async def test_a_listener_inside_the_ephemeral_range_is_warned_of() -> None:
    machine = ScriptedMachine([listener("127.0.0.1", 40000, held_by=[process()])])
    async with scripted_session(machine) as session:
        assert "inside the ephemeral range 32768-60999" in await detailed(session, "40000")


async def test_twins_that_share_an_address_are_counted() -> None:
    machine = ScriptedMachine(
        [udp("127.0.0.1", 5353, held_by=[process(pid, "mdns")]) for pid in (1000, 2000)]
    )
    async with scripted_session(machine) as session:
        said = await detailed(session, "5353")
        assert "2 share the address (SO_REUSEPORT)" in said
        assert "mdns 1000" in said
        assert "mdns 2000" in said
        assert "clients" not in said, "UDP has no connections to count"


async def test_a_connection_with_both_its_ends() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("2")
        said = await detailed(session, "49652")
        client, server = said.index("The client's end"), said.index("The server's end")
        assert client < said.index("uvicorn 9001") < server < said.index("postgres 813")
        assert "the server listens on that address" in said
        assert "service postgresql" in said
        assert "127.0.0.1:49652 -> 127.0.0.1:5432" in session.text


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("44010", "the server has not accepted it yet"),
        ("45450", "in another network namespace, or just closed"),
    ],
)
async def test_an_end_without_a_process_says_why(which: str, words: str) -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("2")
        assert words in await detailed(session, which)


@pytest.mark.parametrize("key", ["escape", "q", "enter"])
async def test_closing(key: str) -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("enter")
        assert session.dialog == "DetailsDialog"
        await session.press(key)
        assert session.dialog == ""
        assert session.app.is_running


async def test_copying_from_the_details() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("j", "enter", "c")
        assert session.dialog == ""
        await session.until(lambda: session.clipboard.copied == ["[::1]:5432"])


async def test_stopping_from_the_details() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        await detailed(session, "6379")
        await session.press("x")
        assert session.dialog == "StopDialog"
        assert "redis-server 640" in session.dialog_text
        await session.press("y")
        await session.until(lambda: machine.signals == [(640, StopSignal.TERM)])


async def test_they_stay_as_they_were_when_the_row_goes_and_stop_what_they_show() -> None:
    machine = developers_machine()
    async with scripted_session(machine) as session:
        await detailed(session, "6379")
        await session.sample(listener("127.0.0.1", 1, held_by=[process(1111, "other")]))
        assert "redis-server 640" in session.dialog_text
        await session.press("x", "y")
        await session.until(lambda: "Nothing was sent" in session.dialog_text)
        assert "redis-server 640" in session.dialog_text
        assert machine.signals == []


@pytest.mark.parametrize("size", [LARGE, SMALL, (40, 12)], ids=str)
async def test_long_details_scroll_and_keep_their_keys_in_view(size: tuple[int, int]) -> None:
    holders = [process(pid, "worker", cmdline=["worker", str(pid)]) for pid in range(100, 140)]
    machine = ScriptedMachine([listener("127.0.0.1", 3000, held_by=holders)])
    async with scripted_session(machine, size=size) as session:
        said = await detailed(session, "3000")
        assert "Esc close" in said
        assert "worker 139" not in said
        await session.press("end")
        await session.until(lambda: "worker 139" in session.dialog_text)
        assert "Esc close" in session.dialog_text
        await session.press("home")
        await session.until(lambda: "127.0.0.1:3000" in session.dialog_text)
        await session.press("pagedown")
        await session.until(lambda: "127.0.0.1:3000" not in session.dialog_text)


async def test_there_are_no_details_of_nothing() -> None:
    async with scripted_session(ScriptedMachine()) as session:
        await session.press("enter")
        assert session.dialog == ""


async def test_a_service_is_named_in_the_row_and_in_the_details() -> None:
    machine = ScriptedMachine([udp("127.0.0.1", 53, held_by=[process()])])
    machine.services = {(Protocol.UDP, 53): "domain", (Protocol.TCP, 53): "not this one"}
    async with scripted_session(machine) as session:
        assert "domain" in next(line for line in session.lines if " 53 " in line)
        assert "service domain" in await detailed(session, "53")
