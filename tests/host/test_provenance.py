"""Provenance of real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from porttui.host.linux import processes as linux
from porttui.host.linux.processes import read_process
from porttui.host.local import local_host
from porttui.host.portable import processes as portable
from porttui.host.provenance import MARKERS, project_of
from tests.host.namespaces import Network
from tests.host.process_context import NOBODY
from tests.servers import Child, Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with /proc")


@pytest.fixture
def sleeper(tmp_path: Path) -> subprocess.Popen[bytes]:
    (tmp_path / "package.json").touch()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    return subprocess.Popen(["sleep", "1000"], cwd=tmp_path / "deep" / "er")


@pytest.mark.parametrize(
    "read", [linux.read_provenance, portable.read_provenance], ids=["/proc", "psutil"]
)
def test_cwd_project_and_parents(sleeper: subprocess.Popen[bytes], tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    try:
        process = read_process(sleeper.pid)
        assert process is not None
        found = read(process)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert found.cwd == str(tmp_path / "deep" / "er")
    assert found.project == str(tmp_path)
    assert [ancestor.pid for ancestor in found.ancestors][:2] == [os.getpid(), os.getppid()]


def test_both_know_the_same_ancestors() -> None:
    mine = read_process(os.getpid())
    assert mine is not None
    by_proc = [ancestor.pid for ancestor in linux.read_provenance(mine).ancestors]
    assert by_proc == [ancestor.pid for ancestor in portable.read_provenance(mine).ancestors]
    assert local_host().ancestor_pids() == frozenset(by_proc)
    assert by_proc[0] == os.getppid()


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
