"""Tabs for small screens, which show one pane at a time: pane names with counts."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget


class TabLine(Widget):
    """ "1 Listening 14   2 Loopback 37   3 Ranges 1.5 %", the visible one reversed."""

    DEFAULT_CSS = """
    TabLine { height: 1; background: $surface; color: $text-muted; }
    """

    class Clicked(Message):
        """A tab was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__()
        self._labels: tuple[str, ...] = ()
        self._active = 1

    def show(self, labels: tuple[str, ...], active: int) -> None:
        """Write these names; `active`: the one in view, counted from 1."""
        if (labels, active) != (self._labels, self._active):
            self._labels, self._active = labels, active
            self.refresh()

    def render(self) -> Text:
        """The line."""
        line = Text(no_wrap=True, overflow="crop", end="")
        for number, label in enumerate(self._labels, 1):
            line.append(f" {label} ", style="bold reverse" if number == self._active else "")
        return line

    def on_click(self, event: events.Click) -> None:
        """Go to the pane whose name was clicked."""
        end = 0
        for number, label in enumerate(self._labels, 1):
            end += len(label) + 2
            if event.x < end:
                self.post_message(self.Clicked(number))
                return
