"""What `list` selects and prints, of sockets that are made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from porttui.analysis.loopback import loopback_pairs
from porttui.cli.list_sockets import (
    ListCommand,
    pair_table,
    select_sockets,
    snapshot_json,
    socket_table,
)
from porttui.cli.output import Json
from porttui.host.request import SourceName
from porttui.model.address import Protocol
from porttui.model.snapshot import Problem, Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from tests.making import connection, listener, made, pair, process, snapshot, udp, uid_of

NODE, CURL = process(10, "node"), process(20, "curl")
WORKER = process(11, "node", ppid=10)
SERVER = process(4213, "node", user="ana", cmdline=("node", "server.js"), age_s=0.0)

SOCKETS = {
    "listener": listener("127.0.0.1", 3000, held_by=[NODE]),
    "udp": udp("0.0.0.0", 5353, held_by=[NODE]),
    "udp client": udp("127.0.0.1", 50000, remote="127.0.0.1:53", held_by=[CURL]),
    "client": connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[CURL]),
    "server": connection("127.0.0.1:3000", "127.0.0.1:40000", held_by=[NODE]),
    "closing": connection("127.0.0.1:3000", "127.0.0.1:40001", state=TcpState.TIME_WAIT),
    "abroad": connection("10.0.0.7:40002", "10.0.0.8:443", held_by=[CURL]),
    "mapped": connection("[::ffff:127.0.0.1]:40003", "[::ffff:127.0.0.1]:3001", held_by=[CURL]),
}


def command(typed: str = "", *, listening: bool = False, loopback: bool = False) -> ListCommand:
    return ListCommand(typed, listening, loopback, as_json=False, source=SourceName.AUTO)


def chosen(typed: str = "", *, listening: bool = False, loopback: bool = False) -> set[str]:
    names = {each: name for name, each in SOCKETS.items()}
    found = select_sockets(
        snapshot(*SOCKETS.values(), services={(Protocol.TCP, 3000): "hbci"}),
        command(typed, listening=listening, loopback=loopback),
    )
    assert len(set(found)) == len(found)
    return {names[each] for each in found}


def test_without_a_wish_everything_is_chosen() -> None:
    assert chosen() == set(SOCKETS)


def test_only_what_is_listened_on() -> None:
    assert chosen(listening=True) == {"listener", "udp"}


def test_only_established_loopback_connections() -> None:
    assert chosen(loopback=True) == {"client", "server", "mapped"}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("3000", {"listener", "client", "server", "closing"}),
        ("30*", {"listener", "client", "server", "closing", "mapped"}),
        ("node", {"listener", "udp", "server"}),
        ("hbci", {"listener", "server", "closing"}),
        ("curl 3000", {"client"}),
        ("established loopback", {"client", "server", "mapped"}),
        ("udp", {"udp", "udp client"}),
        ("time_wait", {"closing"}),
        ("nobody", set()),
    ],
)
def test_the_filter_is_met(typed: str, names: set[str]) -> None:
    assert chosen(typed) == names


def test_wishes_add_up() -> None:
    assert chosen("3000", listening=True) == {"listener"}
    assert chosen("3000", loopback=True) == {"client", "server"}


def test_listeners_come_first_then_ports_protocols_addresses_and_peers() -> None:
    ordered = [
        listener("0.0.0.0", 80),
        listener("127.0.0.1", 80),
        udp("0.0.0.0", 80),
        listener("127.0.0.1", 10000),
        connection("127.0.0.1:80", "127.0.0.1:40000"),
        connection("127.0.0.1:80", "127.0.0.1:40001"),
        connection("127.0.0.1:80", "127.0.0.2:40001"),
        udp("127.0.0.1", 80, remote="127.0.0.1:1"),
        connection("127.0.0.1:9000", "127.0.0.1:1"),
    ]
    for given in (ordered, ordered[::-1]):
        assert select_sockets(snapshot(*given), command()) == ordered


def test_twins_are_all_there() -> None:
    twins = [listener("::", 80, held_by=[NODE]), listener("::", 80, held_by=[CURL])]
    found = select_sockets(
        snapshot(*twins, *pair("127.0.0.1:1", "127.0.0.1:2")),
        command("80", listening=True),
    )
    assert sorted(found) == sorted(twins)


def lines(*sockets: Socket) -> list[str]:
    return socket_table(sockets).split("\n")


def test_sockets_stand_in_columns() -> None:
    kernel = connection("[::1]:80", "[::1]:40000", state=TcpState.TIME_WAIT)
    assert lines(
        listener("127.0.0.1", 3000, held_by=[WORKER, NODE]),
        udp("0.0.0.0", 5353, user="avahi"),
        kernel,
    ) == [
        "PROTO  STATE      LOCAL           REMOTE       EXPOSURE        USER   PROCESS",
        "tcp    LISTEN     127.0.0.1:3000  *            loopback        ana    node 10, node 11",
        "udp    -          0.0.0.0:5353    *            all interfaces  avahi  hidden",
        "tcp    TIME_WAIT  [::1]:80        [::1]:40000  loopback        -      (kernel)",
    ]


def test_one_interface_and_a_remote_end() -> None:
    (_, line) = lines(connection("10.0.0.7:40000", "10.0.0.8:443", held_by=[CURL]))
    cells = "tcp ESTABLISHED 10.0.0.7:40000 10.0.0.8:443 one interface ana curl 20"
    assert " ".join(line.split()) == cells


@pytest.mark.parametrize(
    ("each", "who"),
    [
        (listener("::", 80, held_by=[CURL, NODE]), "node 10, curl 20"),
        (listener("::", 80), "hidden"),
        (
            made(Protocol.TCP, TcpState.LISTEN, "[::]:80", ownership=Ownership.KERNEL),
            "(kernel)",
        ),
    ],
)
def test_nobody_is_never_an_empty_cell(each: Socket, who: str) -> None:
    assert lines(each)[1].endswith(f"  {who}")


def test_where_the_socket_s_user_is_not_told_its_holder_s_is() -> None:
    """psutil tells the users of processes, not of sockets."""
    (_, line) = lines(listener("::", 80, held_by=[process(10, user="ana")], user=None))
    assert " ana " in line


def test_nothing_is_no_heading_either() -> None:
    assert socket_table([]) == ""
    assert pair_table([]) == ""


def test_no_line_ends_in_blanks() -> None:
    table = lines(listener("::", 80, held_by=[NODE]), listener("::", 81, held_by=[NODE, CURL]))
    assert all(line == line.rstrip() for line in table)


def test_connections_stand_in_columns_with_how_sure_the_direction_is() -> None:
    rows = loopback_pairs(
        snapshot(
            listener("127.0.0.1", 3000, held_by=[NODE]),
            *pair("127.0.0.1:40000", "127.0.0.1:3000", client_of=[CURL], server_of=[WORKER, NODE]),
            *pair("[::1]:40001", "[::1]:3001", client_of=[CURL], server_of=[NODE]),
            *pair("127.0.0.1:4002", "127.0.0.1:3002", client_of=[CURL], server_of=[NODE]),
        )
    )
    assert pair_table(rows).split("\n") == [
        "CLIENT           PROCESS      SERVER          PROCESS",
        "127.0.0.1:40000  curl 20  ->  127.0.0.1:3000  node 10, node 11",
        "[::1]:40001      curl 20  ~>  [::1]:3001      node 10",
        "127.0.0.1:4002   curl 20  --  127.0.0.1:3002  node 10",
    ]


def test_columns_are_of_cells_not_of_characters() -> None:
    """Wide letters take two, and what isolates right-to-left text none."""
    names = ("漢字", "node", "\u2068אבג\u2069", "ภาษาไทย")
    users = [process(10 + at, "x", user=name) for at, name in enumerate(names)]
    table = socket_table(
        listener("127.0.0.1", 3000 + at, held_by=[each], user=each.user)
        for at, each in enumerate(users)
    )
    heading, *lines = table.splitlines()
    begins = {cell_len(line[: line.index(" x ") + 1]) for line in lines}
    assert begins == {heading.index("PROCESS")}


def test_a_name_of_several_words_cannot_read_as_two_processes() -> None:
    table = socket_table([listener("127.0.0.1", 1, held_by=[process(7, "sshd 1, cron")])])
    assert table.endswith("'sshd 1, cron' 7")


@pytest.mark.parametrize(
    ("peer", "who"),
    [
        (None, "(peer not seen)"),
        (connection("127.0.0.1:3000", "127.0.0.1:40000"), "(not accepted yet)"),
        (
            connection("127.0.0.1:3000", "127.0.0.1:40000", ownership=Ownership.HIDDEN),
            "(hidden)",
        ),
        (
            connection("127.0.0.1:3000", "127.0.0.1:40000", state=TcpState.FIN_WAIT2),
            "(closing)",
        ),
    ],
)
def test_an_end_without_a_process_says_why(peer: Socket | None, who: str) -> None:
    near = connection("127.0.0.1:40000", "127.0.0.1:3000", held_by=[CURL])
    taken = snapshot(*filter(None, (near, peer)))
    assert pair_table(loopback_pairs(taken)).endswith(f"127.0.0.1:3000  {who}")


def test_a_socket_connected_to_itself_says_so() -> None:
    itself = connection("127.0.0.1:40000", "127.0.0.1:40000", held_by=[CURL])
    (_, line) = pair_table(loopback_pairs(snapshot(itself))).split("\n")
    assert line == "127.0.0.1:40000  curl 20  --  127.0.0.1:40000  (itself)"


def document(taken: Snapshot, *sockets: Socket) -> dict[str, Json]:
    read: Json = json.loads(snapshot_json(taken, sockets))
    assert isinstance(read, dict)
    return read


def one(each: Socket) -> dict[str, Json]:
    found = document(snapshot(each), each)["sockets"]
    assert isinstance(found, list)
    assert len(found) == 1
    assert isinstance(found[0], dict)
    return found[0]


def test_the_snapshot() -> None:
    problems = [Problem("/proc/net/tcp6", "cannot be read"), Problem("psutil", "names one")]
    taken = snapshot(listener("::", 80), elevated=True, hidden=3, problems=problems)
    assert document(taken) == {
        "version": 1,
        "taken_at": "2026-01-02T03:04:05.678Z",
        "duration_ms": 12.346,
        "coverage": {"elevated": True, "hidden_holders": 3, "pids_match": True},
        "problems": ["/proc/net/tcp6: cannot be read", "psutil: names one"],
        "sockets": [],
    }


@pytest.mark.parametrize(
    "taken_at",
    [
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    ],
)
def test_the_time_is_utc_in_iso_8601(taken_at: datetime) -> None:
    written = document(snapshot(taken_at=taken_at.timestamp()))["taken_at"]
    assert isinstance(written, str)
    assert written.endswith("Z")
    assert datetime.fromisoformat(written) == taken_at


def test_a_listener() -> None:
    assert one(listener("127.0.0.1", 3000, held_by=[SERVER], user="root")) == {
        "protocol": "tcp",
        "family": "ipv4",
        "state": "LISTEN",
        "local": {"address": "127.0.0.1", "port": 3000},
        "remote": None,
        "uid": uid_of("root"),
        "user": "root",
        "ownership": "known",
        "exposure": "loopback",
        "holders": [
            {
                "pid": 4213,
                "name": "node",
                "user": "ana",
                "cmdline": ["node", "server.js"],
                "create_time": 1767323045.678,
            }
        ],
    }


def test_a_bound_udp_socket_has_no_state_and_no_remote_end() -> None:
    assert one(udp("::", 5353, user="avahi")) == {
        "protocol": "udp",
        "family": "ipv6",
        "state": None,
        "local": {"address": "::", "port": 5353},
        "remote": None,
        "uid": uid_of("avahi"),
        "user": "avahi",
        "ownership": "hidden",
        "exposure": "all_interfaces",
        "holders": [],
    }


def test_a_connection_that_the_kernel_closes() -> None:
    local, remote = "[::ffff:10.0.0.7]:3000", "[fe80::1%eth0]:40000"
    assert one(connection(local, remote, state=TcpState.TIME_WAIT)) == {
        "protocol": "tcp",
        "family": "ipv6",
        "state": "TIME_WAIT",
        "local": {"address": "::ffff:10.0.0.7", "port": 3000},
        "remote": {"address": "fe80::1%eth0", "port": 40000},
        "uid": None,
        "user": None,
        "ownership": "kernel",
        "exposure": "one_interface",
        "holders": [],
    }


@pytest.mark.parametrize(
    ("state", "spelled"),
    [
        (TcpState.ESTABLISHED, "ESTABLISHED"),
        (TcpState.SYN_SENT, "SYN_SENT"),
        (TcpState.SYN_RECV, "SYN_RECV"),
        (TcpState.FIN_WAIT1, "FIN_WAIT1"),
        (TcpState.FIN_WAIT2, "FIN_WAIT2"),
        (TcpState.TIME_WAIT, "TIME_WAIT"),
        (TcpState.CLOSE, "CLOSE"),
        (TcpState.CLOSE_WAIT, "CLOSE_WAIT"),
        (TcpState.LAST_ACK, "LAST_ACK"),
        (TcpState.LISTEN, "LISTEN"),
        (TcpState.CLOSING, "CLOSING"),
        (TcpState.DELETE_TCB, "DELETE_TCB"),
    ],
)
def test_states_are_spelled_as_psutil_does(state: TcpState, spelled: str) -> None:
    assert one(connection("127.0.0.1:1", "127.0.0.1:2", state=state))["state"] == spelled


@pytest.mark.parametrize(
    ("ownership", "spelled"),
    [(Ownership.HIDDEN, "hidden"), (Ownership.KERNEL, "kernel")],
)
def test_why_a_socket_has_no_holders(ownership: Ownership, spelled: str) -> None:
    each = connection("127.0.0.1:1", "127.0.0.1:2", ownership=ownership)
    assert one(each)["ownership"] == spelled


def test_all_holders_are_there_in_their_order() -> None:
    shared = listener("::", 80, held_by=[process(2, user=None), process(1)])
    holders = one(shared)["holders"]
    assert isinstance(holders, list)
    assert [holder["pid"] for holder in holders if isinstance(holder, dict)] == [2, 1]
    assert isinstance(holders[0], dict)
    assert holders[0]["user"] is None
    assert holders[0]["cmdline"] == []


@pytest.mark.parametrize(
    "hostile",
    [
        'quote " and \\ backslash',
        "[/red]",
        "日本語 🦀",
        "\n\t\r\x00\x1b[31m\x7f",
        "\u2028\u2029\u202e",
        '"}]}',
        "",
        "NaN",
    ],
)
def test_hostile_names_come_through_valid_json(hostile: str) -> None:
    evil = process(1, hostile, user=hostile, cmdline=(hostile, ""))
    each = listener("127.0.0.1", 80, held_by=[evil], user=hostile)
    written = snapshot_json(snapshot(each), [each])
    assert "\n" not in written
    assert not any(ord(character) < 0x20 for character in written)
    read = one(each)
    assert read["user"] == hostile
    (holder,) = read["holders"] if isinstance(read["holders"], list) else []
    assert isinstance(holder, dict)
    assert (holder["name"], holder["user"]) == (hostile, hostile)
    assert holder["cmdline"] == [hostile, ""]


def test_only_the_chosen_sockets_are_written_in_their_order() -> None:
    first, second, third = (listener("127.0.0.1", port) for port in (3, 1, 2))
    found = document(snapshot(first, second, third), second, first)["sockets"]
    assert isinstance(found, list)
    ports = [each["local"] for each in found if isinstance(each, dict)]
    assert ports == [{"address": "127.0.0.1", "port": 1}, {"address": "127.0.0.1", "port": 3}]


def test_no_sockets_are_an_empty_list() -> None:
    assert document(snapshot())["sockets"] == []
