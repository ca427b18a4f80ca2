"""What a command or a session says where the system does not give it something: no traceback."""

from __future__ import annotations

import json
import os
import platform
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence

import pytest

from porttui.cli.output import ExitStatus
from tests import without
from tests.cli.running import PORTTUI, environment
from tests.host.namespaces import Network
from tests.servers import PATIENCE_S, ROOT, Servers, free_port, has_exited, until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in without.CALLS,
    reason="seccomp(2) and the limits of Linux",
)

LACKING = (
    "children",
    "threads",
    "family:2",
    "family:10",
    "family:16",
    "call:pidfd_open:ENOSYS",
    "call:pidfd_send_signal:ENOSYS",
    "call:pidfd_send_signal:EPERM",
    "call:readlinkat:EPERM",
    "call:sched_getaffinity:EPERM",
    "files:5",
    "files:8",
    "files:12",
    "files:20",
    "memory:40",
    "memory:60",
)


def run_without(
    what: Sequence[str], *argv: str, within: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*within, sys.executable, "-m", "tests.without", *what, "--", *PORTTUI, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )


def commands(port: int) -> list[list[str]]:
    return [
        ["list", "--json"],
        ["who", str(port)],
        ["check", "--who"],
        ["next", str(port)],
        ["probe", f"127.0.0.1:{port}"],
        ["wait", str(port), "--timeout", "0.1"],
        ["free", str(port)],
    ]


@pytest.mark.parametrize("what", LACKING)
def test_every_command_ends_with_an_answer_or_a_sentence(what: str, servers: Servers) -> None:
    server = servers.start({"sockets": [{"address": "127.0.0.1"}]})
    for argv in commands(server.port):
        done = run_without([what], *argv)
        assert "Traceback" not in done.stderr, (argv, done.stderr)
        assert done.returncode in set(ExitStatus), (argv, done)
        assert done.stdout or done.stderr.startswith("porttui: "), (argv, done)
    assert not has_exited(server.pid)


@pytest.mark.parametrize("what", ["children", "threads", "call:readlinkat:EPERM"])
def test_what_is_not_needed_is_not_missed(what: str, servers: Servers) -> None:
    server = servers.start({"sockets": [{"address": "127.0.0.1"}]})
    listed = json.loads(run_without([what], "list", "--json", str(server.port)).stdout)
    assert [each["pid"] for each in listed["sockets"][0]["holders"]] == [server.pid]


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
def test_a_stop_works_without_pidfds(error: str, servers: Servers) -> None:
    server = servers.start({"sockets": [{"address": "127.0.0.1"}]})
    refused = [f"call:pidfd_send_signal:{error}"]
    done = run_without(refused, "free", "--yes", str(server.port))
    assert done.returncode == ExitStatus.OK, done
    until(lambda: has_exited(server.pid))


def test_a_sandbox_that_forbids_sockets_is_not_a_port_in_use() -> None:
    done = run_without(["family:2"], "who", str(free_port()))
    assert re.search(r"127\.0\.0\.1 +unknown", done.stdout), done.stdout


HOSTILE = rb"\033]0;x\007ev\033[31mil 7700/tcp\n\377\376bad 7701/tcp\n"
FILES = {
    "/proc/stat": b"",
    "/proc/loadavg": b"",
    "/etc/services": HOSTILE,
    "/etc/passwd": rb"\377\376:x:0:0::/:/bin/sh\n",
    "/etc/nsswitch.conf": b"",
}


@pytest.mark.parametrize("path", FILES)
def test_a_file_of_the_system_may_be_empty_or_hostile(path: str, network: Network) -> None:
    port = network.start({"sockets": [{"address": "127.0.0.1", "port": 7700}]}).port
    script = f"printf '%b' '{FILES[path].decode()}' > /run/other; mount --bind /run/other {path}"
    mounted = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs t /run; {script}; exec "$@"', "sh"]
    for argv in commands(port):
        done = run_without([], *argv, within=[*network.enter, *mounted])
        assert "Traceback" not in done.stderr, (argv, done.stderr)
        assert done.returncode in set(ExitStatus), (argv, done)
        assert "\x1b" not in done.stdout + done.stderr


def session_without(*what: str) -> tuple[str, int]:
    """What a session prints that presses some keys and leaves, and its exit status."""
    command = [sys.executable, "-m", "tests.without", *what, "--", *PORTTUI]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvpe(command[0], command, {**environment(), "TERM": "xterm-256color"})
    termios.tcsetwinsize(terminal, (40, 120))
    printed = b""

    def read(within_s: float) -> bool:
        nonlocal printed
        end = time.monotonic() + within_s
        while (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                try:
                    printed += os.read(terminal, 1 << 16)
                except OSError:
                    return False
        return True

    try:
        goes_on = True
        while goes_on and b"a sample" not in printed and b"No sample" not in printed:
            goes_on = read(0.2)
        for key in (b"w", b"\x1b", b"\r", b"\x1b", b"c", b"?", b"\x1b", b"q", b"q"):
            if goes_on:
                os.write(terminal, key)
                goes_on = read(0.3)
        while goes_on:
            goes_on = read(0.2)
    finally:
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    return printed.decode(errors="replace"), os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize(
    "what", ["children", "family:2", "family:16", "files:20", "files:40", "call:readlinkat:EPERM"]
)
def test_a_session_goes_on_with_what_there_is(what: str) -> None:
    printed, status = session_without(what)
    assert "Traceback" not in printed
    assert status == ExitStatus.OK or "porttui: " in printed


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("threads", "porttui: the session may start no more threads"),
        (
            "memory:300",
            "the session needs 768 MB of address space, but ulimit -v allows 300 MB",
        ),
    ],
)
def test_a_session_that_cannot_be_says_why(what: str, sentence: str) -> None:
    printed, status = session_without(what)
    assert sentence in printed
    assert "Traceback" not in printed
    assert status == ExitStatus.FAILED
