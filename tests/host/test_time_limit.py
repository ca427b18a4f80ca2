"""Hanging file systems and name services delay nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from porttui.host import accounts
from porttui.host.linux.processes import read_process, read_provenance
from porttui.host.provenance import project_of
from porttui.host.time_limit import TimeBudget, TimeLimitedCaller
from tests.cli.running import PORTTUI, environment
from tests.host.namespaces import require_root
from tests.host.tools import require_tool
from tests.servers import PATIENCE_S, ROOT, Servers, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="FUSE and mount namespaces")

LISTEN = """
import os, socket, time
made = socket.create_server(("127.0.0.1", 0))
print(os.getpid(), made.getsockname()[1], flush=True)
time.sleep(1000)
"""


@pytest.fixture(params=["fuse", "overlay"])
def hung(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> tuple[int, int]:
    """A server whose working directory is on a filesystem that does not answer: pid and port.

    Without its own server, which ends with the test, that filesystem answers "not connected".
    """
    require_root()
    if not os.access("/dev/fuse", os.W_OK):
        pytest.skip("this kernel has no FUSE")
    serve = [sys.executable, "-m", "tests.silent_fs", request.param, str(tmp_path)]
    listen = [sys.executable, "-I", "-c", LISTEN]
    server = servers.run(
        [require_tool("unshare"), "--mount", "env", f"PYTHONPATH={ROOT}", *serve, *listen]
    )
    assert server.process.stdout is not None
    pid, port = map(int, server.process.stdout.readline().split())
    return pid, port


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""


def test_a_filesystem_that_does_not_answer_keeps_nothing_waiting(hung: tuple[int, int]) -> None:
    """A process that waits for it cannot be killed: so it is another, abandoned one."""
    pid, port = hung
    start = time.monotonic()
    done = subprocess.run(
        [*PORTTUI, "who", str(port), "--json"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert time.monotonic() - start < 10.0
    assert (done.returncode, done.stderr) == (0, "")
    [origin] = json.loads(done.stdout)["origins"]
    assert (origin["pid"], origin["project"]) == (pid, None)
    assert origin["cwd"]


def test_it_is_not_asked_again_at_once(hung: tuple[int, int]) -> None:
    process = read_process(hung[0])
    assert process is not None
    assert read_provenance(process).project is None
    start = time.monotonic()
    assert read_provenance(process).project is None
    assert time.monotonic() - start < 0.5


def test_a_working_directory_is_looked_at_where_its_process_sees_it(servers: Servers) -> None:
    """In another mount namespace, as in a container: here that path does not exist."""
    require_root()
    script = (
        "mount -t tmpfs none /mnt; mkdir -p /mnt/app/src; touch /mnt/app/go.mod; "
        "cd /mnt/app/src; exec sleep 1000"
    )
    inside = servers.run([require_tool("unshare"), "--mount", "sh", "-c", script])
    until(lambda: _link(inside.pid, "cwd") == "/mnt/app/src", "its working directory")
    process = read_process(inside.pid)
    assert process is not None
    found = read_provenance(process)
    assert (found.cwd, found.project) == ("/mnt/app/src", "/mnt/app")
    assert project_of("/mnt/app/src") is None, "not here"


def test_a_name_service_that_does_not_answer_leaves_the_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fake: nothing here looks up names over a network."""
    asked, may_answer = list[int](), threading.Event()

    def getpwuid(uid: int) -> accounts.Account:
        asked.append(uid)
        may_answer.wait()
        return accounts.Account("ana", uid, "/", "")

    monkeypatch.setattr(accounts, "_getpwuid", getpwuid)
    accounts._name_service_caller.cache_clear()
    try:
        start = time.monotonic()
        names = [accounts.user_name(uid) for uid in (770001, 770002, 0, 770001)]
        assert names == ["uid 770001", "uid 770002", "root", "uid 770001"]
        assert time.monotonic() - start < 2.0
        assert asked == [770001], "who did not answer is not asked for each name"
    finally:
        may_answer.set()
        accounts._name_service_caller.cache_clear()


def test_all_lookups_together_are_bounded_in_time() -> None:
    """Each is quick, but a user may have very many uids (subuid(5))."""
    lookups = TimeLimitedCaller(TimeBudget(0.2))
    start = time.monotonic()

    def look_up() -> int:
        time.sleep(0.02)  # as a server on a network
        return 7

    found = [lookups.call(look_up) for _ in range(1000)]
    assert time.monotonic() - start < 2.0
    assert found[0] == 7
    assert found[-1] is None


def test_in_the_next_period_it_is_asked_again() -> None:
    budget = TimeBudget(0.2, period_s=0.3)
    budget.spend(1.0)
    assert budget.remaining_s == 0.2, "nobody has begun a period yet"
    budget.spend(1.0)
    assert budget.remaining_s == 0.0
    until(lambda: budget.remaining_s == 0.2, "the next period")
