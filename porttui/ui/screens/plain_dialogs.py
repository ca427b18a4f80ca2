"""The dialogs without workers: a choice, the details of a row, the help, a text to copy by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.binding import BindingType

from porttui.analysis.filter import SYNTAX
from porttui.text import session as session_text
from porttui.text.rows import LEGEND
from porttui.ui.key_order import KeyBurst
from porttui.ui.keymap import ACTIONS, Group, dialog_bindings
from porttui.ui.panes.pane import Details
from porttui.ui.screens.dialog import Dialog, KeyHint, labelled_line
from porttui.ui.widgets.columns import Tone

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
        return [*lines, Text(), self.style_text(session_text.as_of(self._taken_at), Tone.MUTED)]

    def hints(self) -> Sequence[KeyHint]:
        """What can be done with the row."""
        stop = (self.hint("finish('stop')"),) if self._can_stop else ()
        return (*stop, self.hint("finish('copy')"), self.hint("close"))

    def action_finish(self, action: str) -> None:
        """Close, and have the application carry out `action`."""
        if action != "stop" or self._can_stop:
            self.dismiss(action)


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
