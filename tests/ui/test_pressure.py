"""What runs out: in the pane, in the header, in toasts, and on the way inside."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from porttui.model.kernel import Limit, Limits, PortRange, RangeName, TcpRules
from porttui.model.socket import Socket, TcpState
from porttui.ui.panes.ranges import COLUMNS
from porttui.ui.widgets.columns import Tone, fit_cell
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.range_notes import RangeNotes, bar
from tests.making import connection, listener, udp
from tests.scripted import CURL, NODE, WEB, ScriptedMachine
from tests.ui.session import LARGE, SMALL, lines_of, scripted_session

HUNDRED = PortRange(RangeName.EPHEMERAL, 40000, 40099, reserved=((40090, 40099),))
SERVER = listener("127.0.0.1", 3000, held_by=[NODE])


def clients(number: int) -> Sequence[Socket]:
    return [
        connection(f"127.0.0.1:{port}", "127.0.0.1:3000", held_by=[CURL])
        for port in range(40000, 40000 + number)
    ]


def a_machine(*sockets: Socket) -> ScriptedMachine:
    machine = ScriptedMachine([SERVER, *sockets])
    machine.ephemeral = HUNDRED
    machine.tcp_rules = TcpRules(2, timestamps=True, tw_reuse_delay_ms=1000, autobind_reuse=False)
    return machine


async def test_a_destination_under_pressure() -> None:
    async with scripted_session(a_machine(*clients(80))) as session:
        await session.await_text("WARNING: 10 left to 127.0.0.1:3000")
        session.app.clear_notifications()
        await session.press("3", "down")
        row = next(line for line in session.lines if "→ 127.0.0.1:3000" in line)
        assert "! → 127.0.0.1:3000" in row.replace("!→", "! →")
        assert "curl 80" in row
        assert "10 of 90 left" in session.text
        assert "80 in use by curl 12044" in session.flat_text
        assert "server: node 4213" in session.flat_text


@pytest.mark.parametrize(
    ("size", "has_percent"), [(SMALL, False), (LARGE, False), ((160, 50), False), ((200, 50), True)]
)
async def test_each_row_has_a_bar(size: tuple[int, int], has_percent: bool) -> None:
    elsewhere = [connection(f"127.0.0.1:{port}", "127.0.0.1:6379") for port in range(40080, 40089)]
    async with scripted_session(a_machine(*clients(45), *elsewhere), size=size) as session:
        await session.press("escape", "3")

        def cell(key: str, column: str) -> str:
            table = session.table(3)
            strips = table._lines
            assert strips is not None
            row = next(each for each in table.rows if key in str(each.key))
            [(each, width)] = [each for each in strips._layout if each[0].id == column]
            return fit_cell(each.cell(row), width)

        half, tenth = cell("3000", "bar"), cell("6379", "bar")
        assert half.strip() == "█" * (len(half) // 2) + "▌" * (len(half) % 2)
        assert tenth == bar(0.1, len(half))
        assert len(half) >= 4
        assert half in session.text
        assert ("50.0 %" in session.text) is has_percent
        await session.sample(SERVER, *clients(90))
        assert cell("3000", "bar") == "█" * len(half)
        assert cell("127.0.0.1", "bar") == "█" * len(half)


async def test_the_colour_of_a_bar_is_that_of_the_level() -> None:
    async with scripted_session(a_machine(*clients(45))) as session:
        for number, tone in ((45, Tone.OK), (80, Tone.WARNING), (88, Tone.ERROR)):
            await session.sample(SERVER, *clients(number))
            row = next(each for each in session.table(3).rows if "3000" in str(each.key))
            [column] = [each for each in COLUMNS if each.id == "bar"]
            assert column.cell(row).tone is tone


async def test_what_helps_is_read_whole_on_a_small_screen() -> None:
    bound = [listener("127.0.0.9", port) for port in range(40076, 40080)]
    waiting = [
        connection(f"127.0.0.1:{port}", "127.0.0.1:3000", state=TcpState.TIME_WAIT)
        for port in range(40080, 40088)
    ]
    sockets = [*clients(76), *bound, *[each._replace(expires_ms=59_500) for each in waiting]]
    for size in (SMALL, LARGE, (160, 50)):
        async with scripted_session(a_machine(*sockets), size=size) as session:
            await session.press("escape", "3")
            key = next(each.key for each in session.table(3).rows if "3000" in str(each.key))
            session.table(3).select_key(key)
            await session.pilot.pause()
            notes = session.app.query_one(RangeNotes).region
            said = " ".join(line.strip() for line in lines_of(session.pilot, notes))
            words = (
                "84 in use by curl 12044, 8 of them in TIME_WAIT, "
                "4 more are bound or listening; recovers within 1 s; reuse connections "
                "(keep-alive, a pool), add an address on either end, "
                "or widen net.ipv4.ip_local_port_range"
            )
            assert words in said, size
            assert "→ 127.0.0.1:3000" in session.text, size


async def test_the_rows_of_trouble_come_before_the_textbook_s() -> None:
    async with scripted_session(a_machine(*clients(90))) as session:
        keys = [str(row.key) for row in session.table(3).rows]
        assert keys[0] == "ephemeral"
        assert keys.index("well-known") == 4, "connect() and two of bind() are exhausted"
    async with scripted_session(a_machine()) as session:
        keys = [str(row.key) for row in session.table(3).rows]
        assert keys[:4] == ["ephemeral", "well-known", "registered", "dynamic"]


async def test_a_threshold_is_announced_once_and_its_end() -> None:
    async with scripted_session(a_machine(*clients(10))) as session:
        assert session.toasts == ""
        await session.sample(SERVER, *clients(88))
        await session.until(lambda: "Critical: connect() to 127.0.0.1:3000" in session.toasts)
        assert "2 of 90 left" in session.toasts
        assert "(and 2 more, key 3)" in session.toasts
        session.app.clear_notifications()
        await session.sample(SERVER, *clients(87))
        await session.until(lambda: session.toasts == "")
        await session.sample(SERVER, *clients(10))
        await session.until(lambda: "Recovered: connect() to 127.0.0.1:3000" in session.toasts)
        assert "EPHEMERAL" in session.lines[0]


async def test_enter_shows_the_connections_of_a_destination() -> None:
    elsewhere = connection("127.0.0.1:40050", "127.0.0.1:6379", held_by=[WEB])
    async with scripted_session(a_machine(*clients(3), elsewhere)) as session:
        await session.press("3", "down", "down", "down", "down", "enter")
        await session.await_text("3 Ranges › 127.0.0.1 → 127.0.0.1:3000", "127.0.0.1:40002")
        inside = session.app.query_one("#drilldown-table", KeyedTable)
        assert [each.row.socket.local.port for each in inside.rows] == [40000, 40001, 40002]
        await session.press("x")
        assert session.dialog == "StopDialog"
        assert CURL.label in session.dialog_text


async def test_udp_and_bind_lead_to_the_ports_of_the_range() -> None:
    bound = udp("127.0.0.1", 40080, held_by=[WEB])
    async with scripted_session(a_machine(*clients(2), bound)) as session:
        table = session.table(3)
        udp_row = next(row for row in table.rows if row.gauge and row.gauge.resource == "udp")
        table.select_key(udp_row.key)
        await session.press("3", "enter")
        await session.await_text("3 Ranges › UDP ports 40000-40099", "127.0.0.1:40080")
        await session.press("escape")
        bind_row = next(row for row in table.rows if row.gauge and row.gauge.resource == "bind")
        table.select_key(bind_row.key)
        await session.press("enter")
        await session.await_text("3 Ranges › TCP ports 40000-40099", "127.0.0.1:40001")


async def test_a_limit_that_is_none_of_ports_has_details() -> None:
    machine = a_machine()
    machine.limits = Limits(conntrack=Limit(95, 100), open_files=Limit(10, 1000))
    async with scripted_session(machine) as session:
        await session.await_text("WARNING: 5 left in conntrack")
        await session.press("3", "down", "enter")
        assert session.dialog == "DetailsDialog"
        assert "connections tracked by netfilter" in session.text
        assert "nf_conntrack_max" in session.dialog_text


async def test_a_process_that_runs_out_of_files_is_announced_and_has_details() -> None:
    machine = a_machine(*clients(5))
    machine.open_files = {NODE.pid: Limit(100, 1024), CURL.pid: Limit(900, 1024)}
    async with scripted_session(machine) as session:
        await session.await_text("WARNING: 124 left for files of curl 12044")
        assert "open files of curl 12044: 124 of 1,024 left" in session.toasts
        await session.press("escape", "3", "down")
        row = next(line for line in session.lines if "fd: curl 12044" in line)
        assert "124" in row
        assert "fd: node" not in session.text, "it has enough"
        assert "(EMFILE)" in session.flat_text
        await session.press("enter")
        assert session.dialog == "DetailsDialog"
        assert CURL.command in session.dialog_text
        assert "LimitNOFILE=" in session.dialog_text
        await session.press("escape")
        machine.open_files[CURL.pid] = Limit(100, 1024)
        await session.sample(SERVER, *clients(5))
        await session.until(lambda: "Recovered: open files of curl 12044" in session.toasts)
        assert "fd: curl" not in session.text


async def test_another_system_than_linux_gets_an_estimate() -> None:
    machine = a_machine(*clients(80))
    machine.tcp_rules = None
    async with scripted_session(machine, size=(100, 40)) as session:
        await session.await_text("WARNING: about 10 left")
        assert "about 10 of 90 left (estimate)" in session.toasts
        await session.press("escape", "3", "down")
        await session.await_text("distinct ports, an estimate")
        row = next(line for line in session.lines if "! TCP ports" in line)
        assert row.partition("TCP ports")[2].split()[:3] == ["≈10", "80", "0"]
        assert "about 10 of 90 left" in session.text
        assert "this system does not document how it assigns ports" in session.flat_text
        assert not any(words in session.text for words in ("→ 127", "bind 127", "UDP, no bind"))
        await session.press("enter")
        await session.await_text("3 Ranges › TCP ports 40000-40099", "127.0.0.1:40001")


async def test_w_and_copy_are_about_the_server_that_is_connected_to() -> None:
    async with scripted_session(a_machine(*clients(80))) as session:
        await session.press("3", "down", "c")
        await session.until(lambda: session.clipboard.copied)
        assert session.clipboard.copied == ["127.0.0.1:3000"]
        await session.press("w")
        assert session.dialog == "DiagnosisDialog"


async def test_every_size_shows_what_is_left() -> None:
    for size in (LARGE, SMALL, (60, 20), (60, 15), (40, 12)):
        async with scripted_session(a_machine(*clients(80)), size=size) as session:
            await session.press("escape", "3", "down")
            assert session.toasts == ""
            assert session.lines[0].count("10 left") == 1
            row = next(line for line in session.lines if "→" in line and ":3000" in line)
            assert "10" in row.rpartition(":3000")[2], size
            if size[1] >= 15:
                assert "10 of 90 left" in session.text
