"""Members of process groups."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

import psutil
import pytest

from porttui.host.linux import processes as linux
from porttui.host.linux.processes import read_process
from porttui.host.local import local_host
from porttui.host.portable import processes as portable
from porttui.host.portable.processes import read_process as read_by_psutil
from porttui.host.request import SourceName
from porttui.model.process import Process
from tests.host.namespaces import require_root
from tests.host.process_context import ProcessContext
from tests.host.tools import require_tool
from tests.servers import Servers, has_exited, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares with /proc")

Read = Callable[[Sequence[Process]], Mapping[Process, tuple[Process, ...]]]
JOB = ("sh", "-c", 'sleep 600 & "$@"; wait', "job")
"""A shell's job: the shell, a sleeper, and a given command."""

WAYS = pytest.mark.parametrize(
    ("process_groups", "read"),
    [(linux.read_process_groups, read_process), (portable.read_process_groups, read_by_psutil)],
    ids=["/proc", "psutil"],
)


def process_of(pid: int, read: Callable[[int], Process | None]) -> Process:
    """The process with a pid; it exists."""
    process = read(pid)
    assert process is not None
    return process


@WAYS
def test_a_job_is_one_group_and_its_neighbours_are_not(
    servers: Servers, process_groups: Read, read: Callable[[int], Process | None]
) -> None:
    server, alone = servers.start({"sockets": [{}]}, within=JOB), servers.listen()
    shell = psutil.Process(server.process.pid)
    asked = [process_of(pid, read) for pid in (server.pid, alone.pid)]
    found = process_groups(asked)
    assert {member.pid for member in found[asked[0]]} == {
        shell.pid,
        *(child.pid for child in shell.children()),
    }
    assert len(found[asked[0]]) == 3
    assert asked[0] in found[asked[0]], "with the start mark that its source goes by"
    assert found[asked[1]] == (asked[1],)


@WAYS
def test_a_zombie_is_in_no_group(
    servers: Servers, process_groups: Read, read: Callable[[int], Process | None]
) -> None:
    family = servers.start({"sockets": [{}], "parent": "lazy"})
    parent = process_of(family.process.pid, read)
    assert len(process_groups([parent])[parent]) == 2
    os.kill(family.pid, signal.SIGKILL)
    until(lambda: has_exited(family.pid), "its end")
    assert psutil.pid_exists(family.pid), "its parent does not ask for it"
    assert process_groups([parent])[parent] == (parent,)


@WAYS
def test_another_process_with_its_pid_has_no_group(
    servers: Servers, process_groups: Read, read: Callable[[int], Process | None]
) -> None:
    now = process_of(servers.listen().pid, read)
    assert process_groups([now._replace(started=now.started - 100)]) == {}
    assert process_groups([now._replace(pid=2**22 + 1)]) == {}


def test_a_group_that_was_made_in_another_pid_namespace_is_not_guessed() -> None:
    """Its number is 0 here, as is that of every other group outside."""
    require_root()
    place = ProcessContext((require_tool("unshare"), "--pid", "--fork", "--mount-proc"))
    assert place.call(own_group_size) is None


def own_group_size() -> int | None:
    """Size of the calling process's group; None if unknown."""
    found = linux.read_process_groups([process_of(os.getpid(), read_process)])
    return next((len(members) for members in found.values()), None)


@pytest.mark.parametrize("source", [SourceName.AUTO, SourceName.PSUTIL])
def test_parents_and_members_can_be_taken_hold_of(servers: Servers, source: SourceName) -> None:
    """Their start times are those that the control of the same host compares."""
    server, host = servers.start({"sockets": [{}]}, within=JOB), local_host(source)
    sockets = host.sockets.read().sockets
    [holder] = next(
        listed.holders
        for listed in sockets
        if listed.is_listening and listed.local.port == server.port
    )
    members = host.process_groups([holder])[holder]
    [parent, *_] = host.read_provenance(holder).ancestors
    assert parent in members
    for process in members:
        host.control.open(process.identity).close()
