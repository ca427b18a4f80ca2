"""What keys do beyond looking: dialogs, copies and stops. Imported at the first of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from textual.app import App

from porttui.host.clipboard import CopyOutcome, SystemClipboard
from porttui.model.process import Process
from porttui.model.stop import StopSignal, StopTarget
from porttui.stopping.stopper import Stopper
from porttui.stopping.wording import is_good, sentence
from porttui.ui.messages import CopyFinished, StopFinished, StopStepped
from porttui.ui.panes.pane import Details, StopChoice
from porttui.ui.screens.choose_end import ChooseEnd
from porttui.ui.screens.details import DetailsDialog
from porttui.ui.screens.help import HelpDialog
from porttui.ui.screens.show_text import ShowText
from porttui.ui.screens.stop import StopDialog
from porttui.ui.widgets.columns import Tone

Say = Callable[[str, Tone], None]
"""Puts a message on the status line."""


class Acting:
    """Opens the dialogs over an application, and does off its thread what they decide."""

    def __init__(
        self, app: App[int], stopper: Stopper, clipboard: SystemClipboard, say: Say
    ) -> None:
        self._app = app
        self._stopper = stopper
        self._clipboard = clipboard
        self._say = say

    def help(self) -> None:
        """Show the keys."""
        self._app.push_screen(HelpDialog())

    def details(
        self, details: Details, address: str | None, choices: tuple[StopChoice, ...], taken_at: str
    ) -> None:
        """Show what is known of a row; from there it can be copied or stopped."""

        def follow_up(action: str | None) -> None:
            if action == "copy":
                self.copy(address)
            elif action == "stop":
                self.choose_end(choices)

        dialog = DetailsDialog(details, taken_at, can_stop=bool(choices))
        self._app.push_screen(dialog, follow_up)

    def copy(self, text: str | None) -> None:
        """Copy; a `CopyFinished` tells what came of it."""
        if text is None:
            self._say("There is no row here to copy", Tone.WARNING)
            return

        def copy() -> None:
            self._app.post_message(CopyFinished(text, self._clipboard.copy(text)))

        self._app.run_worker(copy, thread=True, name="copy")

    def show_copy(self, message: CopyFinished) -> None:
        """Say which clipboard has it and how sure that is."""
        text, result = message.text, message.result
        if result.outcome is CopyOutcome.CONFIRMED:
            self._say(f"Copied {text} ({result.via})", Tone.OK)
        elif result.outcome is CopyOutcome.HANDED_OVER:
            self._say(f"Handed {text} to {result.via}: {result.detail}", Tone.PLAIN)
        elif result.outcome is CopyOutcome.TERMINAL:
            self._app.copy_to_clipboard(text)
            self._say(f"Sent {text} to the terminal's clipboard (OSC 52, unconfirmed)", Tone.PLAIN)
        else:
            self._say(f"No clipboard here; select it: {text}", Tone.WARNING)
            self._app.push_screen(ShowText(text, result.detail))

    def choose_end(self, choices: tuple[StopChoice, ...]) -> None:
        """Ask which of a row's processes to stop, if there are two, and then whether to."""
        if not choices:
            self._say("There is no process on this row to stop", Tone.WARNING)
        elif len(choices) == 1:
            self._ask_to_stop(choices[0].target)
        else:
            self._app.push_screen(ChooseEnd(choices), self._ask_to_stop)

    def show_step(self, message: StopStepped) -> None:
        """One step of a stop, in its dialog if that is still open."""
        for dialog in self._stop_dialogs(message.target):
            dialog.stepped(message.words)

    def show_result(self, message: StopFinished) -> None:
        """What a stop ended in: in its dialog, or as a toast where that was left."""
        result = message.result
        good, words = is_good(result), sentence(result)
        self._say(words, Tone.OK if good else Tone.WARNING)
        dialogs = self._stop_dialogs(result.target)
        for dialog in dialogs:
            dialog.finished(result)
        if not dialogs:
            severity: Literal["information", "warning"] = "information" if good else "warning"
            self._app.notify(words, severity=severity, timeout=10, markup=False)

    def _ask_to_stop(self, target: StopTarget | None) -> None:
        if target is not None:
            dialog = StopDialog(target, self._stopper, self._begin_stop, time.time())
            self._app.push_screen(dialog)

    def _begin_stop(
        self, target: StopTarget, chosen: tuple[Process, ...], signal: StopSignal
    ) -> None:
        def tell(words: str) -> None:
            self._app.post_message(StopStepped(target, words))

        def stop() -> None:
            result = self._stopper.stop(target, chosen, signal, tell)
            self._app.post_message(StopFinished(result))

        self._app.run_worker(stop, thread=True, name="stop")

    def _stop_dialogs(self, target: StopTarget) -> list[StopDialog]:
        open_ones = [each for each in self._app.screen_stack if isinstance(each, StopDialog)]
        return [each for each in open_ones if each.target == target]
