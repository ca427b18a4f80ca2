"""porttui, `ss` and psutil list the same rows of one small network."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import psutil
import pytest

from porttui.host.linux.source import linux_source
from porttui.host.portable.source import PsutilSource
from porttui.model.address import Address, Protocol
from porttui.model.socket import Ownership, Socket, TcpState
from tests.children import SocketSpec
from tests.host.namespaces import Network
from tests.host.socket_queries import leave_time_wait
from tests.host.tools import require_tool
from tests.servers import Child, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with Linux's tools")

_SS_STATES = {
    "ESTAB": TcpState.ESTABLISHED,
    "SYN-SENT": TcpState.SYN_SENT,
    "SYN-RECV": TcpState.SYN_RECV,
    "FIN-WAIT-1": TcpState.FIN_WAIT1,
    "FIN-WAIT-2": TcpState.FIN_WAIT2,
    "TIME-WAIT": TcpState.TIME_WAIT,
    "UNCONN": TcpState.CLOSE,
    "CLOSE-WAIT": TcpState.CLOSE_WAIT,
    "LAST-ACK": TcpState.LAST_ACK,
    "LISTEN": TcpState.LISTEN,
    "CLOSING": TcpState.CLOSING,
}


class Row(NamedTuple):
    """The fields that all three report."""

    protocol: Protocol
    state: TcpState | None
    local: tuple[bytes, int]
    remote: tuple[bytes, int] | None


class RowWithPids(NamedTuple):
    """A row with the pids of its holders."""

    row: Row
    pids: frozenset[int]


@pytest.fixture
def mixed_network(network: Network) -> Network:
    """Servers and clients of every kind in one network namespace."""
    v4, v6, wild, mapped = "127.0.0.1", "::1", "::", "::ffff:127.0.0.1"
    kinds: list[SocketSpec] = [
        *(SocketSpec(address=address) for address in (v4, "0.0.0.0", v6, wild, mapped)),
        SocketSpec(address=wild, v6only=True),
        *(SocketSpec(protocol="udp", address=address) for address in (v4, "0.0.0.0", v6, wild)),
    ]
    servers = network.start({"sockets": kinds, "accepts": True})
    family = network.start({"sockets": [{}, {"protocol": "udp"}], "forks": 2})
    twin = network.start({"sockets": [{"reuse_port": True}]})
    network.start({"sockets": [{"reuse_port": True, "port": twin.port}]})
    _connect(network, v4, (v4, servers.ports[0]), (mapped, servers.ports[1]))
    _connect(network, v6, (v6, servers.ports[2]), (v6, servers.ports[3]))
    _connect(network, v4, (v4, servers.ports[3]), (v4, servers.ports[4]))
    # Nobody accepts this one.
    _connect(network, v4, (v4, family.port))
    network.start({"sockets": [{"protocol": "udp", "peer": (v4, servers.ports[6])}]})
    network.start({"sockets": [{"protocol": "udp", "address": v6, "peer": (v6, 9)}]})
    leaver = _connect(network, v4, (v4, servers.ports[0]))
    leaver.end()
    for address in (v4, v6):
        network.context.call(leave_time_wait, address)
    until(lambda: _unaccepted(network) == 1, "accept")
    return network


def test_every_row_agrees_with_ss(mixed_network: Network) -> None:
    require_tool("ss")
    _until_equal(
        lambda: Counter(_by_ss(mixed_network)),
        lambda: Counter(mixed_network.context.call(by_porttui)),
    )


def test_every_row_agrees_with_psutil(mixed_network: Network) -> None:
    by_row: dict[Row, set[int]] = {}
    for rows in mixed_network.context.call(by_porttui):
        by_row.setdefault(rows.row, set()).update(rows.pids)
    by_psutil = mixed_network.context.call(by_psutil_alone)
    assert {rows.row for rows in by_psutil} == set(by_row)
    for rows in by_psutil:
        assert rows.pids <= by_row[rows.row]
        assert bool(rows.pids) == bool(by_row[rows.row])


def test_the_two_sources_agree(mixed_network: Network) -> None:
    """Except for holders that psutil leaves out, and the reason of a missing holder."""
    own, other = (
        mixed_network.context.call(read_sockets),
        mixed_network.context.call(read_sockets_by_psutil),
    )
    by_row: dict[Row, set[int]] = {}
    for row in own:
        by_row.setdefault(_row(row), set()).update(_pids(row))
    assert {_row(row) for row in other} == set(by_row)
    for row in other:
        held = by_row[_row(row)]
        assert _pids(row) <= held
        assert (row.ownership is Ownership.KNOWN) == bool(held)
    marks = {holder.pid: holder for row in own for holder in row.holders}
    for holder in (holder for row in other for holder in row.holders):
        known = marks[holder.pid]
        assert (holder.name, holder.user, holder.cmdline) == (known.name, known.user, known.cmdline)
        assert holder.create_time == pytest.approx(known.create_time, abs=0.011)


def test_netlink_and_the_files_agree_to_the_last_field(mixed_network: Network) -> None:
    """Except for fields that the files lack."""

    def comparable(sockets: tuple[Socket, ...]) -> Counter[Socket]:
        return Counter(
            listed._replace(v6only=None, expires_ms=None, recv_queue=0, send_queue=0, cgroup_id=0)
            for listed in sockets
        )

    _until_equal(
        lambda: comparable(mixed_network.context.call(read_sockets)),
        lambda: comparable(mixed_network.context.call(read_sockets_from_proc)),
    )


def test_the_town_has_what_there_is_to_disagree_on(mixed_network: Network) -> None:
    """Otherwise the agreement above would prove little."""
    found = mixed_network.context.call(read_sockets)
    states = {row.state for row in found}
    open_ones = {None, TcpState.LISTEN, TcpState.ESTABLISHED}
    assert states >= open_ones | {TcpState.TIME_WAIT, TcpState.CLOSE_WAIT, TcpState.FIN_WAIT2}
    assert {len(row.holders) for row in found} == {0, 1, 3}
    assert any(_is_mapped(row.local.address) for row in found if row.is_listening)
    assert any(_is_mapped(row.local.address) for row in found if row.remote)


def by_porttui() -> list[RowWithPids]:
    """Sockets of porttui."""
    return [RowWithPids(_row(listed), frozenset(_pids(listed))) for listed in read_sockets()]


def read_sockets() -> tuple[Socket, ...]:
    """Sockets of the Linux source over netlink."""
    return tuple(linux_source().read().sockets)


def read_sockets_from_proc() -> tuple[Socket, ...]:
    """Sockets of the Linux source from /proc/net."""
    return tuple(linux_source(netlink=False).read().sockets)


def read_sockets_by_psutil() -> tuple[Socket, ...]:
    """Sockets of the portable source."""
    return tuple(PsutilSource().read().sockets)


def by_psutil_alone() -> list[RowWithPids]:
    """Sockets directly from psutil."""
    rows = []
    for connection in psutil.net_connections("inet"):
        is_udp = connection.type == socket.SOCK_DGRAM
        row = Row(
            Protocol.UDP if is_udp else Protocol.TCP,
            None if is_udp else TcpState[connection.status],
            _psutil_end(connection.laddr),
            _psutil_end(connection.raddr) if connection.raddr else None,
        )
        rows.append(RowWithPids(row, frozenset(filter(None, [connection.pid]))))
    return rows


def _psutil_end(listed: tuple[object, ...]) -> tuple[bytes, int]:
    """Its type permits empty endpoints; none of these is empty."""
    address, port = listed
    return Address.parse(str(address)).packed, int(str(port))


def _by_ss(mixed_network: Network) -> list[RowWithPids]:
    tcp = mixed_network.output("ss", "-Htanp").splitlines()
    udp = mixed_network.output("ss", "-Huanp").splitlines()
    return [_ss_line(line, Protocol.TCP) for line in tcp] + [
        _ss_line(line, Protocol.UDP) for line in udp
    ]


def _ss_line(line: str, protocol: Protocol) -> RowWithPids:
    state, _, _, local, remote, *rest = line.split(maxsplit=5)
    pids = re.findall(r"pid=(\d+)", " ".join(rest))
    return RowWithPids(
        Row(
            protocol,
            None if protocol is Protocol.UDP else _SS_STATES[state],
            _ss_end(local),
            None if remote.endswith(":*") else _ss_end(remote),
        ),
        frozenset(map(int, pids)),
    )


def _ss_end(text: str) -> tuple[bytes, int]:
    """An address of ss, which writes * for the wildcard of a dual-stack socket."""
    address, _, port = text.rpartition(":")
    return Address.parse("::" if address == "*" else address).packed, int(port)


def _row(each: Socket) -> Row:
    remote = (each.remote.address.packed, each.remote.port) if each.remote else None
    return Row(each.protocol, each.state, (each.local.address.packed, each.local.port), remote)


def _pids(each: Socket) -> set[int]:
    return {holder.pid for holder in each.holders}


def _is_mapped(address: Address) -> bool:
    return len(address.packed) != len(address.unmapped)


def _connect(network: Network, address: str, *peers: tuple[str, int]) -> Child:
    specs = [
        SocketSpec(address=peer[0] if ":" in peer[0] else address, peer=peer) for peer in peers
    ]
    return network.start({"sockets": specs})


def _unaccepted(network: Network) -> int:
    return sum(
        listed.state is TcpState.ESTABLISHED and not listed.inode
        for listed in network.context.call(read_sockets)
    )


def _until_equal(one: Callable[[], object], other: Callable[[], object]) -> None:
    """Retry once: a timer of the kernel may end a state between the two reads."""
    deadline = time.monotonic() + 5.0
    while (here := one()) != (there := other()):
        assert time.monotonic() < deadline, f"{here}\n!=\n{there}"
