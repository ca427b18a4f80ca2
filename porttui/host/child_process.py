"""A second process of porttui's own: it answers requests, and ends with the first."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import time
from collections.abc import Callable, Sequence

from porttui.host.programs import RunAs, isolated_python, minimal_environ, popen_options
from porttui.host.request import HostError
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

CHILD_ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": str(1 << 18)}
"""Has glibc give freed memory back to the system (mallopt(3)), in a process started with it.

A sample of 76,000 sockets frees large columns, of which glibc keeps tens of megabytes. With this
both processes take 103 to 106 MB, without it 119 to 124 (bar: 130).
"""

_LENGTH = struct.Struct("=Q")
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_KILL_TIMEOUT_S = 0.5
"""How long a killed child has to be gone."""
_ENDED_MESSAGE = "the sampling process has ended"


class ChildEndedError(HostError):
    """The process is gone before it answered."""


class ChildTimeoutError(HostError):
    """The process is there, and has not answered in time."""


class ChildProcess:
    """Runs a module of porttui; requests are single bytes, answers are frames of bytes.

    The child ends when its standard input does; on Linux the kernel kills it with the thread that
    started it, even a child that is stopped (see `serve_requests`). It has a session of its own:
    keys and signals of the terminal are not for it.
    """

    def __init__(self, module: str, arguments: Sequence[str] = ()) -> None:
        """Start Python with the module's `main`, and these arguments.

        Raises:
            HostError: it cannot be started.
        """
        # subprocess costs milliseconds of start-up that one-shot commands do not have.
        import subprocess

        try:
            self._process = subprocess.Popen(
                isolated_python(f"from {module} import main; main()", *arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                **popen_options(RunAs({**CHILD_ENVIRONMENT, **minimal_environ()})),
            )
        except OSError as error:
            raise HostError(f"a second process cannot be started: {error}") from error

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._process.pid

    def send(self, request: bytes) -> None:
        """Ask for something.

        Raises:
            ChildEndedError: nobody is there to ask.
        """
        try:
            _pipe(self._process.stdin).write(request)
        except (OSError, ValueError) as error:  # ValueError: it has been closed
            raise ChildEndedError(_ENDED_MESSAGE) from error

    def receive(self, timeout_s: float) -> bytes:
        """Wait for the answer, for so many seconds.

        Raises:
            ChildEndedError: it ended instead.
            ChildTimeoutError: it did neither.
        """
        deadline = time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        return self._read(length, deadline)

    def has_answered(self) -> bool:
        """Whether its answer has begun to come, or it has ended: `receive` will not wait."""
        return hasattr(select, "poll") and self._is_readable(0.0)

    def close(self) -> None:
        """End it. It holds nothing that could be lost.

        One that waits for a filesystem that does not answer ends when that does.
        """
        import subprocess

        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_TIMEOUT_S)
        _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()

    def _is_readable(self, timeout_s: float) -> bool:
        poller = select.poll()
        poller.register(_pipe(self._process.stdout), select.POLLIN)
        return bool(poller.poll(max(0.0, timeout_s) * 1000))

    def _read(self, size: int, deadline: float) -> bytes:
        content = bytearray(size)
        view, offset = memoryview(content), 0
        pipe = _pipe(self._process.stdout)
        while offset < size:
            try:
                # Windows cannot poll a pipe: there the answer is waited for.
                if hasattr(select, "poll") and not self._is_readable(deadline - time.monotonic()):
                    raise ChildTimeoutError("the sampling process does not answer")
                count = os.readv(pipe.fileno(), [view[offset:]])
            except (ValueError, OSError) as error:  # closed by another thread
                raise ChildEndedError(_ENDED_MESSAGE) from error
            if count == 0:
                raise ChildEndedError(_ENDED_MESSAGE)
            offset += count
        return bytes(content)


def raise_open_files_limit() -> None:
    """Raise this process's own limit of open files as far as it may, for what it holds open."""
    if sys.platform != "win32":
        import resource

        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def serve_requests(answer: Callable[[bytes], bytes]) -> None:
    """The child's side: answer every byte on standard input until it ends."""
    parent = os.getppid()
    requests, answers = sys.stdin.fileno(), os.dup(sys.stdout.fileno())
    # Nothing that prints by mistake may get between the frames.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    while request := os.read(requests, 1):
        frame = answer(request)
        content = memoryview(_LENGTH.pack(len(frame)) + frame)
        while content:
            try:
                content = content[os.write(answers, content) :]
            except BrokenPipeError:
                return
        if parent:
            # Not before the first answer: somebody waits for it, and ctypes takes its time.
            _die_with_parent(parent)
            parent = 0


def _die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread ends that started it (prctl(2))."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
