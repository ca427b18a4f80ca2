"""The status line: the last message, and the source and cost of samples."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from porttui.ui.widgets.columns import Tone, fit

_STYLES = {tone: f"status-line--{tone}" for tone in (Tone.PLAIN, Tone.OK, Tone.WARNING, Tone.ERROR)}
"""Component classes of messages."""


class StatusLine(Widget):
    """A message on the left, sampling information on the right."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $surface; color: $text-muted; }
    StatusLine > .status-line--plain { color: $foreground; }
    StatusLine > .status-line--ok { color: $text-success; text-style: bold; }
    StatusLine > .status-line--warning { color: $text-warning; text-style: bold; }
    StatusLine > .status-line--error { color: $text-error; text-style: bold; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_STYLES.values())

    def __init__(self) -> None:
        super().__init__()
        self._message = ""
        self._tone = Tone.PLAIN
        self._info = ""

    @property
    def message(self) -> str:
        """The message shown; "" for none."""
        return self._message

    def show_message(self, message: str, tone: Tone = Tone.PLAIN) -> None:
        """Show a message until the next one."""
        self._message, self._tone = message, tone
        self.refresh()

    def show_info(self, info: str) -> None:
        """Show information on the right, if the message leaves room."""
        if info != self._info:
            self._info = info
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """Render the line; the message has priority."""
        width = self.size.width
        room = width - 2 - (cell_len(self._message) + 2 if self._message else 0)
        info = self._info if cell_len(self._info) <= room else ""
        message_width = width - 2 - (cell_len(info) + 1 if info else 0)
        plain = self.rich_style
        message = self.get_component_rich_style(_STYLES[self._tone])
        segments = [
            Segment(" ", plain),
            Segment(fit(self._message, max(0, message_width)), message),
            Segment(f" {info} " if info else " ", plain),
        ]
        return Strip(segments).adjust_cell_length(width, plain)
