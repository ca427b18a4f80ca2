"""Boards from a process of their own: sampling sixty thousand sockets never holds up a key."""

from __future__ import annotations

import _pickle
import time

from porttui.host.asking import HostError, SourceName, Want
from porttui.host.child_process import ChildEndedError, ChildProcess
from porttui.light_typing import TYPE_CHECKING, NamedTuple
from porttui.sampling.errors import SampleError, SamplerDefectError

if TYPE_CHECKING:
    # At run time it comes out of the first frame, while Textual is being imported.
    from collections.abc import Mapping

    from porttui.analysis.board import Board

PICKLE_PROTOCOL = 5
"""The newest that all Pythons from 3.11 on know: both processes are of the same."""

REQUESTS = {Want.ALL: b"a", Want.LISTENING: b"l"}


class BoardFrame(NamedTuple):
    """What the child answers with: one of the four."""

    board: Board | None = None
    """The first one."""
    changed: Mapping[str, object] | None = None
    """The fields of the board that are others than in the last one: most looks are at listeners
    alone, and tens of thousands of connections would go through the pipe again."""
    failure: str = ""
    """The machine could not be read."""
    defect: str = ""
    """The traceback of a defect."""
    cpu_s: float = 0.0
    """What the child has spent in its life, with its own children."""


class RemoteBoards:
    """Starts the child at once and asks for the first board, before anybody waits for it."""

    def __init__(self, source: SourceName) -> None:
        """Sample `source` in a new process.

        Raises:
            HostError: it cannot be started.
        """
        self._source = source
        self._is_asked = False
        self._cpu_s = 0.0
        self._childs_cpu_s = 0.0
        self._board: Board | None = None
        """The child's last one: its answers tell what has changed since."""
        self._child = self._start()

    @property
    def pid(self) -> int:
        """Of the child that samples now."""
        return self._child.pid

    def next(self, want: Want = Want.ALL) -> Board:
        """See `BoardSource.next`. A child that has died is replaced for the next time."""
        try:
            if not self._is_asked:
                self._child.send(REQUESTS[want])
            self._is_asked = False
            # From porttui's own child, over a pipe that nobody else has.
            answer, begun_s = self._child.receive(), time.thread_time()
            frame: BoardFrame = _pickle.loads(answer)
            self._cpu_s += time.thread_time() - begun_s
            self._cpu_s += max(0.0, frame.cpu_s - self._childs_cpu_s)
            self._childs_cpu_s = frame.cpu_s
        except ChildEndedError as error:
            self._replace()
            raise SampleError(f"{error}; a new one has been started") from error
        if frame.defect:
            raise SamplerDefectError(frame.defect)
        if frame.board is not None:
            self._board = frame.board
        if frame.failure or self._board is None:
            raise SampleError(frame.failure)
        if frame.changed is not None:
            self._board = self._board._replace(**frame.changed)  # type: ignore[arg-type]
        return self._board

    @property
    def cpu_s(self) -> float:
        """See `BoardSource.cpu_s`."""
        return self._cpu_s

    def has_answer(self) -> bool:
        """See `BoardSource.has_answer`."""
        return self._is_asked and self._child.has_answered()

    def close(self) -> None:
        """See `BoardSource.close`."""
        self._child.close()

    def _start(self) -> ChildProcess:
        self._childs_cpu_s = 0.0
        self._board = None
        child = ChildProcess("porttui.sampling.child", [self._source.value])
        child.send(REQUESTS[Want.ALL])
        self._is_asked = True
        return child

    def _replace(self) -> None:
        self._child.close()
        try:
            self._child = self._start()
        except HostError as error:
            raise SampleError(str(error)) from error
