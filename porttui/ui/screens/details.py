"""The details of a row, as of the sample it was opened on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.binding import BindingType

from porttui.ui.keymap import dialog_bindings
from porttui.ui.panes.pane import Details
from porttui.ui.screens.dialog import Dialog, KeyHint, labelled_line
from porttui.ui.widgets.columns import Tone


class DetailsDialog(Dialog[str | None]):
    """Ends with the action to carry out on the same row, or with None."""

    NAME = "details"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    def __init__(self, details: Details, taken_at: str, *, can_stop: bool) -> None:
        super().__init__(details.title)
        self._details = details
        self._taken_at = taken_at
        self._can_stop = can_stop

    def body(self) -> Sequence[RenderableType]:
        """A line for each fact."""
        lines: list[RenderableType] = []
        for fact in self._details.facts:
            if fact.value:
                lines.append(labelled_line(fact.label, self.style_text(fact.value, fact.tone)))
            else:
                lines += [Text(), Text(fact.label, style="bold")]
        return [*lines, Text(), self.style_text(f"as of {self._taken_at}", Tone.MUTED)]

    def hints(self) -> Sequence[KeyHint]:
        """What can be done with the row."""
        stop = (self.hint("finish('stop')"),) if self._can_stop else ()
        return (*stop, self.hint("finish('copy')"), self.hint("close"))

    def action_finish(self, action: str) -> None:
        """Close, and have the application carry out `action`."""
        if action != "stop" or self._can_stop:
            self.dismiss(action)
