"""Samples again and again on a thread of its own, one sample at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from textual.message import Message

from porttui.analysis.board import Board, next_board
from porttui.sampling.sampler import SampleError, Sampler
from porttui.ui.messages import SampleFailed, SampleTaken, SamplingCrashed

REST = 3.0
"""After a sample the loop rests at least so many times as long as the sample took: porttui
never takes more than a quarter of a core, on whatever machine."""


class SamplingLoop:
    """Posts a message for each sample, and rests in between."""

    def __init__(
        self, sampler: Sampler, interval_s: float, post: Callable[[Message], object]
    ) -> None:
        self._sampler = sampler
        self._interval_s = interval_s
        self._post = post
        self._wake = threading.Condition()
        self._wanted = False
        self._paused = False
        self._stopped = False
        # A daemon: a look at a machine whose /proc hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)

    def start(self) -> None:
        """Begin, with a sample at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the sample that is going on."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def sample_now(self) -> None:
        """Do not wait for the interval to end, nor for the pause."""
        with self._wake:
            self._wanted = True
            self._wake.notify()

    def pause(self, paused: bool) -> None:
        """Rest until further notice, or go on at once."""
        with self._wake:
            self._paused = paused
            self._wanted = not paused
            self._wake.notify()

    def _run(self) -> None:
        try:
            board: Board | None = None
            while not self._stopped:
                start = time.monotonic()
                board = self._sample(board, start)
                self._rest(start)
        except BaseException as error:  # noqa: BLE001  the application raises it again
            self._post(SamplingCrashed(error))

    def _sample(self, before: Board | None, start: float) -> Board | None:
        try:
            board = next_board(before, self._sampler.sample(), start)
        except SampleError as error:
            self._post(SampleFailed(str(error)))
            return before
        took_s = time.monotonic() - start
        self._post(SampleTaken(board, took_s, self._period_s(took_s)))
        return board

    def _period_s(self, took_s: float) -> float:
        return max(self._interval_s, took_s * (1 + REST))

    def _rest(self, start: float) -> None:
        due = start + self._period_s(time.monotonic() - start)
        with self._wake:
            self._wake.wait_for(self._must_act, timeout=max(0.0, due - time.monotonic()))
            self._wake.wait_for(lambda: self._must_act() or not self._paused)
            self._wanted = False

    def _must_act(self) -> bool:
        return self._stopped or self._wanted
