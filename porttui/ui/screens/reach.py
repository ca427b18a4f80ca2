"""Whether a client can connect: every address that a name stands for, tried now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType

from porttui.model.contact import Contact, ContactOutcome, Reach
from porttui.text.diagnosis import spelled
from porttui.text.probe import OUTCOMES, advice, contact_words
from porttui.ui.screens.dialog import Dialog, KeyHint
from porttui.ui.widgets.columns import Tone

Try = Callable[["ReachDialog", bool], None]
"""Tries to connect, speaking HTTP or not; ends in the dialog's `found` or `failed`."""


class ReachDialog(Dialog[None]):
    """Sends nothing until it is told to speak HTTP."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "try_http", "Ask by HTTP"),
        Binding("r", "try", "Try again"),
        Binding("escape,q,enter", "leave", "Close"),
    ]

    def __init__(self, host: str, port: int, try_: Try) -> None:
        super().__init__(f"Connect to {f'[{host}]' if ':' in host else host}:{port}")
        self.host = host
        self.port = port
        self._try = try_
        self._found: Reach | None = None
        self._failure = ""

    def on_mount(self) -> None:
        """Try at once."""
        self.action_try()

    def found(self, reach: Reach) -> None:
        """Show what came of it."""
        self._found, self._failure = reach, ""
        self.draw()

    def failed(self, reason: str) -> None:
        """Say why nothing could be tried."""
        self._failure = reason
        self.draw()

    def body(self) -> Sequence[RenderableType]:
        """A line for each address, and what else to know."""
        if self._failure:
            return [self.toned(f"Nothing was tried: {self._failure}.", Tone.ERROR)]
        if self._found is None:
            return [self.toned("connecting ...", Tone.MUTED)]
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for contact in self._found.contacts:
            table.add_row(
                spelled(contact.remote),
                self.toned(OUTCOMES[contact.outcome], _tone(contact)),
                Text(contact_words(self._found, contact)),
            )
        notes = [self.toned(note, Tone.WARNING) for note in advice(self._found)]
        return [table, *([Text()] if notes else []), *notes]

    def hints(self) -> Sequence[KeyHint]:
        """What there is to do."""
        outcomes = {each.outcome for each in self._found.contacts} if self._found else set()
        asks = (KeyHint("h", "ask by HTTP"),) if ContactOutcome.SILENT in outcomes else ()
        return (*asks, KeyHint("r", "try again"), KeyHint("Esc", "close"))

    def action_try(self) -> None:
        """Connect, and send nothing."""
        self._begin(speak_http=False)

    def action_try_http(self) -> None:
        """Connect, and send one HEAD request where the server waits."""
        self._begin(speak_http=True)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def _begin(self, *, speak_http: bool) -> None:
        self._found = None
        self.draw()
        self._try(self, speak_http)


def _tone(contact: Contact) -> Tone:
    if contact.outcome is ContactOutcome.ANSWERS:
        return Tone.OK
    return Tone.WARNING if contact.outcome.is_connected else Tone.ERROR
