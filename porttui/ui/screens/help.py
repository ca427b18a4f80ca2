"""The help: keys, symbols and filter syntax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.binding import BindingType

from porttui.analysis.filter import SYNTAX
from porttui.ui.keymap import ACTIONS, Group, dialog_bindings
from porttui.ui.screens.dialog import Dialog, KeyHint, labelled_line

LEGEND = (
    ("+", "new within the last seconds"),
    ("-", "just gone"),
    ("~", "another process has the address now"),
    ("!", "exposed: other machines can reach it"),
    ("✗", "exhausted; running low is !, and ≤ is at most"),
    ("½", "half closed: one side has finished sending"),
    ("->", "from client to server: the server listens on that address"),
    ("~>", "likely server, judged by its port"),
    ("--", "which end is the server is unknown"),
)


class HelpDialog(Dialog[None]):
    """Lists keys, symbols and filter syntax."""

    NAME = "help"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    def __init__(self) -> None:
        super().__init__("Help")

    def body(self) -> Sequence[RenderableType]:
        """The keys by group, then marks and filter."""
        lines: list[RenderableType] = []
        for group in Group:
            rows = [(action.keys_text, action.help) for action in ACTIONS if action.group is group]
            lines += _section(group.value, rows)
        lines += _section("Marks", LEGEND)
        lines += _section("What / understands", SYNTAX)
        return lines[1:]

    def hints(self) -> Sequence[KeyHint]:
        """The way out."""
        return (KeyHint("↑ ↓", "scroll"), self.hint("close"))


def _section(title: str, rows: Sequence[tuple[str, str]]) -> list[RenderableType]:
    lines = [labelled_line(f"  {left}", right) for left, right in rows]
    return [Text(), Text(title, style="bold"), *lines]
