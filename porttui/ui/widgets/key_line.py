"""The footer of keys, as one widget. Textual's Footer mounts and styles one widget for each key,
which takes a tenth of the first frame (without imports).
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

ALWAYS_SHOWN = 2
"""The last keys are visible at any width: help and quit."""


class KeyLine(Widget):
    """ "x Stop   c Copy   / Filter ...": the keys that fit, and always the last two."""

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

    def visible_actions(self, width: int) -> list[Action]:
        """The actions that fit into a line."""
        chosen = list(self._actions)
        # The blank behind the last one need not be there.
        while len(chosen) > ALWAYS_SHOWN and sum(map(_width, chosen)) - 1 > width:
            del chosen[-ALWAYS_SHOWN - 1]
        return chosen

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """The line."""
        label_style, key_style = self.rich_style, self.get_component_rich_style(_KEY)
        segments = []
        for action in self.visible_actions(self.size.width):
            segments.append(Segment(f" {action.footer_key} ", key_style))
            segments.append(Segment(f"{action.label} ", label_style))
        return Strip(segments).adjust_cell_length(self.size.width, label_style)

    def on_click(self, event: events.Click) -> None:
        """Carry out what was clicked."""
        end = 0
        for action in self.visible_actions(self.size.width):
            end += _width(action)
            if event.x < end:
                self.post_message(self.Clicked(action))
                return


def _width(action: Action) -> int:
    return cell_len(action.footer_key) + cell_len(action.label) + 3
