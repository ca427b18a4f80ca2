"""The source of Linux: real sockets and their holders."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Set

import pytest

from porttui.host.linux.owners import HolderCache, Holders
from porttui.host.linux.processes import read_process
from porttui.host.linux.socket_dump import SocketDump
from porttui.host.request import SocketRequest
from porttui.model.address import Address, Endpoint, Family, Protocol
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket, TcpState
from tests.host import socket_queries
from tests.host.socket_queries import (
    is_accepted,
    leave_time_wait,
    listener,
    open_socket_on,
    pids_of,
    rows_on,
    sockets_between,
    sockets_on,
    states_between,
)
from tests.servers import PATIENCE_S, Servers, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")


@pytest.fixture(autouse=True, params=["sock_diag", "/proc/net"])
def _each_source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    way: str = request.param
    monkeypatch.setattr(socket_queries, "reads_netlink", way != "/proc/net")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_a_listener_is_listed_with_its_address_and_its_process(
    servers: Servers, address: str
) -> None:
    server = servers.listen(address)
    found = open_socket_on(server.port)
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
    found = open_socket_on(server.port)
    assert (found.protocol, found.state, found.remote) == (Protocol.UDP, None, None)
    assert found.local == Endpoint(Address.parse(address), server.port)
    assert found.is_listening
    assert pids_of(found) == (server.pid,)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connected_udp_socket_has_a_remote_end(servers: Servers, address: str) -> None:
    server = servers.start({"sockets": [{"protocol": "udp", "address": address}]})
    peer = (address, server.port)
    client = servers.start({"sockets": [{"protocol": "udp", "address": address, "peer": peer}]})
    found = open_socket_on(client.port)
    assert found.remote == Endpoint.of(*peer)
    assert found.state is None
    assert not found.is_listening
    assert pids_of(found) == (client.pid,)


def test_a_listener_shared_by_forks_is_one_socket_with_all_of_them(servers: Servers) -> None:
    server = servers.start({"sockets": [{}], "forks": 2})
    assert len(server.pids) == 3
    assert pids_of(open_socket_on(server.port)) == tuple(sorted(server.pids))


def test_twins_by_so_reuseport_are_two_sockets(servers: Servers) -> None:
    first = servers.start({"sockets": [{"reuse_port": True}]})
    second = servers.start({"sockets": [{"reuse_port": True, "port": first.port}]})
    twins = sockets_on(first.port)
    assert sorted(map(pids_of, twins)) == sorted([(first.pid,), (second.pid,)])
    assert len({listed.inode for listed in twins}) == 2


def test_a_process_that_inherited_the_listener_holds_it(servers: Servers) -> None:
    with listener() as (made, port):
        sleeper = servers.run(["sleep", "600"], pass_fds=[made.fileno()])
        assert pids_of(open_socket_on(port)) == tuple(sorted((os.getpid(), sleeper.pid)))
    # Its creator closed it: a process that does not know of it still holds the port.
    found = open_socket_on(port)
    assert pids_of(found) == (sleeper.pid,)
    until(lambda: open_socket_on(port).holders[0].name == "sleep", "execve of sleep")


def test_two_descriptors_of_one_process_are_one_holder() -> None:
    with listener() as (made, port), made.dup():
        assert pids_of(open_socket_on(port)) == (os.getpid(),)


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
    near, far = open_socket_on(client.port), _accepted(server.port)
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
    assert pids_of(open_socket_on(client.port)) == (client.pid,)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_time_wait_is_the_kernels_and_nobodys_user(address: str) -> None:
    [left] = sockets_between(address, *leave_time_wait(address))
    assert left.state is TcpState.TIME_WAIT
    assert left.ownership is Ownership.KERNEL
    # The kernel prints 0 there, which does not mean root.
    assert (left.holders, left.uid, left.user) == ((), None, None)


def test_half_closed_ends_have_their_states_and_holders() -> None:
    with listener() as (made, port), socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = made.accept()
        accepted.close()
        own = client.getsockname()[1]
        client_end = ("127.0.0.1", own, port)
        server_end = ("127.0.0.1", port, own)
        until(lambda: states_between(*server_end) == {TcpState.FIN_WAIT2}, "FIN_WAIT2")
        until(lambda: states_between(*client_end) == {TcpState.CLOSE_WAIT}, "CLOSE_WAIT")
        [near], [far] = sockets_between(*client_end), sockets_between(*server_end)
        assert pids_of(near) == (os.getpid(),)
        assert (far.ownership, far.holders) == (Ownership.KERNEL, ())


def test_a_held_socket_that_no_process_shows_is_hidden() -> None:
    """A descriptor in transit between two processes is in neither (unix(7))."""
    way_in, way_out = socket.socketpair()
    with way_in, way_out, listener() as (made, port):
        socket.send_fds(way_in, [b"x"], [made.fileno()])
        made.close()
        found = open_socket_on(port)
        assert found.ownership is Ownership.HIDDEN
        assert (found.holders, found.uid) == ((), os.geteuid())
        assert found.user is not None
        _, [received], _, _ = socket.recv_fds(way_out, 1, 1)
        with socket.socket(fileno=received):
            assert open_socket_on(port).ownership is Ownership.KNOWN


def test_a_socket_closed_before_its_holder_is_looked_up_is_listed_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kernel listed it: its holder is unknown, but not hidden."""
    with listener() as (closing, port), listener() as (staying, _):
        inode = os.fstat(closing.fileno()).st_ino
        read_holders = HolderCache.read

        def close_then_look(cache: HolderCache, asked: Set[int] | None) -> Holders:
            closing.close()
            return read_holders(cache, asked)

        monkeypatch.setattr(HolderCache, "read", close_then_look)
        sockets = {listed.inode: listed for listed in socket_queries.source().read().sockets}
        assert pids_of(sockets[os.fstat(staying.fileno()).st_ino]) == (os.getpid(),)
    closed = sockets[inode]
    assert (closed.ownership, closed.holders, closed.uid) == (Ownership.GONE, (), os.geteuid())
    assert (closed.state, closed.local.port) == (TcpState.LISTEN, port)


def test_a_socket_opened_while_holders_are_looked_up_has_its_holder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is missed once: its holder got it after it was read."""
    with listener() as (made, _):
        inode = os.fstat(made.fileno()).st_ino
        read_holders, reads = HolderCache.read, [0]

        def miss_once(cache: HolderCache, asked: Set[int] | None) -> Holders:
            reads[0] += 1
            holders = read_holders(cache, asked)
            if reads[0] > 1:
                return holders
            set_by_inode = {
                number: group for number, group in holders.set_by_inode.items() if number != inode
            }
            return holders._replace(set_by_inode=set_by_inode)

        monkeypatch.setattr(HolderCache, "read", miss_once)
        sockets = {listed.inode: listed for listed in socket_queries.source().read().sockets}
    assert reads == [2]
    assert pids_of(sockets[inode]) == (os.getpid(),)


def test_no_step_after_the_dump_removes_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """While connections come and go: the first dump is what is listed."""
    done = threading.Event()

    def open_and_close(server: socket.socket) -> None:
        while not done.is_set():
            with socket.create_connection(server.getsockname()):
                server.accept()[0].close()

    source = socket_queries.source()
    read, dumps = source._read, list[SocketDump]()

    def keep(request: SocketRequest, ports: range) -> SocketDump:
        dumps.append(read(request, ports))
        return dumps[-1]

    monkeypatch.setattr(source, "_read", keep)
    with listener() as (server, _):
        thread = threading.Thread(target=open_and_close, args=(server,))
        thread.start()
        try:
            for request in (
                *[SocketRequest.ALL] * 20,
                SocketRequest.LISTENING,
                SocketRequest.LISTENING_REFRESH,
                SocketRequest.WITHOUT_HOLDERS,
            ):
                dumps.clear()
                listed = [_facts(listed) for listed in source.read(request).sockets]
                assert listed == [_facts(listed) for listed in dumps[0].build(None)]
        finally:
            done.set()
            thread.join()


def _facts(listed: Socket) -> tuple[object, ...]:
    return listed.protocol, listed.state, listed.local, listed.remote, listed.inode, listed.uid


def test_a_process_gone_between_the_two_looks_leaves_its_siblings(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = servers.start({"sockets": [{}], "forks": 1})
    ended_pid = server.pids[0]

    def read_unless_ended(pid: int) -> Process | None:
        if pid == ended_pid:
            server.end()
            return None
        return read_process(pid)

    monkeypatch.setattr("porttui.host.linux.owners.read_process", read_unless_ended)
    found = open_socket_on(server.port)
    assert pids_of(found) == (server.pids[1],)
    assert found.ownership is Ownership.KNOWN


def test_only_netlink_lists_a_bound_socket_that_does_not_listen(servers: Servers) -> None:
    """/proc/net leaves it out: there the bind probe finds it (facts.md, 2.2)."""
    server = servers.start({"sockets": [{"listens": False}]})
    found = [(listed.state, pids_of(listed)) for listed in sockets_on(server.port)]
    assert found == ([(TcpState.CLOSE, (server.pid,))] if socket_queries.reads_netlink else [])


@pytest.mark.parametrize("v6only", [True, False])
def test_only_netlink_tells_whether_a_listener_takes_ipv4(servers: Servers, v6only: bool) -> None:
    server = servers.start({"sockets": [{"address": "::", "v6only": v6only}]})
    reported = open_socket_on(server.port).v6only
    assert reported is (v6only if socket_queries.reads_netlink else None)


def test_it_tells_how_long_time_wait_lasts() -> None:
    [left] = sockets_between("127.0.0.1", *leave_time_wait())
    assert left.expires_ms is not None
    assert 60_000 - PATIENCE_S * 1000 < left.expires_ms <= 60_000


def test_only_netlink_tells_the_queues_of_a_listener() -> None:
    with listener() as (_, port), socket.create_connection(("127.0.0.1", port)):
        [waiting] = [listed for listed in sockets_on(port) if listed.state is TcpState.LISTEN]
        if socket_queries.reads_netlink:
            assert waiting.recv_queue == 1
            assert waiting.send_queue > 0
        else:
            assert (waiting.recv_queue, waiting.send_queue) == (0, 0)


def _accepted(port: int) -> Socket:
    [found] = [listed for listed in rows_on(port) if listed.state is TcpState.ESTABLISHED]
    return found
