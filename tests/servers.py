"""Real servers and clients: child processes that end, and are reaped, with the test."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.children import Report, SocketSpec, Spec

ROOT = Path(__file__).parent.parent
PATIENCE_S = 30.0
"""How long a condition may take on a machine that is busy with other things."""

_PROGRAM = Path(__file__).with_name("children.py")
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37


def until(condition: Callable[[], object], what: str = "", within: float = PATIENCE_S) -> None:
    """Come back as soon as `condition` holds; fail when it never does."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what or condition}"
        time.sleep(0.01)


def free_port() -> int:
    """A TCP port that nothing is on, not even a closing connection, at any address.

    Port 0 at one address gives a port that may be taken at others.
    """
    with socket.socket(socket.AF_INET6) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::", 0))
        port: int = probe.getsockname()[1]
        return port


def is_readable(file: IO[Any], within_s: float = 0.0) -> bool:
    """Whether there is something to read, or its end.

    Not by select(2), which takes no descriptor beyond 1023: the caches of a test hold thousands,
    where there are as many processes.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return bool(selector.select(within_s))


class Child:
    """A helper process that is ready, with the processes it made."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        """Never poll() or wait() for it: it is reaped at the end, and until then its pid and
        its process group stay its own."""
        self.pids: tuple[int, ...] = ()
        self.ports: tuple[int, ...] = ()

    @property
    def pid(self) -> int:
        """Of the process with the sockets."""
        return self.pids[0]

    @property
    def port(self) -> int:
        """Of the first socket."""
        return self.ports[0]

    def tell(self, word: str) -> None:
        """Give it a word to obey: see `tests.children`."""
        assert self.process.stdin is not None
        self.process.stdin.write(word.encode() + b"\n")

    def await_report(self) -> Report:
        """The next report; `pids` and `ports` follow it."""
        out = self.process.stdout
        assert out is not None
        assert is_readable(out, PATIENCE_S), f"{self.process.args!r} said nothing"
        line = out.readline()
        assert line, f"{self.process.args!r} ended instead of getting ready"
        report: Report = json.loads(line)
        self.pids, self.ports = tuple(report["pids"]), tuple(report["ports"])
        return report

    def end(self) -> None:
        """Kill the process itself and await its end; it stays a zombie."""
        os.kill(self.process.pid, signal.SIGKILL)
        until(lambda: has_exited(self.process.pid), f"end of {self.process.pid}")


def has_exited(pid: int) -> bool:
    """Whether `pid` is a zombie or nothing at all."""
    try:
        content = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return content.rpartition(b")")[2].split()[0] in (b"Z", b"X")


class Servers:
    """Starts helper processes; leaving it ends all of them, with all that they have started."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._libc = ctypes.CDLL(None)
        self._was_subreaper = ctypes.c_int()

    def __enter__(self) -> Self:
        # Orphans of helpers become children of this process, so that it can reap them (prctl(2)).
        self._libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(self._was_subreaper), 0, 0, 0)
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for child in self._children:
            _end(child.process)
        self._children.clear()
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, self._was_subreaper.value, 0, 0, 0)

    def run(self, command: Sequence[str], *, pass_fds: Iterable[int] = ()) -> Child:
        """Start a program that reports nothing, `sleep` for example."""
        child = self._start(command, pass_fds)
        child.pids = (child.process.pid,)
        return child

    def start(
        self, spec: Spec, *, within: Sequence[str] = (), arguments: Sequence[str] = ()
    ) -> Child:
        """Start a helper and await its first report.

        `within` is a command that runs another (`unshare --net`); `arguments` are for show.
        """
        helper = [sys.executable, "-I", "-S", str(_PROGRAM), json.dumps(spec)]
        child = self._start([*within, *helper, *arguments])
        child.await_report()
        return child

    def listen(self, address: str = "127.0.0.1", port: int = 0) -> Child:
        """A plain TCP server."""
        return self.start({"sockets": [{"address": address, "port": port}]})

    def connect(self, peer: tuple[str, int], address: str | None = None) -> Child:
        """A client; its own address is of the family of its peer's."""
        own = address or peer[0]
        return self.start({"sockets": [SocketSpec(address=own, peer=peer)]})

    def _start(self, command: Sequence[str], pass_fds: Iterable[int] = ()) -> Child:
        process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
        self._children.append(Child(process))
        return self._children[-1]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill and reap the whole group. Its leader was not reaped, so the group is still its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    until(lambda: _reaped(process.pid), f"end of group {process.pid}")
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()
    # Somebody else reaped it, as far as Popen knows: it takes that for the end.
    process.wait()


def _reaped(group: int) -> bool:
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False
