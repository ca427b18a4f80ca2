"""Which of the things about a server to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.binding import Binding, BindingType

from porttui.analysis.copies import Copy
from porttui.ui.screens.dialog import Dialog, KeyHint


class CopyAs(Dialog[str | None]):
    """Ends with the text to copy, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"choose('{key}')") for key in "apuksl"),
        Binding("escape,n,q", "leave", "Leave it"),
    ]

    def __init__(self, copies: Sequence[Copy]) -> None:
        super().__init__("Copy what?")
        self._copies = copies

    def body(self) -> Sequence[RenderableType]:
        """A line for each."""
        return [
            Text.assemble((each.key, "bold reverse"), f" {each.label:9}", each.text)
            for each in self._copies
        ]

    def hints(self) -> Sequence[KeyHint]:
        """The letters, and the way out."""
        letters = " ".join(each.key for each in self._copies)
        return (KeyHint(letters, "choose"), KeyHint("Esc", "leave it"))

    def action_choose(self, key: str) -> None:
        """Copy the one with this letter."""
        for each in self._copies:
            if each.key == key:
                self.dismiss(each.text)

    def action_leave(self) -> None:
        """Copy none."""
        self.dismiss(None)
