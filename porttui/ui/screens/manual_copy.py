"""A dialog with a text to copy by hand, where there is no clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.binding import BindingType

from porttui.text import session as session_text
from porttui.ui.keymap import dialog_bindings
from porttui.ui.screens.dialog import Dialog, KeyHint


class ManualCopyDialog(Dialog[None]):
    """Shows a text alone on a line."""

    NAME = "text"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(session_text.NO_CLIPBOARD)
        self._text = text
        self._reason = reason

    def body(self) -> Sequence[RenderableType]:
        """The text, and how to get at it."""
        return [
            Text(session_text.not_copied(self._reason)),
            Text(session_text.SELECT_BY_HAND),
            Text(),
            Text(self._text, style="bold"),
        ]

    def hints(self) -> Sequence[KeyHint]:
        """The way out."""
        return (self.hint("close"),)
