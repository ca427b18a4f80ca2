"""The source for Linux: real sockets of real processes, and who holds them."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Set

import pytest

from porttui.host.asking import Want
from porttui.host.linux.owners import HolderCache, Holders
from porttui.host.linux.processes import ProcessText, read_text
from porttui.host.linux.socket_dump import SocketDump
from porttui.model.address import Address, Endpoint, Family, Protocol
from porttui.model.socket import Ownership, Socket, TcpState
from tests.host import looking
from tests.host.looking import (
    ends_between,
    is_accepted,
    leave_time_wait,
    listener,
    pids_of,
    rows_on,
    sockets_on,
    states_left,
    the_socket_on,
)
from tests.servers import PATIENCE_S, Servers, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")


@pytest.fixture(autouse=True, params=["sock_diag", "/proc/net"])
def _each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    way: str = request.param
    monkeypatch.setattr(looking, "reads_netlink", way != "/proc/net")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_a_listener_is_listed_with_its_address_and_its_process(
    servers: Servers, address: str
) -> None:
    server = servers.listen(address)
    found = the_socket_on(server.port)
    assert found.local == Endpoint(Address.parse(address), server.port)
    assert found.protocol is Protocol.TCP
    assert found.family is (Family.IPV6 if ":" in address else Family.IPV4)
    assert found.state is TcpState.LISTEN
    assert found.remote is None
    assert found.is_listening
    assert pids_of(found) == (server.pid,)
    assert found.ownership is Ownership.KNOWN
    assert found.uid == os.geteuid()
    assert found.user == found.holders[0].user


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_a_bound_udp_socket_is_listed_without_a_state(servers: Servers, address: str) -> None:
    server = servers.start({"sockets": [{"protocol": "udp", "address": address}]})
    found = the_socket_on(server.port)
    assert (found.protocol, found.state, found.remote) == (Protocol.UDP, None, None)
    assert found.local == Endpoint(Address.parse(address), server.port)
    assert found.is_listening
    assert pids_of(found) == (server.pid,)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connected_udp_socket_has_a_remote_end(servers: Servers, address: str) -> None:
    server = servers.start({"sockets": [{"protocol": "udp", "address": address}]})
    peer = (address, server.port)
    client = servers.start({"sockets": [{"protocol": "udp", "address": address, "peer": peer}]})
    found = the_socket_on(client.port)
    assert found.remote == Endpoint.of(*peer)
    assert found.state is None
    assert not found.is_listening
    assert pids_of(found) == (client.pid,)


def test_a_listener_shared_by_forks_is_one_socket_with_all_of_them(servers: Servers) -> None:
    server = servers.start({"sockets": [{}], "forks": 2})
    assert len(server.pids) == 3
    assert pids_of(the_socket_on(server.port)) == tuple(sorted(server.pids))


def test_twins_by_so_reuseport_are_two_sockets(servers: Servers) -> None:
    first = servers.start({"sockets": [{"reuse_port": True}]})
    second = servers.start({"sockets": [{"reuse_port": True, "port": first.port}]})
    found = sockets_on(first.port)
    assert sorted(map(pids_of, found)) == sorted([(first.pid,), (second.pid,)])
    assert len({each.inode for each in found}) == 2


def test_a_process_that_inherited_the_listener_holds_it(servers: Servers) -> None:
    with listener() as (made, port):
        sleeper = servers.run(["sleep", "600"], pass_fds=[made.fileno()])
        assert pids_of(the_socket_on(port)) == tuple(sorted((os.getpid(), sleeper.pid)))
    # Its maker let go of it: the port is still held, by a process that knows nothing of it.
    found = the_socket_on(port)
    assert pids_of(found) == (sleeper.pid,)
    until(lambda: the_socket_on(port).holders[0].name == "sleep", "execve of sleep")


def test_two_descriptors_of_one_process_are_one_holder() -> None:
    with listener() as (made, port), made.dup():
        assert pids_of(the_socket_on(port)) == (os.getpid(),)


@pytest.mark.parametrize(
    ("served", "dialled", "client_spelled", "server_spelled"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"),
        ("::1", "::1", "::1", "::1"),
        ("::", "::1", "::1", "::1"),
        ("::", "127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_both_ends_of_a_connection_have_their_processes(
    servers: Servers, served: str, dialled: str, client_spelled: str, server_spelled: str
) -> None:
    server = servers.start({"sockets": [{"address": served}], "accepts": True})
    client = servers.connect((dialled, server.port))
    until(lambda: is_accepted(server.port), "accept")
    near, far = the_socket_on(client.port), _accepted(server.port)
    assert (near.state, far.state) == (TcpState.ESTABLISHED, TcpState.ESTABLISHED)
    assert near.local == Endpoint.of(client_spelled, client.port)
    assert far.local == Endpoint.of(server_spelled, server.port)
    assert near.remote is not None
    assert far.remote is not None
    assert near.remote.peer_key == far.local.peer_key
    assert far.remote.peer_key == near.local.peer_key
    assert (pids_of(near), pids_of(far)) == ((client.pid,), (server.pid,))


def test_a_connection_not_accepted_yet_is_the_kernels(servers: Servers) -> None:
    server = servers.listen()
    client = servers.connect(("127.0.0.1", server.port))
    waiting = _accepted(server.port)
    assert waiting.state is TcpState.ESTABLISHED
    assert waiting.ownership is Ownership.KERNEL
    assert (waiting.holders, waiting.uid, waiting.user, waiting.inode) == ((), None, None, 0)
    assert pids_of(the_socket_on(client.port)) == (client.pid,)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_time_wait_is_the_kernels_and_nobodys_user(address: str) -> None:
    [left] = ends_between(address, *leave_time_wait(address))
    assert left.state is TcpState.TIME_WAIT
    assert left.ownership is Ownership.KERNEL
    # The kernel prints 0 there: that is not root's.
    assert (left.holders, left.uid, left.user) == ((), None, None)


def test_half_closed_ends_have_their_states_and_holders() -> None:
    with listener() as (made, port), socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = made.accept()
        accepted.close()
        own = client.getsockname()[1]
        here = ("127.0.0.1", own, port)
        there = ("127.0.0.1", port, own)
        until(lambda: states_left(*there) == {TcpState.FIN_WAIT2}, "FIN_WAIT2")
        until(lambda: states_left(*here) == {TcpState.CLOSE_WAIT}, "CLOSE_WAIT")
        [near], [far] = ends_between(*here), ends_between(*there)
        assert pids_of(near) == (os.getpid(),)
        assert (far.ownership, far.holders) == (Ownership.KERNEL, ())


def test_a_held_socket_that_no_process_shows_is_hidden() -> None:
    """A descriptor on its way between two processes is in neither of them (unix(7))."""
    way_in, way_out = socket.socketpair()
    with way_in, way_out, listener() as (made, port):
        socket.send_fds(way_in, [b"x"], [made.fileno()])
        made.close()
        found = the_socket_on(port)
        assert found.ownership is Ownership.HIDDEN
        assert (found.holders, found.uid) == ((), os.geteuid())
        assert found.user is not None
        _, [received], _, _ = socket.recv_fds(way_out, 1, 1)
        with socket.socket(fileno=received):
            assert the_socket_on(port).ownership is Ownership.KNOWN


def test_a_socket_closed_before_its_holder_is_looked_up_is_listed_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kernel listed it: only its owner is not known, and nobody is said to hide it."""
    with listener() as (closing, port), listener() as (staying, _):
        inode = os.fstat(closing.fileno()).st_ino
        look = HolderCache.read

        def close_then_look(cache: HolderCache, asked: Set[int] | None) -> Holders:
            closing.close()
            return look(cache, asked)

        monkeypatch.setattr(HolderCache, "read", close_then_look)
        seen = {each.inode: each for each in looking.source().read().sockets}
        assert pids_of(seen[os.fstat(staying.fileno()).st_ino]) == (os.getpid(),)
    gone = seen[inode]
    assert (gone.ownership, gone.holders, gone.uid) == (Ownership.GONE, (), os.geteuid())
    assert (gone.state, gone.local.port) == (TcpState.LISTEN, port)


def test_a_socket_opened_while_holders_are_looked_up_has_its_holder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is missed once: its holder got it when it had been read."""
    with listener() as (made, _):
        inode = os.fstat(made.fileno()).st_ino
        look, looks = HolderCache.read, [0]

        def miss_once(cache: HolderCache, asked: Set[int] | None) -> Holders:
            looks[0] += 1
            found = look(cache, asked)
            if looks[0] > 1:
                return found
            set_of = {each: group for each, group in found.set_of.items() if each != inode}
            return found._replace(set_of=set_of)

        monkeypatch.setattr(HolderCache, "read", miss_once)
        seen = {each.inode: each for each in looking.source().read().sockets}
    assert looks == [2]
    assert pids_of(seen[inode]) == (os.getpid(),)


def test_no_step_after_the_dump_removes_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """While connections come and go: what the kernel told first is what is listed."""
    done = threading.Event()

    def come_and_go(server: socket.socket) -> None:
        while not done.is_set():
            with socket.create_connection(server.getsockname()):
                server.accept()[0].close()

    source = looking.source()
    read, dumps = source._read, list[SocketDump]()

    def keep(want: Want, ports: range) -> SocketDump:
        dumps.append(read(want, ports))
        return dumps[-1]

    monkeypatch.setattr(source, "_read", keep)
    with listener() as (server, _):
        thread = threading.Thread(target=come_and_go, args=(server,))
        thread.start()
        try:
            for want in (*[Want.ALL] * 20, Want.LISTENING, Want.LISTENING_AGAIN, Want.PORTS):
                dumps.clear()
                listed = [_facts(each) for each in source.read(want).sockets]
                assert listed == [_facts(each) for each in dumps[0].build(None)]
        finally:
            done.set()
            thread.join()


def _facts(each: Socket) -> tuple[object, ...]:
    return each.protocol, each.state, each.local, each.remote, each.inode, each.uid


def test_a_process_gone_between_the_two_looks_leaves_its_siblings(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = servers.start({"sockets": [{}], "forks": 1})
    gone = server.pids[0]

    def look_but_for_the_gone(pid: int) -> ProcessText | None:
        if pid == gone:
            server.end()
            return None
        return read_text(pid)

    monkeypatch.setattr("porttui.host.linux.owners.read_text", look_but_for_the_gone)
    found = the_socket_on(server.port)
    assert pids_of(found) == (server.pids[1],)
    assert found.ownership is Ownership.KNOWN


def test_only_netlink_lists_a_bound_socket_that_does_not_listen(servers: Servers) -> None:
    """/proc/net leaves it out: there the bind probe is what tells (facts.md, 2.2)."""
    server = servers.start({"sockets": [{"listens": False}]})
    found = [(each.state, pids_of(each)) for each in sockets_on(server.port)]
    assert found == ([(TcpState.CLOSE, (server.pid,))] if looking.reads_netlink else [])


@pytest.mark.parametrize("v6only", [True, False])
def test_only_netlink_tells_whether_a_listener_takes_ipv4(servers: Servers, v6only: bool) -> None:
    server = servers.start({"sockets": [{"address": "::", "v6only": v6only}]})
    told = the_socket_on(server.port).v6only
    assert told is (v6only if looking.reads_netlink else None)


def test_it_tells_how_long_time_wait_lasts() -> None:
    [left] = ends_between("127.0.0.1", *leave_time_wait())
    assert left.expires_ms is not None
    assert 60_000 - PATIENCE_S * 1000 < left.expires_ms <= 60_000


def test_only_netlink_tells_the_queues_of_a_listener() -> None:
    with listener() as (_, port), socket.create_connection(("127.0.0.1", port)):
        [waiting] = [each for each in sockets_on(port) if each.state is TcpState.LISTEN]
        if looking.reads_netlink:
            assert waiting.recv_queue == 1
            assert waiting.send_queue > 0
        else:
            assert (waiting.recv_queue, waiting.send_queue) == (0, 0)


def _accepted(port: int) -> Socket:
    [found] = [each for each in rows_on(port) if each.state is TcpState.ESTABLISHED]
    return found
