"""Provenance of real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from porttui.host.linux import processes as linux
from porttui.host.linux.processes import read_process
from porttui.host.local import local_host
from porttui.host.portable import processes as portable
from porttui.host.provenance import MARKERS, ancestors_of, project_of
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY
from tests.making import process
from tests.servers import Child, Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with /proc")


@pytest.fixture
def sleeper(tmp_path: Path) -> subprocess.Popen[bytes]:
    (tmp_path / "package.json").touch()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    return subprocess.Popen(["sleep", "1000"], cwd=tmp_path / "deep" / "er")


@pytest.mark.parametrize("source", [linux, portable], ids=["/proc", "psutil"])
def test_cwd_project_and_parents(
    sleeper: subprocess.Popen[bytes], tmp_path: Path, source: Any
) -> None:
    try:
        found = source.read_provenance(source.read_process(sleeper.pid))
    finally:
        sleeper.kill()
        sleeper.wait()
    assert found.cwd == str(tmp_path / "deep" / "er")
    assert found.project == str(tmp_path)
    assert [ancestor.pid for ancestor in found.ancestors][:2] == [os.getpid(), os.getppid()]


def test_a_younger_process_is_no_parent() -> None:
    """It has got the pid of a parent that has exited."""
    child = process(20, "server")._replace(ppid=10, started=500)
    young = process(10, "bash")._replace(ppid=1, started=900)
    old = young._replace(started=100)
    init = process(1, "init")._replace(ppid=0, started=1)
    assert ancestors_of(child, {20: child, 10: young, 1: init}.get) == ()
    assert ancestors_of(child, {20: child, 10: old, 1: init}.get) == (old, init)


def test_a_parent_is_read_again() -> None:
    seen = process(20, "server")._replace(ppid=10, started=500)
    adopted = seen._replace(ppid=1)
    other = process(10, "bash")._replace(ppid=1, started=100)
    init = process(1, "init")._replace(ppid=0, started=1)
    assert ancestors_of(seen, {20: adopted, 10: other, 1: init}.get) == (init,)
    assert ancestors_of(seen, {10: other, 1: init}.get) == (), "it has exited"


def test_both_know_the_same_ancestors() -> None:
    pids = []
    for source in (linux, portable):
        mine = source.read_process(os.getpid())
        assert mine is not None
        pids.append([ancestor.pid for ancestor in source.read_provenance(mine).ancestors])
    assert pids[0] == pids[1] != []
    assert local_host().ancestor_pids() == frozenset(pids[0])
    assert pids[0][0] == os.getppid()


def test_control_groups_are_those_of_proc(servers: Servers) -> None:
    server: Child = servers.listen()
    process = read_process(server.pid)
    assert process is not None
    told = {
        line.split(":", 2)[2] for line in Path(f"/proc/{server.pid}/cgroup").read_text().split()
    }
    assert set(linux.read_provenance(process).cgroups) == told - {"/"}


def test_what_a_user_may_not_see_is_left_out(network: Network) -> None:
    server = network.start({"sockets": [{}]})
    process = read_process(server.pid)
    assert process is not None
    found = network.context._replace(uid=NOBODY).call(linux.read_provenance, process)
    assert (found.cwd, found.project) == (None, None)
    assert found.ancestors


def test_a_process_that_is_gone_leaves_no_trace(sleeper: subprocess.Popen[bytes]) -> None:
    process = read_process(sleeper.pid)
    assert process is not None
    sleeper.kill()
    sleeper.wait()
    found = linux.read_provenance(process)
    assert (found.cwd, found.project, found.cgroups) == (None, None, ())


@pytest.mark.parametrize("marker", MARKERS)
def test_a_project_begins_at_the_nearest_marker(tmp_path: Path, marker: str) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / marker).touch()
    (inner / "src").mkdir()
    assert project_of(str(inner / "src")) == str(inner)
    assert project_of(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize("directory", ["/", "relative", "/root", "(deleted)"])
def test_what_is_no_project(directory: str) -> None:
    assert project_of(directory) is None


def test_a_home_directory_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert project_of(str(tmp_path)) is None
