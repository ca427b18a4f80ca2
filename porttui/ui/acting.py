"""What keys do to a row beyond looking at it: details, copies and stops.

Imported, with the dialogs, at the first of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal, NamedTuple

from textual.app import App

from porttui.analysis.copies import Served, copies
from porttui.analysis.targets import also_holds
from porttui.diagnosis.diagnoser import Diagnoser
from porttui.host.asking import HostError, Want
from porttui.host.browser import open_url
from porttui.host.clipboard import CopyOutcome, CopyResult, SystemClipboard
from porttui.host.contract import Host
from porttui.model.address import Protocol
from porttui.model.process import Process
from porttui.model.stop import StopResult, StopSignal, StopTarget
from porttui.sampling.errors import SampleError
from porttui.sampling.snapshots import SnapshotSource
from porttui.stopping.guards import Guard
from porttui.stopping.stopper import Stopper
from porttui.text.processes import HIDDEN, brief
from porttui.text.stop import is_good, sentence
from porttui.ui.asking import Asking
from porttui.ui.errands import Errands
from porttui.ui.panes.pane import Details, StopChoice
from porttui.ui.screens.choose import Choice, ChooseDialog
from porttui.ui.screens.details import DetailsDialog
from porttui.ui.screens.help import HelpDialog
from porttui.ui.screens.show_text import ShowText
from porttui.ui.screens.stop import StopDialog
from porttui.ui.widgets.columns import Tone

Say = Callable[[str, Tone], None]
"""Puts a message on the status line."""

_ORIGINS = 12
"""Holders of which it is looked up where they come from."""


class Means(NamedTuple):
    """What acts on the machine."""

    host: Host
    sampler: SnapshotSource
    stopper: Stopper
    clipboard: SystemClipboard
    open_url: Callable[[str], None] = open_url


class Acting:
    """Opens the dialogs over an application, and has done what they decide."""

    def __init__(
        self, app: App[int], means: Means, say: Say, look_again: Callable[[], None]
    ) -> None:
        """`look_again`: has the machine looked at anew, after a stop."""
        self._app = app
        self._means = means
        self._stopper = means.stopper
        self._say = say
        self._look_again = look_again
        self._errands = Errands(app)
        self._diagnoser = Diagnoser(means.host, means.sampler)
        self.asking = Asking(
            app, means.host, means.sampler, say=say, copy=self.copy, stop=self._stop_one_of
        )
        """Questions about a port."""

    def help(self) -> None:
        """Show the keys."""
        self._app.push_screen(HelpDialog())

    def details(
        self, details: Details, address: str | None, choices: Sequence[StopChoice], taken_at: str
    ) -> None:
        """Show what is known of a row; from there it can be copied or stopped."""

        def follow_up(action: str | None) -> None:
            if action == "copy":
                self.copy(address)
            elif action == "stop":
                self.stop(choices)

        dialog = DetailsDialog(details, taken_at, can_stop=bool(choices))
        self._app.push_screen(dialog, follow_up)

    def copy(self, text: str | None) -> None:
        """Copy, and say what came of it; None is no row."""
        if text is None:
            self._say("There is no row here to copy", Tone.WARNING)
            return

        def copy() -> None:
            result = self._means.clipboard.copy(text)
            self._errands.tell(lambda: self._show_copy(text, result))

        self._errands.run("copy", copy)

    def copy_as(self, served: Served | None) -> None:
        """Ask in which form to copy a server's address."""
        if served is None:
            self._say("There is no server on this row", Tone.WARNING)
            return

        def copy(text: str | None) -> None:
            if text is not None:
                self.copy(text)

        choices = [Choice(each.key, each.text, each.text, each.label) for each in copies(served)]
        self._app.push_screen(ChooseDialog("Copy what?", choices), copy)

    def browse(self, served: Served | None) -> None:
        """Open a server in the browser."""
        if served is None or served.protocol is not Protocol.TCP:
            self._say("There is no TCP server on this row to open", Tone.WARNING)
            return
        url = served.url
        self._errands.ask(
            "browser",
            lambda: self._means.open_url(url),
            lambda _: self._say(f"Sent {url} to the browser", Tone.PLAIN),
            lambda why: self._say(f"Not opened: {why}; C copies {url}", Tone.WARNING),
        )

    def stop(self, choices: Sequence[StopChoice]) -> None:
        """Ask which of a row's processes to stop, if there are two, and then whether to."""
        self._choose_target("Stop which end?", choices)

    def _stop_one_of(self, targets: Sequence[StopTarget]) -> None:
        """Each address of a port is a server of its own."""
        choices = [
            StopChoice(str(number), f"{target.endpoint}: {_whose(target)}", target)
            for number, target in enumerate(targets[:9], 1)
        ]
        self._choose_target("Stop which one?", choices)

    def _choose_target(self, title: str, choices: Sequence[StopChoice]) -> None:
        if not choices:
            self._say("There is no process on this row to stop", Tone.WARNING)
        elif len(choices) == 1:
            self._ask_to_stop(choices[0].target)
        else:
            found = [Choice(*each) for each in choices]
            self._app.push_screen(ChooseDialog(title, found), self._ask_to_stop)

    def _ask_to_stop(self, target: StopTarget | None) -> None:
        if target is not None:
            dialog = StopDialog(target, self._stopper, self._begin_stop, time.time())
            self._app.push_screen(dialog)
            self._errands.run("origins", partial(self._tell_origins, dialog))

    def _tell_origins(self, dialog: StopDialog) -> None:
        first = dialog.target.holders[:_ORIGINS]
        origins = []
        for process in first:
            origins.append(self._diagnoser.origin(process))
            self._errands.tell(partial(dialog.tell_origin, process, origins[-1]))
        with suppress(HostError, SampleError):
            self._tell_groups(dialog, self._means.host.read_groups(first))
        for origin in self._diagnoser.named(origins):
            if origin not in origins:
                self._errands.tell(partial(dialog.tell_origin, origin.traces.process, origin))

    def _tell_groups(
        self, dialog: StopDialog, groups: Mapping[Process, tuple[Process, ...]]
    ) -> None:
        target = dialog.target
        listening = self._means.sampler.sample(Want.LISTENING)
        members = {member for group in groups.values() for member in group}
        also_hold = dict(also_holds(listening, members, (target.protocol, target.endpoint)))
        self._errands.tell(partial(dialog.tell_groups, groups, also_hold))

    def _begin_stop(
        self, target: StopTarget, chosen: tuple[Process, ...], signal: StopSignal, guard: Guard
    ) -> None:
        def tell(words: str) -> None:
            self._errands.tell(lambda: self._show_step(target, words))

        def stop() -> None:
            result = self._stopper.stop(target, chosen, signal, tell, guard=guard)
            self._errands.tell(lambda: self._show_result(result))

        self._errands.run("stop", stop)

    def _show_step(self, target: StopTarget, words: str) -> None:
        """In the stop's dialog, if that is still open."""
        for dialog in self._stop_dialogs(target):
            dialog.stepped(words)

    def _show_result(self, result: StopResult) -> None:
        """In the stop's dialog, or as a toast where that was left."""
        good, words = is_good(result), sentence(result)
        self._say(words, Tone.OK if good else Tone.WARNING)
        dialogs = self._stop_dialogs(result.target)
        for dialog in dialogs:
            dialog.finished(result)
        if not dialogs:
            severity: Literal["information", "warning"] = "information" if good else "warning"
            self._app.notify(words, severity=severity, timeout=10, markup=False)
        self._look_again()

    def _stop_dialogs(self, target: StopTarget) -> list[StopDialog]:
        open_ones = [each for each in self._app.screen_stack if isinstance(each, StopDialog)]
        return [each for each in open_ones if each.target == target]

    def _show_copy(self, text: str, result: CopyResult) -> None:
        """Say which clipboard has it and how sure that is."""
        if result.outcome is CopyOutcome.CONFIRMED:
            self._say(f"Copied {text} ({result.via})", Tone.OK)
        elif result.outcome is CopyOutcome.HANDED_OVER:
            self._say(f"Sent {text} to {result.via}; {result.detail}", Tone.PLAIN)
        elif result.outcome is CopyOutcome.TERMINAL:
            self._app.copy_to_clipboard(text)
            self._say(f"Sent {text} to the terminal's clipboard (OSC 52, unconfirmed)", Tone.PLAIN)
        else:
            self._say(f"No clipboard here; select it: {text}", Tone.WARNING)
            self._app.push_screen(ShowText(text, result.detail))


def _whose(target: StopTarget) -> str:
    return brief(target.holders) if target.holders else HIDDEN
