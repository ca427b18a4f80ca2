"""What the threads tell the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from porttui.analysis.board import Board


class SampleTaken(Message):
    """A sample is there, analysed."""

    def __init__(self, board: Board, took_s: float | None, period_s: float) -> None:
        """Tell of a board.

        Args:
            board: What the panes are to show.
            took_s: None when only the listeners were looked at.
            period_s: Seconds from one look at the whole machine to the next.
        """
        super().__init__()
        self.board = board
        self.took_s = took_s
        self.period_s = period_s

    def can_replace(self, message: Message) -> bool:
        """A slow screen skips to the newest sample."""
        return isinstance(message, SampleTaken)


class SampleFailed(Message):
    """The machine could not be read; what is on the screen is stale."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class SamplingCrashed(Message):
    """A defect of porttui's own ended the sampling thread."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Answered(Message):
    """What a thread was asked for is there; the application does what is to be done with it."""

    def __init__(self, tell: Callable[[], object]) -> None:
        super().__init__()
        self.tell = tell
