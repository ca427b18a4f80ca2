"""The JSON that is promised to stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from porttui.cli.fields import Json
from porttui.cli.json_output import snapshot_json
from porttui.model.snapshot import Problem, Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from tests.making import connection, listener, process, snapshot, udp, uid_of

NODE = process(4213, "node", user="ana", cmdline=("node", "server.js"), age_s=0.0)


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
    assert one(listener("127.0.0.1", 3000, held_by=[NODE], user="root")) == {
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
