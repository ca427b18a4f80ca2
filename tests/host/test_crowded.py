"""A crowded machine: TIME_WAIT asked for by itself, and holders looked for beside the sockets."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from porttui.host.asking import Want
from porttui.host.linux import descriptor_scan, diag_reader
from porttui.host.linux.diag_reader import SockDiagReader
from porttui.host.linux.sock_diag import Answer
from porttui.host.linux.source import LinuxSource
from porttui.host.linux.tables import Tables
from porttui.model.socket import Ownership, TcpState
from porttui.model.socket_table import SocketTable
from tests.host.looking import leave_time_wait

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux'")


def crowded() -> bool:
    return True


def empty() -> bool:
    return False


def ends(table: SocketTable) -> Counter[tuple[str, str, TcpState | None]]:
    return Counter((str(each.local), str(each.remote), each.state) for each in table)


@pytest.mark.parametrize(
    ("told", "is_crowd"),
    [
        ("TCP: inuse 5 orphan 0 tw 0 alloc 90000 mem 1", False),
        ("TCP: inuse 5 orphan 0 tw 1 alloc 90000 mem 1", True),
        ("TCP: inuse 5 orphan 0 tw 19000 alloc 999 mem 1", False),
        ("TCP: inuse 5 orphan 0 tw 19001 alloc 1000 mem 1", True),
        ("TCP: inuse many orphan 0 tw 19001 alloc 1000 mem 1", False),
        ("TCP: inuse 5", False),
        ("", False),
    ],
)
def test_what_makes_a_crowd(tmp_path: Path, told: str, is_crowd: bool) -> None:
    path = tmp_path / "sockstat"
    path.write_text(f"sockets: used 7\n{told}\nUDP: inuse 0 mem 0\n")
    assert diag_reader._is_crowded(str(path)) == is_crowd


def test_without_the_counts_nothing_is_a_crowd(tmp_path: Path) -> None:
    assert not diag_reader._is_crowded(str(tmp_path / "nothing"))


def test_both_ways_list_the_same() -> None:
    _, port = leave_time_wait()
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        socket.create_connection(server.getsockname()),
    ):
        one, other = (
            ends(SockDiagReader(way).read(Want.ALL).build(None)) for way in (crowded, empty)
        )
    own = {key for key in one if f"127.0.0.1:{port}" in key}
    assert {state for *_, state in own} == {
        TcpState.TIME_WAIT,
        TcpState.LISTEN,
        TcpState.ESTABLISHED,
    }
    assert {key: one[key] for key in own} == {key: other[key] for key in own}


def test_a_socket_that_goes_into_time_wait_meanwhile_is_listed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is made to do so between the two questions."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        clients = [socket.create_connection(server.getsockname()) for _ in range(8)]
        accepted = [server.accept()[0] for _ in clients]
        own = {each.getsockname()[1] for each in clients}
        reader = SockDiagReader(crowded)
        ask = reader._diag.ask_tcp

        def ask_and_close(states: int, ports: range) -> Answer:
            answer = ask(states, ports)
            for each in (*clients[:5], *accepted[:5]):
                each.close()
            return answer

        monkeypatch.setattr(reader._diag, "ask_tcp", ask_and_close)
        table = reader.read(Want.ALL).build(None)
        port = server.getsockname()[1]
        of_clients = [
            each
            for each in table
            if each.local.port in own and each.remote and each.remote.port == port
        ]
        assert len({each.local for each in of_clients}) == len(of_clients) == 8
        states = Counter(each.state for each in of_clients)
        assert states == {TcpState.TIME_WAIT: 5, TcpState.ESTABLISHED: 3}
        for each in (*clients, *accepted):
            each.close()


def test_connections_that_come_and_go_are_never_listed_twice() -> None:
    done = threading.Event()

    def come_and_go(server: socket.socket) -> None:
        while not done.is_set():
            with socket.create_connection(server.getsockname()):
                server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=come_and_go, args=(server,))
        thread.start()
        try:
            reader = SockDiagReader(crowded)
            for _ in range(40):
                table = reader.read(Want.ALL).build(None)
                pairs = Counter((each.local, each.remote) for each in table if each.remote)
                assert max(pairs.values(), default=1) == 1
        finally:
            done.set()
            thread.join()


def test_who_holds_them_is_not_told_where_only_ports_are_wanted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        with client:
            found = LinuxSource(SockDiagReader()).read(Want.PORTS).sockets
            on_port = [each for each in found if each.local.port == port]
            assert Counter((each.state, each.ownership) for each in on_port) == {
                (TcpState.LISTEN, Ownership.UNASKED): 1,
                # It waits to be accepted: nobody can have it yet.
                (TcpState.ESTABLISHED, Ownership.KERNEL): 1,
            }
            assert not any(each.holders for each in found)


class Counting:
    """A reader that counts how often it reads."""

    name = "counting"

    def __init__(self) -> None:
        self._reader = SockDiagReader()
        self.reads = 0

    def read(self, want: Want, ports: range) -> Tables:
        self.reads += 1
        return self._reader.read(want, ports)


def test_what_nobody_can_be_found_for_is_looked_at_twice_and_then_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fake: sockets of another PID namespace have no process that is seen here."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        monkeypatch.setattr(
            "porttui.host.linux.holder_cache.held_sockets", lambda *_: dict[int, str]()
        )
        monkeypatch.setattr(
            "porttui.host.linux.holder_cache.OwnDescriptors.sockets", lambda *_: dict[int, str]()
        )
        reader = Counting()
        source = LinuxSource(reader)
        for expected in (3, 4, 5):
            [found] = [each for each in source.read().sockets if each.inode == inode]
            assert found.ownership is Ownership.HIDDEN
            assert reader.reads == expected
        assert source.read(Want.LISTENING).sockets
        assert reader.reads == 6


def test_a_socket_that_was_opened_meanwhile_has_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Opened when descriptors had been read, and before the sockets were."""
    monkeypatch.setattr(descriptor_scan, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    source = LinuxSource(SockDiagReader(), once=True)
    source.begin()
    under_way = source._cache._under_way
    assert under_way is not None
    before = under_way.result()
    monkeypatch.setattr(under_way, "result", lambda: before)
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        assert inode not in before[os.getpid()].sockets
        [found] = [each for each in source.read().sockets if each.inode == inode]
        assert [each.pid for each in found.holders] == [os.getpid()]
