"""The kernel's socket tables: recorded lines, and missing or invalid tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host.linux.owners import HolderCache
from porttui.host.linux.proc_net import read_tables
from porttui.host.linux.processes import read_process
from porttui.host.request import HostError
from porttui.model.address import Endpoint, Protocol
from porttui.model.socket import TcpState
from tests.host.process_context import ProcessContext

if sys.platform != "win32":
    import resource

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the format of Linux"),
    pytest.mark.skipif(sys.byteorder != "little", reason="recorded on a little-endian machine"),
]

HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
    " inode\n"
)
LISTENER = (
    "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
    "        0 54001 1 00000000fd9a4402 100 0 0 10 0\n"
)
ESTABLISHED = (
    "   1: 0100007F:0BB8 0100007F:C1F4 01 00000000:00000000 00:00000000 00000000  1000"
    "        0 54007 1 00000000aa11f9a1 20 4 30 10 -1\n"
)
TIME_WAIT = (
    "   2: 0100007F:C1F6 0100007F:0BB8 06 00000000:00000000 03:0000176F 00000000     0"
    "        0 0 3 000000006dd5a0bb\n"
)
REQUEST = (
    "   3: 0100007F:0BB8 0200007F:C1F8 03 00000000:00000000 01:00000064 00000000     0"
    "        0 0 1 0000000012345678\n"
)
HIGH_QUEUES = (
    "4000: 0F02000A:01BB 08080808:FFFF 08 0000A8C0:00FF1234 01:00000014 00000003 4294967294"
    "        0 4294967295 2 0000000000000000 20 4 30 10 -1\n"
)
MAPPED_6 = (
    "   0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C350 01"
    " 00000000:00000000 00:00000000 00000000  1000        0 54100 1 0000000000000000 20 4 0 10 -1\n"
)
LINK_LOCAL_6 = (
    "   1: 000080FE00000000FF005450563412FE:0016 00000000000000000000000000000000:0000 0A"
    " 00000000:00000000 00:00000000 00000000     0        0 54101 1 0000000000000000 100 0 0 10 0\n"
)
BOUND_UDP = (
    " 1234: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101"
    "        0 14962 2 0000000000000000 0\n"
)
CONNECTED_UDP = (
    " 1235: 0100007F:E000 0100007F:0035 01 00000000:00000000 00:00000000 00000000   101"
    "        0 14963 2 0000000000000000 0\n"
)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A directory with four empty tables."""
    for name in ("tcp", "tcp6", "udp", "udp6"):
        (tmp_path / name).write_text(HEAD)
    return tmp_path


def test_empty_tables_are_no_sockets(tables: Path) -> None:
    assert read_tables(str(tables)) == []


def test_recorded_ipv4_lines(tables: Path) -> None:
    (tables / "tcp").write_text(HEAD + LISTENER + ESTABLISHED + TIME_WAIT + REQUEST + HIGH_QUEUES)
    port = Endpoint.of("127.0.0.1", 3000)
    near, left = Endpoint.of("127.0.0.1", 49652), Endpoint.of("127.0.0.1", 49654)
    asking = Endpoint.of("127.0.0.2", 49656)
    high, dns = Endpoint.of("10.0.2.15", 443), Endpoint.of("8.8.8.8", 65535)
    assert [
        (listed.state, listed.local, listed.remote, listed.uid, listed.inode, listed.expires_ms)
        for listed in read_tables(str(tables))
    ] == [
        (TcpState.LISTEN, port, None, 0, 54001, None),
        (TcpState.ESTABLISHED, port, near, 1000, 54007, None),
        (TcpState.TIME_WAIT, left, port, None, 0, 59_990),
        (TcpState.SYN_RECV, port, asking, None, 0, None),
        (TcpState.CLOSE_WAIT, high, dns, 4294967294, 4294967295, None),
    ]


def test_recorded_ipv6_lines(tables: Path) -> None:
    (tables / "tcp6").write_text(HEAD + MAPPED_6 + LINK_LOCAL_6)
    mapped, link_local = read_tables(str(tables))
    assert str(mapped.local) == "[::ffff:127.0.0.1]:8080"
    assert str(mapped.remote) == "[::ffff:127.0.0.1]:50000"
    assert mapped.local.address.is_loopback
    assert str(link_local.local) == "[fe80::5054:ff:fe12:3456]:22"
    assert link_local.remote is None


def test_udp_lines_have_no_state(tables: Path) -> None:
    (tables / "udp").write_text(HEAD + BOUND_UDP + CONNECTED_UDP)
    bound, connected = read_tables(str(tables))
    assert (bound.protocol, bound.state, bound.remote) == (Protocol.UDP, None, None)
    assert (connected.state, str(connected.remote)) == (None, "127.0.0.1:53")


def test_udp_sockets_of_the_same_ends_are_two(tables: Path) -> None:
    """SO_REUSEPORT allows it, connected or not."""
    twins = [line.replace("1496", "1596") for line in (BOUND_UDP, CONNECTED_UDP)]
    (tables / "udp").write_text(HEAD + BOUND_UDP + CONNECTED_UDP + "".join(twins))
    assert len(read_tables(str(tables))) == 4


def test_every_line_is_a_row(tables: Path) -> None:
    """The kernel gives the table out in pages, between which sockets move: one may appear
    twice, and none is dropped for it."""
    closed = ESTABLISHED.replace("C1F4 01", "C1F4 06")
    closed = closed.replace("54007", "0").replace("  1000", "     0")
    (tables / "tcp").write_text(HEAD + LISTENER + ESTABLISHED + LISTENER + closed)
    assert [row.inode for row in read_tables(str(tables))] == [54001, 54007, 54001, 0]


def test_two_time_waits_of_one_port_are_two_sockets(tables: Path) -> None:
    other = TIME_WAIT.replace(":0BB8", ":0BB9")
    (tables / "tcp").write_text(HEAD + TIME_WAIT + other)
    assert len(read_tables(str(tables))) == 2


@pytest.mark.parametrize("missing", [("tcp6", "udp6"), ("udp6",)])
def test_a_kernel_without_ipv6_is_no_failure(tables: Path, missing: tuple[str, ...]) -> None:
    (tables / "tcp").write_text(HEAD + LISTENER)
    for name in missing:
        (tables / name).unlink()
    assert [row.inode for row in read_tables(str(tables))] == [54001]


def test_missing_ipv4_tables_are_a_failure(tables: Path) -> None:
    (tables / "tcp").unlink()
    with pytest.raises(HostError, match="tcp is missing: is /proc mounted"):
        read_tables(str(tables))


@pytest.mark.parametrize(
    "line",
    [
        "garbage\n",
        LISTENER.replace("0BB8", "XYZ8"),
        LISTENER.replace(" 0A ", " 42 "),
        LISTENER.replace("0100007F", "0100007"),
        LISTENER.replace("0100007F", "0100007F00"),
        LISTENER.replace("54001", "inode"),
        LISTENER.encode("ascii").replace(b"0100007F", b"\xff100007F").decode("latin-1"),
        TIME_WAIT.replace("03:0000176F", "03:"),
        LISTENER[:60] + "\n",
    ],
)
def test_a_line_of_an_unknown_form_is_said_not_guessed(tables: Path, line: str) -> None:
    (tables / "tcp").write_text(HEAD + LISTENER + line, encoding="latin-1")
    with pytest.raises(HostError, match="tcp has an unknown form"):
        read_tables(str(tables))


def test_an_unreadable_table_is_named(tables: Path) -> None:
    (tables / "udp").unlink()
    (tables / "udp").mkdir()
    with pytest.raises(HostError, match="udp cannot be read: Is a directory"):
        read_tables(str(tables))


def test_without_descriptors_left_the_error_is_named() -> None:
    with pytest.raises(HostError, match="/proc/net/tcp cannot be read: Too many open files"):
        ProcessContext().call(_without_descriptors, "tables")
    with pytest.raises(HostError, match="/proc cannot be listed: Too many open files"):
        ProcessContext().call(_without_descriptors, "holders")


def test_without_descriptors_left_reading_a_process_fails_by_name_too() -> None:
    """`SocketSource.read` promises HostError; the interface catches nothing else."""
    with pytest.raises(HostError, match="Too many open files"):
        ProcessContext().call(_without_descriptors, "process")


def _without_descriptors(what: str) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    if what == "tables":
        read_tables()
    elif what == "holders":
        HolderCache().read()
    else:
        read_process(1)
