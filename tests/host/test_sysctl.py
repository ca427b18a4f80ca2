"""Settings and release of this kernel, and gaps of older kernels."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from porttui.host.linux.processes import read_process
from porttui.host.linux.sysctl import (
    lists_bound_inactive,
    parse_spans,
    read_ephemeral_range,
    read_limits,
    read_process_files,
    read_tcp_rules,
)
from porttui.host.local import local_host
from porttui.host.request import HostError, SourceName
from porttui.model.kernel import Limit, Limits, PortRange, RangeName, TcpRules
from porttui.model.process import Process
from porttui.model.socket import TcpState
from porttui.sampling.sampler import Sampler
from tests.host.namespaces import Network
from tests.servers import PATIENCE_S, Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' /proc")


def test_it_is_what_this_kernel_says() -> None:
    first, last = map(int, _sysctl("ip_local_port_range").split())
    found = read_ephemeral_range()
    assert (found.name, found.first, found.last) == (RangeName.EPHEMERAL, first, last)


def test_it_is_that_of_the_network_namespace(network: Network) -> None:
    network.context.call(_set, "ip_local_port_range", "40001 40100")
    assert network.context.call(read_ephemeral_range) == PortRange(
        RangeName.EPHEMERAL, 40001, 40100
    )
    # The machine's own is another's.
    assert read_ephemeral_range() != network.context.call(read_ephemeral_range)


def test_reserved_ports_are_taken_off(network: Network) -> None:
    network.context.call(_set, "ip_local_port_range", "40001 40100")
    network.context.call(_set, "ip_local_reserved_ports", "8080,39990-40010,40050,40099-40200")
    found = network.context.call(read_ephemeral_range)
    assert found.reserved == ((40001, 40010), (40050, 40050), (40099, 40100))
    assert found.capacity == 100 - 10 - 1 - 2
    assert 40010 not in found
    assert 40011 in found
    drawn = network.context.call(drawn_ports, found.capacity)
    assert drawn == {port for port in range(40001, 40101) if port in found}


def test_a_kernel_that_does_not_tell_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="cannot read the ephemeral range"):
        read_ephemeral_range(f"{tmp_path}/")


@pytest.mark.parametrize("content", ["", "32768", "32768 60999 1", "low high"])
def test_a_range_of_an_unknown_form_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "ip_local_port_range").write_text(content)
    (tmp_path / "ip_local_reserved_ports").write_text("\n")
    with pytest.raises(HostError, match="cannot read the ephemeral range"):
        read_ephemeral_range(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("\n", []),
        ("8080\n", [(8080, 8080)]),
        ("8080,9000-9100\n", [(8080, 8080), (9000, 9100)]),
    ],
)
def test_the_kernels_list_of_spans(text: str, spans: list[tuple[int, int]]) -> None:
    assert parse_spans(text.encode()) == spans


@pytest.mark.parametrize("text", ["x", "1-2-3", "-5", "1 2"])
def test_what_is_no_list_of_spans_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_spans(text.encode())


def drawn_ports(count: int) -> set[int]:
    """The ports that the kernel chooses for `count` sockets."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return {sock.getsockname()[1] for sock in sockets}


def _set(name: str, value: str) -> None:
    Path(f"/proc/sys/net/ipv4/{name}").write_text(f"{value}\n")


def _sysctl(name: str) -> str:
    return Path(f"/proc/sys/net/ipv4/{name}").read_text()


def test_they_are_those_of_the_network_namespace(network: Network) -> None:
    place = network.context
    place.call(_apply, tcp_tw_reuse=1, tcp_timestamps=0, tcp_tw_reuse_delay=70, ip_autobind_reuse=1)
    assert place.call(read_tcp_rules) == TcpRules(1, False, 70, True)
    place.call(_apply, tcp_tw_reuse=0, tcp_timestamps=2, tcp_tw_reuse_delay=9, ip_autobind_reuse=0)
    assert place.call(read_tcp_rules) == TcpRules(0, True, 9, False)


def test_what_an_older_kernel_does_not_tell_is_as_it_was_there(tmp_path: Path) -> None:
    (tmp_path / "tcp_tw_reuse").write_text("2\n")
    (tmp_path / "tcp_timestamps").write_text("1\n")
    assert read_tcp_rules(f"{tmp_path}/") == TcpRules(2, True, 1000, False)


def test_a_kernel_that_does_not_tell_has_no_rules(tmp_path: Path) -> None:
    assert read_tcp_rules(f"{tmp_path}/") is None
    (tmp_path / "tcp_tw_reuse").write_text("perhaps\n")
    (tmp_path / "tcp_timestamps").write_text("1\n")
    assert read_tcp_rules(f"{tmp_path}/") is None


def _apply(**values: int) -> None:
    for name, value in values.items():
        Path(f"/proc/sys/net/ipv4/{name}").write_text(f"{value}\n")


def test_open_files_are_counted() -> None:
    """The kernel counts in batches, one for each processor (percpu_counter)."""
    with ExitStack() as stack:
        before = read_limits().open_files
        for _ in range(900):
            stack.enter_context(open(os.devnull, "rb"))
        after = read_limits().open_files
    assert before is not None
    assert after is not None
    assert after.maximum == before.maximum >= after.used > before.used


def test_what_netfilter_tracks(tmp_path: Path) -> None:
    _write(tmp_path, "net/netfilter/nf_conntrack_count", "812\n")
    _write(tmp_path, "net/netfilter/nf_conntrack_max", "65536\n")
    _write(tmp_path, "fs/file-nr", "1472\t32\t2466183\n")
    assert read_limits(f"{tmp_path}/") == Limits(Limit(812, 65536), Limit(1440, 2466183))


def test_a_maximum_of_0_is_no_limit(tmp_path: Path) -> None:
    _write(tmp_path, "net/netfilter/nf_conntrack_count", "812\n")
    _write(tmp_path, "net/netfilter/nf_conntrack_max", "0\n")
    assert read_limits(f"{tmp_path}/").conntrack is None


@pytest.mark.parametrize("content", [None, "", "1 2\n", "many\n"])
def test_what_is_not_told_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        _write(tmp_path, "fs/file-nr", content)
    assert read_limits(f"{tmp_path}/") == Limits(None, None)


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def read(pid: int) -> Process:
    process = read_process(pid)
    assert process is not None
    return process


@pytest.mark.parametrize("sockets", [0, 3, 30])
def test_the_open_files_of_a_process(servers: Servers, sockets: int) -> None:
    child = servers.start({"sockets": [{}] * sockets, "most_files": 40})
    found = read_process_files(read(child.pid))
    assert found == Limit(descriptors(child.pid), 40)
    child.tell("close")
    child.await_report()
    assert read_process_files(read(child.pid)) == Limit(descriptors(child.pid), 40)


_OPENS_ALL = """
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
opened = [socket.socket() for _ in range(20)]
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        opened.append(socket.socket())
except OSError as error:
    print(len(opened) - 20, error.errno)
"""


def test_so_many_sockets_are_left_until_emfile() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _OPENS_ALL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = read_process_files(read(process.pid))
        said, _ = process.communicate("go\n", timeout=PATIENCE_S)
    assert found is not None
    assert said.split() == [str(found.maximum - found.used), str(errno.EMFILE)]


def test_a_process_that_is_gone_or_another_one_by_now_has_none(servers: Servers) -> None:
    child = servers.start({})
    found = read(child.pid)
    assert read_process_files(found._replace(started=found.started + 1)) is None
    child.end()
    # A zombie has a limit, but no files.
    assert read_process_files(found) is None
    assert read_process_files(found._replace(pid=0)) is None


@pytest.mark.parametrize(
    ("files", "limits"),
    [
        (0, "Max open files            1024                 4096                 files\n"),
        (7, "Max open files            unlimited            unlimited            files\n"),
        (7, "Max open files\n"),
        (7, "Max processes             1024                 4096                 processes\n"),
        (7, ""),
    ],
    ids=["Linux before 6.2", "no limit", "cut off", "another limit", "nothing"],
)
def test_files_that_are_not_told(tmp_path: Path, files: int, limits: str) -> None:
    own = read(os.getpid())
    _write(tmp_path, f"{own.pid}/fd", " " * files)
    _write(tmp_path, f"{own.pid}/limits", limits)
    assert read_process_files(own, f"{tmp_path}/") is None


def test_files_and_limits_as_linux_tells_them(tmp_path: Path) -> None:
    own = read(os.getpid())
    _write(tmp_path, f"{own.pid}/fd", " " * 812)
    lines = "Limit                     Soft Limit           Hard Limit           Units\n"
    lines += "Max open files            1024                 524288               files\n"
    _write(tmp_path, f"{own.pid}/limits", lines)
    assert read_process_files(own, f"{tmp_path}/") == Limit(812, 1024)


def _write(directory: Path, name: str, content: str) -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("6.8.0", True),
        ("6.8-rc1", True),
        ("6.8", True),
        ("6.18.5-generic", True),
        ("6.12+deb13-amd64", True),
        ("10.0.1", True),
        ("6.7.12-amd64", False),
        ("6.1.0-25-amd64", False),
        ("5.15.153.1-microsoft-standard-WSL2", False),
        ("4.4.0", False),
        ("", False),
        ("6", False),
        ("6.", False),
        ("6.x", False),
        (".8", False),
        ("v6.8", False),
        ("6.²", False),
        ("linux", False),
    ],
)
def test_idle_sockets_are_listed_from_linux_6_8_on(release: str, found: bool) -> None:
    assert lists_bound_inactive(release) is found


@pytest.mark.parametrize("source", [SourceName.NETLINK, SourceName.PROC, SourceName.PSUTIL])
def test_a_bound_socket_is_there_where_the_host_says_so(source: SourceName) -> None:
    host = local_host(source)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        snapshot = Sampler(host).sample()
    states = [listed.state for listed in snapshot.sockets if listed.local.port == port]
    assert states == [TcpState.CLOSE] * snapshot.lists_bound_inactive
    assert snapshot.lists_bound_inactive is (
        source is SourceName.NETLINK and lists_bound_inactive()
    )
