"""A dialog to choose one of a few things by its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.binding import BindingType

from porttui.ui.key_order import KeyBurst
from porttui.ui.keymap import dialog_bindings
from porttui.ui.screens.dialog import Dialog, KeyHint

V = TypeVar("V")


class Choice(NamedTuple, Generic[V]):
    """What can be chosen."""

    key: str
    words: str
    value: V
    label: str = ""
    """Before the words, in a column of its own."""


class ChooseDialog(Dialog[V | None], Generic[V]):
    """Ends with the value that was chosen, or with None; nothing is chosen beforehand."""

    NAME = "choice"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    def __init__(self, title: str, choices: Sequence[Choice[V]]) -> None:
        super().__init__(title)
        self._choices = choices

    def body(self) -> Sequence[RenderableType]:
        """A line for each."""
        width = max(cell_len(choice.label) for choice in self._choices)
        label = {choice: f"{choice.label:{width}}  " if width else "" for choice in self._choices}
        return [
            Text.assemble((choice.key, "bold reverse"), f" {label[choice]}{choice.words}")
            for choice in self._choices
        ]

    def hints(self) -> Sequence[KeyHint]:
        """The letters, and the way out."""
        letters = " ".join(choice.key for choice in self._choices)
        return (KeyHint(letters, "choose"), self.hint("close"))

    def consume_key(self, event: events.Key, burst: KeyBurst) -> bool:  # noqa: ARG002
        """Choose by the letter."""
        for choice in self._choices:
            if event.character == choice.key:
                self.dismiss(choice.value)
                return True
        return False
