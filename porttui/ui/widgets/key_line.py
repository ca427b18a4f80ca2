"""The line of keys: one widget, where Textual's footer has one for each of them.

Each of those is styled by itself, and that again whenever the focus moves: a tenth of what the
first frame takes beside importing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from porttui.ui.keymap import Action

_KEY = "key-line--key"

KEPT = 2
"""How many keys at the end stay whatever the width: help, and the way out."""


class KeyLine(Widget):
    """ "x Stop   c Copy   / Filter ...": those that fit, and always the last ones."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    KeyLine {
        height: 1;
        background: $footer-background;
        color: $footer-description-foreground;
    }
    KeyLine > .key-line--key { color: $footer-key-foreground; text-style: bold; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_KEY}

    class Clicked(Message):
        """A key was clicked: its action is to be carried out."""

        def __init__(self, action: Action) -> None:
            super().__init__()
            self.action = action

    def __init__(self, actions: Sequence[Action]) -> None:
        """`actions`: in this order."""
        super().__init__()
        self._actions = tuple(actions)

    def shown(self, width: int) -> list[Action]:
        """Those that a line of this width has room for."""
        chosen = list(self._actions)
        # The blank behind the last one need not be there.
        while len(chosen) > KEPT and sum(map(_cells, chosen)) - 1 > width:
            del chosen[-KEPT - 1]
        return chosen

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """The line."""
        words, key = self.rich_style, self.get_component_rich_style(_KEY)
        segments = []
        for action in self.shown(self.size.width):
            segments.append(Segment(f" {action.footer_key} ", key))
            segments.append(Segment(f"{action.label} ", words))
        return Strip(segments).adjust_cell_length(self.size.width, words)

    def on_click(self, event: events.Click) -> None:
        """Carry out what was clicked."""
        end = 0
        for action in self.shown(self.size.width):
            end += _cells(action)
            if event.x < end:
                self.post_message(self.Clicked(action))
                return


def _cells(action: Action) -> int:
    return cell_len(action.footer_key) + cell_len(action.label) + 3
