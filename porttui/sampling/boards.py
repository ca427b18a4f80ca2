"""Where the session gets its boards from: sampled here, or in a process beside it."""

from __future__ import annotations

import time

from porttui.analysis.board import Board
from porttui.analysis.board_making import Memory, next_board, with_listening
from porttui.host.asking import Want
from porttui.record import Protocol
from porttui.sampling.sampler import Sampler


class BoardSource(Protocol):
    """Gives boards, one at a time."""

    def next(self, want: Want = Want.ALL) -> Board:
        """Look at the machine; with Want.LISTENING only the listeners are of now.

        Raises:
            SampleError: nothing could be read.
            SamplerDefectError: porttui itself is at fault.
        """

    @property
    def cpu_s(self) -> float:
        """Processor time that all boards have taken up to now, in whatever process; seconds."""

    def has_answer(self) -> bool:
        """Whether a board is there already, so that `next` will not wait for it."""

    def close(self) -> None:
        """No board will be asked for any more."""


class LocalBoards:
    """Boards sampled in this process."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._board: Board | None = None
        self._memory: Memory | None = None
        self._cpu_s = 0.0

    @property
    def cpu_s(self) -> float:
        """See `BoardSource.cpu_s`."""
        return self._cpu_s

    def next(self, want: Want = Want.ALL) -> Board:
        """See `BoardSource.next`."""
        at, begun_s = time.monotonic(), time.thread_time()
        if want is Want.LISTENING and self._board is not None and self._memory is not None:
            snapshot = self._sampler.sample(Want.LISTENING_AGAIN)
            board, memory = with_listening(self._board, self._memory, snapshot, at)
        else:
            board, memory = self._next(at)
        self._board, self._memory = board, memory
        self._cpu_s += time.thread_time() - begun_s
        return board

    def _next(self, at: float) -> tuple[Board, Memory]:
        snapshot = self._sampler.sample()
        return next_board(self._memory, snapshot, at, self._sampler.limits(snapshot.sockets))

    def has_answer(self) -> bool:
        """See `BoardSource.has_answer`."""
        return False

    def close(self) -> None:
        """See `BoardSource.close`."""
