"""The line above the keys: the last message, the filter in force, and what samples cost."""

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
    """A message on the left, facts about the sampling on the right."""

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
        self._facts = ""

    @property
    def message(self) -> str:
        """What is said now; "" when nothing is."""
        return self._message

    def say(self, message: str, tone: Tone = Tone.PLAIN) -> None:
        """Say this until something else is said."""
        self._message, self._tone = message, tone
        self.refresh()

    def show_facts(self, facts: str) -> None:
        """Show this on the right, as far as the message leaves room."""
        if facts != self._facts:
            self._facts = facts
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """The line; what is said comes before what is always there."""
        width = self.size.width
        room = width - 2 - (cell_len(self._message) + 2 if self._message else 0)
        facts = self._facts if cell_len(self._facts) <= room else ""
        said = width - 2 - (cell_len(facts) + 1 if facts else 0)
        plain = self.rich_style
        message = self.get_component_rich_style(_STYLES[self._tone])
        segments = [
            Segment(" ", plain),
            Segment(fit(self._message, max(0, said)), message),
            Segment(f" {facts} " if facts else " ", plain),
        ]
        return Strip(segments).adjust_cell_length(width, plain)
