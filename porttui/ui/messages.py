"""Messages to the application from its sampling thread and its dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from porttui.analysis.dashboard import Dashboard
    from porttui.model.stop import StopResult


class SampleTaken(Message):
    """A sample was taken and analysed."""

    def __init__(self, dashboard: Dashboard, took_s: float | None, period_s: float) -> None:
        """Tell of a dashboard.

        Args:
            dashboard: What the panes are to show.
            took_s: None when only the listeners were sampled.
            period_s: Seconds from one sample of all sockets to the next.
        """
        super().__init__()
        self.dashboard = dashboard
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


class CopyRequested(Message):
    """A dialog asks for a text to be copied."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class StopFinished(Message):
    """A stop is over."""

    def __init__(self, result: StopResult, *, is_shown: bool) -> None:
        """`is_shown`: a dialog shows the result; otherwise it was closed before the end."""
        super().__init__()
        self.result = result
        self.is_shown = is_shown
