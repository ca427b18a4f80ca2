"""Starts a child process of porttui, sends requests and reads answers."""

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
"""Makes glibc return freed memory to the system (mallopt(3)).

A sample of 76,000 sockets frees large columns; glibc keeps tens of megabytes of them. With this
both processes take 103 to 106 MB, without it 119 to 124 (bar: 130).
"""

_LENGTH = struct.Struct("=Q")
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_KILL_TIMEOUT_S = 0.5
"""Wait for the end of a killed child."""
_ENDED_MESSAGE = "the sampling process has ended"


class ChildEndedError(HostError):
    """The child ended before it answered."""


class ChildTimeoutError(HostError):
    """The child did not answer in time."""


class ChildProcess:
    """Runs a module of porttui; requests are single bytes, answers are frames of bytes.

    The child ends when its standard input ends. On Linux the kernel kills it with the thread that
    started it, even if the child is stopped (see `serve_requests`). It has its own session, so keys
    and signals of the terminal do not reach it.
    """

    def __init__(self, module: str, arguments: Sequence[str] = ()) -> None:
        """Start Python with the module's `main` and these arguments.

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
        """Pid of the child."""
        return self._process.pid

    def send(self, request: bytes) -> None:
        """Send a request.

        Raises:
            ChildEndedError: the child has ended.
        """
        try:
            _pipe(self._process.stdin).write(request)
        except (OSError, ValueError) as error:  # ValueError: it has been closed
            raise ChildEndedError(_ENDED_MESSAGE) from error

    def receive(self, timeout_s: float) -> bytes:
        """Wait up to `timeout_s` seconds for the answer.

        Raises:
            ChildEndedError: the child ended instead.
            ChildTimeoutError: it neither answered nor ended.
        """
        deadline = time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        return self._read(length, deadline)

    def has_answered(self) -> bool:
        """Whether an answer has begun or the child has ended: `receive` will not wait."""
        return hasattr(select, "poll") and self._is_readable(0.0)

    def close(self) -> None:
        """Kill the child; it holds nothing that could be lost.

        A child that waits for a hanging file system ends when that answers.
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
                # Windows cannot poll a pipe: there the read waits without limit.
                if hasattr(select, "poll") and not self._is_readable(deadline - time.monotonic()):
                    raise ChildTimeoutError("the sampling process does not respond")
                count = os.readv(pipe.fileno(), [view[offset:]])
            except (ValueError, OSError) as error:  # closed by another thread
                raise ChildEndedError(_ENDED_MESSAGE) from error
            if count == 0:
                raise ChildEndedError(_ENDED_MESSAGE)
            offset += count
        return bytes(content)


def serve_requests(answer: Callable[[bytes], bytes]) -> None:
    """In the child: answer every byte on standard input until it ends."""
    parent = os.getppid()
    requests, answers = sys.stdin.fileno(), os.dup(sys.stdout.fileno())
    # Output that is printed by mistake must not get between the frames.
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
            # Only after the first answer: the session waits for it, and ctypes loads slowly.
            _die_with_parent(parent)
            parent = 0


def _die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2))."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
