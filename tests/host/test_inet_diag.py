"""Netlink: answers of the kernel, and invalid answers."""

from __future__ import annotations

import errno
import os
import random
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from porttui.host.linux.inet_diag import (
    ALL_STATES,
    LISTENING,
    InetDiagColumns,
    InetDiagDump,
    SockDiag,
)
from porttui.host.linux.netlink import HEADER, INET_DIAG_MSG_BYTES, MIN_MESSAGE_BYTES, SockDiagError
from porttui.host.linux.socket_dump import SockDiagReader
from porttui.host.request import SocketRequest
from porttui.model.address import Family, Protocol
from porttui.model.socket_table import ESTABLISHED, LISTEN, TIME_WAIT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux'")

SOCKET, OF_BOTH_FAMILIES, ERROR, DONE = 20, 18, 2, 3
INTERRUPTED = 0x10

FIVE_PORTS = range(2701, 2706)
"""And the two behind them: no service that runs beside tests is registered for them."""


def message(body: bytes, *, kind: int = SOCKET, flags: int = 2, sequence: int = 1) -> bytes:
    """One netlink message, padded."""
    length = HEADER.size + len(body)
    return HEADER.pack(length, kind, flags, sequence, 0) + body + bytes(-length % 4)


def a_socket(
    *, family: int = socket.AF_INET, state: int = LISTEN, port: int = 80, inode: int = 7
) -> bytes:
    """A struct inet_diag_msg at 127.0.0.1 or ::1."""
    v6 = family == socket.AF_INET6
    address = (bytes(15) + b"\1") if v6 else b"\x7f\0\0\1" + bytes(12)
    return struct.pack(
        "=BBBBHH16s16sI8sIIIII",
        family, state, 0, 0, socket.htons(port), 0, address, bytes(16), 0, bytes(8),
        0, 0, 128, 1000, inode,
    )  # fmt: skip


def attribute(kind: int, value: bytes) -> bytes:
    """A struct rtattr."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


END = struct.pack("=i", 0)


class FakeKernel:
    """A fake netlink socket: a real kernel never sends invalid answers."""

    def __init__(self, *chunks: bytes, flags: int = 0) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._flags = flags
        self.asked = 0

    def send(self, question: bytes) -> int:
        self.asked += 1
        return len(question)

    def recvmsg_into(
        self, buffers: list[memoryview]
    ) -> tuple[int, list[tuple[int, int, bytes]], int, None]:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise TimeoutError
        buffers[0][: len(chunk)] = chunk
        return len(chunk), [], self._flags, None

    def settimeout(self, _seconds: float) -> None:
        pass

    def close(self) -> None:
        pass


def asking(monkeypatch: pytest.MonkeyPatch, kernel: FakeKernel) -> SockDiag:
    """A SockDiag that talks to the fake; its requests count from 1."""
    monkeypatch.setattr(socket, "socket", lambda *_: kernel)
    return SockDiag()


def ask(monkeypatch: pytest.MonkeyPatch, *chunks: bytes, flags: int = 0) -> InetDiagDump:
    """Request TCP over IPv4 once."""
    diag = asking(monkeypatch, FakeKernel(*chunks, flags=flags))
    return diag.dump(Family.IPV4, Protocol.TCP)


def of(family: Family, answer: InetDiagDump) -> InetDiagColumns:
    """The sockets of one family."""
    return answer.columns[family]


def test_a_listener_of_this_process_is_among_the_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, inode = server.getsockname()[1], server.fileno()
        answer = SockDiag().dump(Family.IPV4, Protocol.TCP, LISTENING)
        found = of(Family.IPV4, answer)
        row = list(found.local_ports).index(port)
        assert found.states[row] == LISTEN
        assert found.remote_ports[row] == 0
        assert found.inodes[row] == _inode(inode)


def test_the_kernel_filters_states() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        with client:
            answer = of(Family.IPV4, SockDiag().dump(Family.IPV4, Protocol.TCP, LISTENING))
            assert set(answer.states) == {LISTEN}
            assert client.getsockname()[1] not in answer.local_ports


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("protocol", Protocol)
def test_the_kernel_filters_local_ports(protocol: Protocol, address: str) -> None:
    """Exactly: the first and last port are included, their neighbours are not."""
    version = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    with ExitStack() as open_sockets:
        for port in FIVE_PORTS:
            sock = open_sockets.enter_context(socket.socket(version, kind))
            sock.bind((address, port))
        family = Family.IPV6 if ":" in address else Family.IPV4
        some = SockDiag().dump(family, protocol, ports=FIVE_PORTS[1:4])
        assert sorted(of(family, some).local_ports) == list(FIVE_PORTS[1:4])
        one = SockDiag().dump(family, protocol, ports=FIVE_PORTS[2:3])
        assert list(of(family, one).local_ports) == list(FIVE_PORTS[2:3])
        none = SockDiag().dump(
            family, protocol, ports=range(FIVE_PORTS[-1] + 1, FIVE_PORTS[-1] + 3)
        )
        assert none.columns == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_kernel_filters_the_ports_of_every_state(address: str) -> None:
    version = socket.AF_INET6 if ":" in address else socket.AF_INET
    family = Family.IPV6 if ":" in address else Family.IPV4
    with ExitStack() as open_sockets:
        enter = open_sockets.enter_context
        server = enter(socket.create_server((address, 0), family=version))
        client = enter(socket.create_connection(server.getsockname()[:2]))
        waiting = enter(socket.create_connection(server.getsockname()[:2]))
        idle = enter(socket.socket(version))
        idle.bind((address, 0))
        ports = [sock.getsockname()[1] for sock in (server, client, waiting, idle)]
        for accepted in (server.accept()[0], server.accept()[0]):
            if accepted.getpeername()[1] == ports[2]:
                waiting.close()
                accepted.close()
            else:
                enter(accepted)
        states = []
        for port in ports:
            found = of(family, SockDiag().dump_tcp(ports=range(port, port + 1)))
            assert set(found.local_ports) == {port}
            # Connections of earlier tests may linger on the same port, to other ones.
            ends = zip(found.states, found.remote_ports, strict=True)
            states.append({state for state, remote in ends if remote in (0, *ports)})
        assert states[:3] == [{LISTEN, ESTABLISHED}, {ESTABLISHED}, {TIME_WAIT}]
        assert states[3] <= {7, 13}


def test_a_socket_that_is_bound_and_does_not_listen_is_seen() -> None:
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        found = of(Family.IPV4, SockDiag().dump(Family.IPV4, Protocol.TCP, ALL_STATES))
        row = list(found.local_ports).index(idle.getsockname()[1])
        assert found.states[row] in (7, 13)
        assert found.inodes[row] == _inode(idle.fileno())


@pytest.mark.parametrize("v6only", [True, False])
def test_v6only_is_told(v6only: bool) -> None:
    with socket.socket(socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        server.bind(("::", 0))
        server.listen()
        found = of(Family.IPV6, SockDiag().dump(Family.IPV6, Protocol.TCP))
        assert found.v6only[list(found.local_ports).index(server.getsockname()[1])] is v6only


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("sizes", [(0, 0, 0), (0, 36, 8), (36, 36, 36)])
def test_columns_are_cut_out_of_even_and_uneven_chunks(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...], family: int
) -> None:
    """And continue with the next part, which may be of the other kind."""
    ports = [1, 2, 3, 4, 5, 6]
    sockets = [a_socket(family=family, port=port, inode=port * 1000) for port in ports]
    rest = [attribute(99, bytes(size - 4)) if size else b"" for size in (*sizes, 4, 4, 4)]
    messages = [message(one + more) for one, more in zip(sockets, rest, strict=True)]
    chunks = b"".join(messages[:3]), b"".join(messages[3:])
    [found] = ask(monkeypatch, *chunks, message(END, kind=DONE)).columns.values()
    address = b"\x7f\0\0\1" if family == socket.AF_INET else bytes(15) + b"\1"
    told = [
        address if isinstance(address, bytes) else address.to_bytes(4)
        for address in found.local_addresses
    ]
    assert told == [address] * 6
    assert list(found.remote_addresses) in ([0] * 6, [bytes(16)] * 6)
    assert list(found.local_ports) == ports
    assert list(found.remote_ports) == [0] * 6
    assert found.states == bytes([LISTEN] * 6)
    assert list(found.inodes) == [port * 1000 for port in ports]
    assert list(found.uids) == [1000] * 6
    assert list(found.send_queues) == [128] * 6
    assert list(found.recv_queues) == list(found.expires_ms) == [0] * 6


@pytest.mark.parametrize("more", [b"", attribute(99, b"1234")])
def test_both_families_in_one_answer(monkeypatch: pytest.MonkeyPatch, more: bytes) -> None:
    """Of one length, as in TIME_WAIT, and of several."""
    v6 = a_socket(family=socket.AF_INET6, port=2) + attribute(11, b"\1")
    chunk = message(a_socket(port=1) + attribute(99, b"1")) + message(v6)
    chunk += message(a_socket(port=3) + more)
    found = ask(monkeypatch, chunk, message(END, kind=DONE)).columns
    assert [(family, list(rows.local_ports)) for family, rows in found.items()] == [
        (Family.IPV4, [1, 3]),
        (Family.IPV6, [2]),
    ]
    assert found[Family.IPV6].v6only == {0: True}
    assert found[Family.IPV6].local_addresses == [bytes(15) + b"\1"]
    assert list(found[Family.IPV4].local_addresses) == [0x7F000001] * 2


def test_an_unknown_family_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SockDiagError, match="family 77"):
        ask(monkeypatch, message(a_socket(family=77)), message(END, kind=DONE))


def test_both_families_at_once_are_what_they_are_one_by_one() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as server6,
        socket.create_connection(server.getsockname()),
        socket.socket() as idle,
    ):
        idle.bind(("127.0.0.1", 0))
        diag = SockDiag()
        at_once = diag.dump_tcp().columns
        for family, own in ((Family.IPV4, server), (Family.IPV6, server6)):
            alone = of(family, diag.dump(family, Protocol.TCP))
            assert _rows(at_once[family]) >= _rows(alone) > set()
            assert own.getsockname()[1] in at_once[family].local_ports
        assert idle.getsockname()[1] in at_once[Family.IPV4].local_ports


def _rows(found: InetDiagColumns) -> set[tuple[object, ...]]:
    """What distinguishes sockets of this process."""
    return {
        (
            found.port_pairs[row],
            found.local_addresses[row],
            found.remote_addresses[row],
            found.states[row],
            inode,
        )
        for row, inode in enumerate(found.inodes)
        if inode in _own_inodes()
    }


def _own_inodes() -> set[int]:

    return {int(link.partition("[")[2][:-1]) for link in _links() if link.startswith("socket:[")}


def _links() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue


def test_where_only_one_family_at_a_time_is_permitted_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fake: some sandboxes permit the newer request alone."""

    def refuse(*_: object) -> InetDiagDump:
        raise SockDiagError("netlink sock_diag: EINVAL (Invalid argument)")

    with socket.create_server(("127.0.0.1", 0)) as server:
        reader = SockDiagReader()
        monkeypatch.setattr(SockDiag, "dump_tcp", refuse)
        table = reader.read(SocketRequest.ALL).build(None)
        assert server.getsockname()[1] in table.local_ports


def test_the_end_may_stand_behind_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = message(a_socket()) + message(END, kind=DONE)
    assert of(Family.IPV4, ask(monkeypatch, chunk)).rows == 1


def test_nothing_may_stand_behind_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a part unlike the one before."""
    early = message(a_socket()) + message(END, kind=DONE) + message(a_socket())
    with pytest.raises(SockDiagError, match="after the end"):
        ask(monkeypatch, early, message(END, kind=DONE))


def test_an_interrupted_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    torn = message(a_socket(port=1), flags=2 | INTERRUPTED) + message(END, kind=DONE)
    whole = message(a_socket(port=2), sequence=2) + message(END, kind=DONE, sequence=2)
    answer = ask(monkeypatch, torn, whole)
    assert not answer.is_interrupted
    assert list(of(Family.IPV4, answer).local_ports) == [2]


def test_an_interruption_that_the_end_tells_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel(
        *(
            message(a_socket(), sequence=at)
            + message(END, kind=DONE, flags=INTERRUPTED, sequence=at)
            for at in range(1, 9)
        )
    )
    answer = asking(monkeypatch, kernel).dump(Family.IPV4, Protocol.TCP)
    assert answer.is_interrupted
    assert of(Family.IPV4, answer).rows == 1
    assert 1 < kernel.asked < 9


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        (b"\1\2\3", "cut short"),
        (message(a_socket())[:-4], "impossible length"),
        (message(a_socket())[:-2], "cut short"),
        (message(a_socket()) + b"\1\2\3\4", "cut short"),
        (HEADER.pack(8, SOCKET, 0, 1, 0), "impossible length 8"),
        (HEADER.pack(0, SOCKET, 0, 1, 0), "impossible length 0"),
        (HEADER.pack(0xFFFFFFFF, SOCKET, 0, 1, 0), "impossible length"),
        (message(a_socket()[:40]), "a socket of 56 bytes"),
        (message(a_socket(), sequence=7), "another request"),
        (message(struct.pack("=i", -errno.EPERM), kind=ERROR), "EPERM"),
        (message(struct.pack("=i", -errno.ENOENT), kind=DONE), "ENOENT"),
        (message(b"", kind=ERROR), "netlink sock_diag"),
    ],
)
def test_nonsense_is_a_named_error(monkeypatch: pytest.MonkeyPatch, chunk: bytes, why: str) -> None:
    with pytest.raises(SockDiagError, match=why):
        ask(monkeypatch, chunk, message(END, kind=DONE))


def test_a_message_too_long_for_the_buffer_is_a_named_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SockDiagError, match="more than fits"):
        ask(monkeypatch, message(a_socket()), flags=socket.MSG_TRUNC)


def test_silence_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SockDiagError, match="timed out"):
        ask(monkeypatch, message(a_socket()))


@pytest.mark.parametrize("length", [0, 3, 200])
def test_an_attribute_whose_length_lies_is_a_named_error(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    body = a_socket(family=socket.AF_INET6) + struct.pack("=HHI", length, 99, 0)
    with pytest.raises(SockDiagError, match="attribute"):
        ask(monkeypatch, message(body), message(END, kind=DONE))


def test_random_bytes_never_raise_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    sound = message(a_socket(family=socket.AF_INET6) + attribute(11, b"\1"))
    for _ in range(3000):
        chunk = bytearray(sound * rng.randint(1, 3))
        for _ in range(rng.randint(1, 6)):
            chunk[rng.randrange(len(chunk))] = rng.choice([0, 1, 3, 255, rng.randrange(256)])
        chunk = chunk[: rng.randint(1, len(chunk))] if rng.random() < 0.3 else chunk
        try:
            ask(monkeypatch, bytes(chunk), message(END, kind=DONE))
        except SockDiagError:
            continue


def test_where_netlink_is_refused_the_files_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from porttui.host.linux import source

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no netlink for you")

    monkeypatch.setattr(socket, "socket", refuse)
    assert source.linux_source().name == "/proc/net"


def test_when_netlink_fails_later_the_files_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    from porttui.host.linux import source

    linux = source.linux_source()
    assert linux.name == "sock_diag"

    def fail(*_: object, **__: object) -> InetDiagDump:
        raise SockDiagError("gone")

    monkeypatch.setattr(SockDiag, "dump", fail)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = linux.read().sockets
        assert server.getsockname()[1] in found.local_ports
    assert linux.name == "/proc/net"


def test_the_layout_is_the_kernels() -> None:
    assert (HEADER.size, INET_DIAG_MSG_BYTES, MIN_MESSAGE_BYTES) == (16, 72, 88)


def _inode(descriptor: int) -> int:
    return os.fstat(descriptor).st_ino
