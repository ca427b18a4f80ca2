"""What has begun is asked for by its pid; all processes are listed only where that is not told."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from porttui.host.linux import holder_cache
from porttui.host.linux.births import Births
from porttui.host.linux.holder_cache import HolderCache
from porttui.host.linux.holders import list_names
from tests.host.elsewhere import Elsewhere
from tests.host.namespaces import require_root
from tests.host.tools import require_tool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Fakes a /proc: pids are given by everybody else on this machine, too."""
    own = tmp_path / str(os.getpid())
    own.mkdir()
    (own / "status").write_text("Name:\tx\nNSpid:\t7\nNSpgid:\t7\n")
    (tmp_path / "self").symlink_to(own.name)
    give(tmp_path, 100)
    return tmp_path


def give(proc: Path, pid: int) -> None:
    """It is the last pid that was given."""
    (proc / "loadavg").write_text(f"0.25 0.46 0.48 1/284 {pid}\n")


def look(births: Births) -> list[int] | None:
    """The pids that a look asks for; None where it lists all."""
    given = births.since()
    births.looked()
    return None if given is None else list(given)


def test_they_are_listed_twice_and_then_asked_for_by_their_pids(proc: Path) -> None:
    births = Births(str(proc))
    assert [look(births) for _ in range(4)] == [None, None, [], []]


def test_new_pids_are_asked_for_twice(proc: Path) -> None:
    """They were given, perhaps, before their processes could be seen."""
    births = Births(str(proc))
    for _ in range(3):
        look(births)
    give(proc, 102)
    assert [look(births) for _ in range(4)] == [[101, 102], [101, 102], [], []]


def test_with_new_pids_at_every_look_each_is_asked_for_twice(proc: Path) -> None:
    births = Births(str(proc))
    for _ in range(3):
        look(births)
    asked = []
    for pid in range(101, 106):
        give(proc, pid)
        asked.append(look(births))
    assert asked == [[101], [101, 102], [102, 103], [103, 104], [104, 105]]


def test_what_a_look_that_failed_asked_for_is_asked_for_again(proc: Path) -> None:
    births = Births(str(proc))
    for _ in range(3):
        look(births)
    give(proc, 101)
    assert births.since() == range(101, 102)
    give(proc, 102)
    assert [look(births) for _ in range(3)] == [[101, 102], [102], []]


def test_where_the_pids_begin_anew_they_are_listed(proc: Path) -> None:
    births = Births(str(proc))
    for _ in range(3):
        look(births)
    give(proc, 20)
    assert [look(births) for _ in range(4)] == [None, None, [], []]


def test_when_they_are_to_be_listed_they_are(proc: Path) -> None:
    births = Births(str(proc))
    for _ in range(3):
        look(births)
    births.forget()
    assert [look(births) for _ in range(2)] == [None, []]


@pytest.mark.parametrize("told", ["", "0.0 0.0 0.0 0/0 0\n", "0.0 0.0 0.0 0/0 many\n", "0.0 0.0"])
def test_without_a_last_pid_they_are_listed(proc: Path, told: str) -> None:
    """As in gVisor, which says 0."""
    (proc / "loadavg").write_text(told)
    births = Births(str(proc))
    assert [look(births) for _ in range(5)] == [None] * 5


@pytest.mark.parametrize("status", ["Name:\tx\nNSpid:\t7\t1\nNSpgid:\t7\n"])
def test_of_another_pid_namespace_they_are_listed(proc: Path, status: str) -> None:
    (proc / "self" / "status").write_text(status)
    births = Births(str(proc))
    assert [look(births) for _ in range(5)] == [None] * 5


def test_where_another_file_lies_over_the_kernels_they_are_listed(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake device: as lxcfs in a container."""
    stat = os.stat

    def on_another_device(path: str) -> os.stat_result:
        found = stat(path)
        moved = (*found[:2], found.st_dev + path.endswith("loadavg"), *found[3:])
        return os.stat_result(moved)

    monkeypatch.setattr(os, "stat", on_another_device)
    births = Births(str(proc))
    assert [look(births) for _ in range(5)] == [None] * 5


def test_without_proc_they_are_listed(tmp_path: Path) -> None:
    births = Births(str(tmp_path / "nothing"))
    assert [look(births) for _ in range(5)] == [None] * 5


def test_among_processes_that_stay_none_is_missed() -> None:
    """In a PID namespace of its own, where nobody else gives any."""
    require_root()
    place = (require_tool("unshare"), "--pid", "--fork", "--mount-proc", "--kill-child")
    listed, found = Elsewhere(within=place).call(_watch_a_fork)
    # What has ended is noticed, and the list asked for at the look after that one.
    assert listed == [1, 1, 0, 0, 0, *(0, 0, 0), *(0, 1)]
    assert found == ["one", "both", "both", "both", "one", "one", "forgotten"]


def _watch_a_fork() -> tuple[list[int], list[str]]:
    """How often /proc was listed in each look, and who held a listener in the last ones."""
    calls: list[str] = []
    listed: list[int] = []
    found: list[str] = []

    def counted(proc: str) -> list[str]:
        calls.append(proc)
        return list_names(proc)

    def held_by() -> str:
        calls.clear()
        holders = cache.look({inode})
        listed.append(len(calls))
        return _NAMED[len(holders.groups[holders.group_of.get(inode, 0)])]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holder_cache, "list_names", counted)
        patch.setattr(holder_cache, "_AS_LIST", 0)
        cache = HolderCache()
        with socket.create_server(("127.0.0.1", 0)) as server:
            inode = os.fstat(server.fileno()).st_ino
            found = [held_by() for _ in range(5)][4:]
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(writing)
                os.read(reading, 1)
                os._exit(0)
            found += [held_by() for _ in range(3)]
            os.close(writing)
            os.waitpid(child, 0)
            found += [held_by() for _ in range(2)]
            found.append("known" if child in cache.known_counts() else "forgotten")
    return listed, found


_NAMED = {0: "none", 1: "one", 2: "both"}
