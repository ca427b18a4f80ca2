"""What the threads tell the application."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from porttui.analysis.board import Board
from porttui.host.clipboard import CopyResult
from porttui.model.stop import StopResult, StopTarget


@dataclass
class SampleTaken(Message):
    """A sample is there, analysed."""

    board: Board
    took_s: float | None
    """None when only the listeners were looked at."""
    period_s: float
    """Seconds from one look at the whole machine to the next."""

    def can_replace(self, message: Message) -> bool:
        """A slow screen skips to the newest sample."""
        return isinstance(message, SampleTaken)


@dataclass
class SampleFailed(Message):
    """The machine could not be read; what is on the screen is stale."""

    reason: str


@dataclass
class SamplingCrashed(Message):
    """A defect of porttui's own ended the sampling thread."""

    error: BaseException


@dataclass
class StopStepped(Message):
    """A stop that is going on has come one step further."""

    target: StopTarget
    words: str


@dataclass
class StopFinished(Message):
    """A stop is over."""

    result: StopResult


@dataclass
class CopyFinished(Message):
    """The clipboard has answered."""

    text: str
    result: CopyResult
