"""Limits beside the ports, as this kernel counts them and as others leave them out."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from porttui.host.linux.processes import read_process
from porttui.host.linux.sysctl import read_limits, read_process_files
from porttui.model.limits import Limit, Limits
from porttui.model.process import Process
from tests.servers import PATIENCE_S, Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sysctl")


def test_open_files_are_counted() -> None:
    """The kernel counts in batches, one for each processor (percpu_counter)."""
    with ExitStack() as stack:
        before = read_limits().open_files
        for _ in range(900):
            stack.enter_context(open(os.devnull, "rb"))
        after = read_limits().open_files
    assert before is not None
    assert after is not None
    assert after.most == before.most >= after.used > before.used


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
    assert said.split() == [str(found.most - found.used), str(errno.EMFILE)]


def test_a_process_that_is_gone_or_another_one_by_now_has_none(servers: Servers) -> None:
    child = servers.start({})
    found = read(child.pid)
    assert read_process_files(found._replace(started=found.started + 1)) is None
    child.end()
    # A zombie has a limit, and no files any more.
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
