"""A second process of porttui's own: it answers requests, and ends with the first."""

from __future__ import annotations

import os
import select
import struct
import sys
from collections.abc import Callable, Sequence

from porttui.host import memory
from porttui.host.asking import HostError
from porttui.host.programs import RunAs, isolated_python, popen_options, small_environ
from porttui.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

_LENGTH = struct.Struct("=Q")
_ENDED = "the sampling process has ended"


class ChildEndedError(HostError):
    """The process is gone before it answered."""


class ChildProcess:
    """Runs a module of porttui; requests are single bytes, answers are frames of bytes.

    The child ends when its standard input does, so it cannot outlive this process, however that
    ends. It has a session of its own: keys and signals of the terminal are not for it.
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
                **popen_options(RunAs({**memory.ENVIRONMENT, **small_environ()})),
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
            raise ChildEndedError(_ENDED) from error

    def receive(self) -> bytes:
        """Wait for the answer.

        Raises:
            ChildEndedError: it ended instead.
        """
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return self._read(length)

    def has_answered(self) -> bool:
        """Whether its answer has begun to come, or it has ended: `receive` will not wait."""
        if not hasattr(select, "poll"):
            return False  # Windows, where pipes cannot be polled
        poller = select.poll()
        poller.register(_pipe(self._process.stdout), select.POLLIN)
        return bool(poller.poll(0))

    def close(self) -> None:
        """End it. It holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()

    def _read(self, size: int) -> bytes:
        content = bytearray(size)
        view, at = memoryview(content), 0
        pipe = _pipe(self._process.stdout)
        while at < size:
            try:
                count = os.readv(pipe.fileno(), [view[at:]])
            except ValueError as error:  # closed by another thread
                raise ChildEndedError(_ENDED) from error
            if count == 0:
                raise ChildEndedError(_ENDED)
            at += count
        return bytes(content)


def allow_many_files() -> None:
    """Raise this process's own limit of open files as far as it may, for what it holds open."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def answer_requests(answer: Callable[[bytes], bytes]) -> None:
    """The child's side: answer every byte on standard input until it ends."""
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


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
