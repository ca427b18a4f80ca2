"""A stranger cannot choose the victim: sockets that were handed to other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from porttui.host.linux import processes
from porttui.host.linux.processes import read_process, read_process_details
from porttui.host.local import local_host
from porttui.stopping.guards import Guard
from tests.cli.running import run
from tests.host.namespaces import Network, require_root
from tests.host.process_context import NOBODY
from tests.host.socket_queries import open_socket_on
from tests.host.tools import open_to_all
from tests.servers import PATIENCE_S, ROOT, Servers, has_exited, until
from tests.stopping.harness import StopHarness

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SCM_RIGHTS and control groups")

# A daemon that reads with room for control data, as many do, and closes nothing of it.
VICTIM = """
import os, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
line.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777)
print(os.getpid(), flush=True)
kept = []
while True:
    kept.append(socket.recv_fds(line, 99, 9))
    print("got it", flush=True)
"""
# Who opens a port and hands it to that daemon: its user and its control group are told.
STRANGER = """
import os, socket, sys, time
path, uid, group, stays = sys.argv[1:]
if group:
    open(group + "/cgroup.procs", "w").write(str(os.getpid()))
if int(uid):
    os.setgid(int(uid)); os.setuid(int(uid))
made = socket.create_server(("127.0.0.1", 0))
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
line.connect(path)
socket.send_fds(line, [b"hello"], [made.fileno()])
print(os.getpid(), made.getsockname()[1], flush=True)
if stays == "no":
    made.close()
time.sleep(1000)
"""


class Planted(NamedTuple):
    """A listener that was handed on."""

    port: int
    victim: int
    stranger: int


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of the test's own; to be asked for before the servers that go into it."""
    require_root()
    made = Path(processes._cgroup_mount(), f"porttui-test-{os.getpid()}")
    made.mkdir()
    yield made
    until(lambda: not (made / "cgroup.procs").read_text(), "its processes' end")
    made.rmdir()


def plant(
    servers: Servers, path: Path, *, uid: int = 0, group: Path | None = None, stays: bool = True
) -> Planted:
    """The victim is root's, in the tests' control group, and older."""
    require_root()
    python = [sys.executable, "-I", "-c"]
    victim = servers.run([*python, VICTIM, str(path)])
    pid = int(_line(victim.process))
    where = "" if group is None else str(group)
    stranger = servers.run(
        [*python, STRANGER, str(path), str(uid), where, "yes" if stays else "no"]
    )
    own, port = map(int, _line(stranger.process).split())
    assert _line(victim.process) == "got it"
    return Planted(port, pid, own)


def _line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a socket that every user may send to."""
    open_to_all(tmp_path)
    return tmp_path / "log"


def test_free_ends_who_opened_the_port(servers: Servers, path: Path) -> None:
    """Another user's: the kernel tells whose the socket is."""
    planted = plant(servers, path, uid=NOBODY)
    done = run("free", str(planted.port), "--yes", "--json")
    answer = json.loads(done.stdout)
    assert [each["pid"] for each in answer["signals"]] == [planted.stranger]
    assert answer["outcome"] == "still_held_by_others"
    assert has_exited(planted.stranger)
    assert not has_exited(planted.victim)


@pytest.mark.parametrize("option", [[], ["--all-holders"]])
def test_free_ends_nobody_who_was_handed_it(
    servers: Servers, path: Path, option: list[str]
) -> None:
    """Also where nobody else is left: all are named, and a pid may be given."""
    planted = plant(servers, path, uid=NOBODY, stays=bool(option))
    done = run("free", str(planted.port), "--yes", *option)
    assert done.returncode == 4
    assert str(planted.victim) in done.stdout
    assert "--pid" in done.stdout
    assert "nobody" in done.stdout
    assert not has_exited(planted.victim)


def test_a_pid_that_is_given_is_meant(servers: Servers, path: Path) -> None:
    planted = plant(servers, path, uid=NOBODY, stays=False)
    wrong = run("free", str(planted.port), "--yes", "--pid", "1")
    assert wrong.returncode == 4
    assert "process 1 does not hold port" in wrong.stdout
    done = run("free", str(planted.port), "--yes", "--pid", str(planted.victim))
    assert done.returncode == 0
    assert has_exited(planted.victim)


def test_of_the_same_user_the_control_group_tells(
    group: Path, servers: Servers, path: Path
) -> None:
    """root in a container, say, with the host's log socket."""
    planted = plant(servers, path, group=group)
    done = run("free", str(planted.port), "--yes", "--json")
    assert [each["pid"] for each in json.loads(done.stdout)["signals"]] == [planted.stranger]
    assert not has_exited(planted.victim)


def test_of_the_same_user_in_another_control_group_nobody_is_ended(
    group: Path, servers: Servers, path: Path
) -> None:
    planted = plant(servers, path, group=group, stays=False)
    done = run("free", str(planted.port), "--yes")
    assert done.returncode == 4
    assert f" {planted.victim} " in done.stdout
    assert not has_exited(planted.victim)


def test_the_session_aims_at_who_opened_it_and_asks_for_the_others_names(
    servers: Servers, path: Path
) -> None:
    planted = plant(servers, path, uid=NOBODY)
    host, target = local_host(), StopHarness().target(planted.port)
    assert [each.pid for each in target.holders] == [planted.victim, planted.stranger]
    guard = Guard(target, host)
    assert [each.pid for each in guard.openers] == [planted.stranger]
    victim, stranger = target.holders
    said = guard.danger(victim)
    assert said is not None
    assert said.endswith(
        "may have received this socket from another process: user nobody opened it"
    )
    assert guard.danger(stranger) is None


def test_the_kernel_tells_the_control_group_that_a_socket_was_opened_in(
    group: Path, servers: Servers, path: Path
) -> None:
    planted = plant(servers, path, group=group)
    number = group.stat().st_ino
    assert open_socket_on(planted.port).cgroup_id == number
    stranger, victim = read_process(planted.stranger), read_process(planted.victim)
    assert stranger is not None
    assert victim is not None
    told = [read_process_details(stranger), read_process_details(victim)]
    assert [each and each.cgroup_id for each in told] == [number, group.parent.stat().st_ino]
    assert told[0] is not None
    assert told[0].uid == 0
    assert Path(told[0].executable).name.startswith("python")


NAMESPACED = """
import os, subprocess, sys, time
outer, porttui = int(sys.argv[1]), sys.argv[2:]
open("/proc/sys/kernel/ns_last_pid", "w").write(str(outer - 1))
innocent = subprocess.Popen(["sleep", "100"])
assert innocent.pid == outer
done = subprocess.run(porttui, capture_output=True, text=True)
print(done.returncode, innocent.poll(), done.stdout + done.stderr, flush=True)
innocent.kill()
"""


@pytest.mark.parametrize("source", ["auto", "psutil"])
def test_where_pids_are_other_processes_nothing_is_signalled(network: Network, source: str) -> None:
    """A PID namespace with its parent's /proc: the holder's number is an innocent process's."""
    server = network.start({"sockets": [{}]})
    porttui = [sys.executable, "-m", "porttui", "free", str(server.port), "--yes"]
    inside = ["unshare", "--pid", "--fork", sys.executable, "-c", NAMESPACED, str(server.pid)]
    done = subprocess.run(
        [*network.enter, *inside, *porttui, "--source", source],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=True,
    )
    status, innocent, said = done.stdout.split(maxsplit=2)
    assert (status, innocent) == ("4", "None")
    assert "/proc belongs to another PID namespace" in said
    assert not has_exited(server.pid)


def test_there_the_coverage_says_so(network: Network) -> None:
    done = subprocess.run(
        [
            *(*network.enter, "unshare", "--pid", "--fork"),
            *(sys.executable, "-m", "porttui", "list", "--json"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["coverage"]["pids_match"] is False
    assert "/proc: shows another PID namespace" in done.stderr
    assert any(each.startswith("/proc: ") for each in answer["problems"])
