"""Which end of a connection to stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.binding import Binding, BindingType

from porttui.model.stop import StopTarget
from porttui.ui.panes.pane import StopChoice
from porttui.ui.screens.dialog import Dialog, KeyHint


class ChooseEnd(Dialog[StopTarget | None]):
    """A connection has two processes; neither is guessed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "choose('c')", "Client"),
        Binding("s", "choose('s')", "Server"),
        *(Binding(str(number), f"choose('{number}')") for number in range(1, 10)),
        Binding("escape,n,q", "leave", "Leave it"),
    ]

    def __init__(self, choices: tuple[StopChoice, ...]) -> None:
        super().__init__("Stop which one?" if choices[0].key == "1" else "Stop which end?")
        self._choices = choices

    def body(self) -> Sequence[RenderableType]:
        """A line for each end."""
        return [
            Text.assemble((choice.key, "bold reverse"), f" {choice.words}")
            for choice in self._choices
        ]

    def hints(self) -> Sequence[KeyHint]:
        """The ends' letters, and the way out."""
        letters = " ".join(choice.key for choice in self._choices)
        return (KeyHint(letters, "choose"), KeyHint("Esc", "leave it"))

    def action_choose(self, key: str) -> None:
        """Choose the end with this letter."""
        for choice in self._choices:
            if choice.key == key:
                self.dismiss(choice.target)

    def action_leave(self) -> None:
        """Choose neither."""
        self.dismiss(None)
