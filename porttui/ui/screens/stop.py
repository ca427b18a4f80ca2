"""The stop dialog: whom it would end, the question, and then what really happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import events, on
from textual.app import App
from textual.binding import BindingType
from textual.message import Message

from porttui.analysis.stop_targets import other_endpoints
from porttui.host.request import HostError, SocketRequest
from porttui.model.process import Process
from porttui.model.provenance import Origin
from porttui.model.stop import StopOutcome, StopResult, StopSignal, StopTarget
from porttui.sampling.sources import SampleError
from porttui.stopping.selection import SelectionMode, StopSelection
from porttui.text import session as session_text
from porttui.text.processes import HIDDEN, brief
from porttui.text.stop import is_success, sentence
from porttui.ui.key_order import KeyBurst
from porttui.ui.keymap import dialog_bindings
from porttui.ui.messages import StopFinished
from porttui.ui.panes.pane import StopChoice
from porttui.ui.screens.dialog import Dialog, KeyHint
from porttui.ui.screens.plain_dialogs import Choice, ChooseDialog
from porttui.ui.screens.process_lines import selection_lines
from porttui.ui.services import Services
from porttui.ui.widgets.columns import Tone

_ANSWERS = {"terminate": StopSignal.TERM, "kill": StopSignal.KILL}
_ORIGINS = 12
"""Holders whose origin is looked up."""


class _Phase(Enum):
    ASKING = auto()
    TYPING = auto()
    """The name of the process has to be typed: much depends on it."""
    RUNNING = auto()
    OVER = auto()


class StopDialog(Dialog[None]):
    """Acts on the target it was opened for, whatever is under the cursor by then."""

    NAME = "stop"
    BINDINGS: ClassVar[list[BindingType]] = dialog_bindings(NAME)

    class StepTaken(Message):
        """The stop has come one step further."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, target: StopTarget, services: Services) -> None:
        super().__init__(session_text.stop_title())
        self._services = services
        self._stopper = services.stopper
        self._guard = self._stopper.guard(target)
        self._selection = StopSelection(target, self._guard.openers)
        self._now = services.now()
        self._phase = _Phase.ASKING
        self._signal = StopSignal.TERM
        self._to_type: Process | None = None
        """Whose name is typed."""
        self._typed = ""
        self._note = ""
        self._steps: list[str] = []
        self._result: StopResult | None = None
        if target.holders:
            first = self._selection.holder
            others = [each for each in target.holders if each != first]
            self._box_title = session_text.stop_title(brief((first, *others)) if first else "")

    @property
    def target(self) -> StopTarget:
        """What it was opened for."""
        return self._selection.target

    def on_mount(self) -> None:
        """Look up where the holders come from, and their process groups."""
        self.run_worker(self._look_up(), "origins")

    def body(self) -> Sequence[RenderableType]:
        """The target with all that the stop touches; later the steps and the outcome."""
        lines = list(selection_lines(self._selection, self._now, self.style_text))
        if self._phase in (_Phase.ASKING, _Phase.TYPING):
            refusal = self._refusal()
            warnings = [self.style_text(f"{warning}.", Tone.ERROR) for warning in self._warnings()]
            if refusal:
                lines += [Text(), self.style_text(session_text.cannot_stop(refusal), Tone.WARNING)]
            elif warnings:
                lines += [Text(), *warnings]
            if self._to_type is not None:
                names = " or ".join(_names(self._to_type))
                asked = session_text.type_to_send(names, self._signal)
                lines.append(Text.assemble(asked, (f"{self._typed}▏", "bold")))
            if self._note:
                lines += [Text(), self.style_text(self._note, Tone.WARNING)]
            return lines
        lines += [Text(), *(Text(step) for step in self._steps)]
        if self._result is None:
            lines.append(self.style_text(session_text.WAITING, Tone.MUTED))
        else:
            tone = Tone.OK if is_success(self._result) else Tone.WARNING
            text = sentence(self._result)
            if self._can_force_again():
                text += session_text.forces(self.hint("kill").key)
            lines += [Text(), self.style_text(text, tone)]
        return lines

    def draw(self) -> None:
        """What happens is at the end: there the view goes once it happens."""
        super().draw()
        if self._phase is not _Phase.ASKING:
            self.call_after_refresh(self.show_end)

    def hints(self) -> Sequence[KeyHint]:
        """Only what can be pressed in this phase."""
        if self._phase is _Phase.TYPING:
            return (
                KeyHint("Enter", session_text.SEND_IT),
                self.hint("close", session_text.LEAVE_IT),
            )
        if self._phase is _Phase.RUNNING:
            return (self.hint("close", session_text.LEAVE_RUNNING),)
        if self._phase is _Phase.OVER:
            return (*([self.hint("kill")] if self._can_force_again() else []), self.hint("close"))
        another = (self.hint("move(1)"),) if self._selection.is_shared else ()
        if self._refusal():
            return (*self._selection_hints(), *another, self.hint("close"))
        return (
            self.hint(
                "terminate", "" if self._stopper.supports_sigterm else session_text.END_FORCED
            ),
            self.hint("kill"),
            *self._selection_hints(),
            *another,
            self.hint("decline"),
        )

    def _selection_hints(self) -> Iterator[KeyHint]:
        """What else could be stopped; for what is chosen, the way back."""
        parent, group = self._selection.parent, self._selection.group
        for at, words, back in (
            (SelectionMode.ALL_HOLDERS, "", session_text.ONLY_ONE),
            (
                SelectionMode.PARENT,
                session_text.stop_parent(parent.label) if parent else "",
                session_text.HOLDER_INSTEAD,
            ),
            (SelectionMode.GROUP, session_text.stop_group(len(group)), session_text.HOLDER_INSTEAD),
        ):
            if self._selection.can_select(at):
                yield self.hint(
                    f"select('{at.name}')", back if self._selection.mode is at else words
                )

    def consume_key(self, event: events.Key, burst: KeyBurst) -> bool:
        """The answers; and the name where it is typed: no key of that is a command."""
        if self._to_type is None:
            return self._answer(event, burst)
        if event.key == "escape":
            self._phase, self._to_type = _Phase.ASKING, None
        elif event.key == "enter":
            if self._typed in _names(self._to_type):
                self._start(self._selection.chosen, self._signal)
            else:
                self._typed, self._note = "", session_text.WRONG_NAME
        elif event.key == "backspace":
            self._typed = self._typed[:-1]
        elif event.character is not None and event.is_printable:
            self._typed += event.character
            self._note = ""
        else:
            return event.key != "ctrl+c"
        self.draw()
        return True

    def _answer(self, event: events.Key, burst: KeyBurst) -> bool:
        answer = next((key for key in self.keys if key.is_answer and event.key in key.keys), None)
        if answer is None:
            return False
        send = partial(self._send, _ANSWERS[answer.id])
        burst.answer(event, self.set_timer, send, self._ask_again)
        return True

    def _ask_again(self) -> None:
        if self._note != session_text.PRESS_ALONE:  # a burst of keys is drawn once
            self._note = session_text.PRESS_ALONE
            self.draw()

    def _send(self, signal: StopSignal) -> None:
        """Start the stop, if one can be started."""
        self._note = ""
        if self._phase is _Phase.ASKING and not self._refusal():
            self._to_type = next(filter(self._guard.warning, self._selection.chosen), None)
            if self._to_type is None:
                self._start(self._selection.chosen, signal)
                return
            self._phase, self._signal, self._typed = _Phase.TYPING, signal, ""
            self.draw()
        elif self._can_force_again() and signal is StopSignal.KILL and self._result is not None:
            self._start(self._result.survivors, signal)

    def _start(self, chosen: tuple[Process, ...], signal: StopSignal) -> None:
        self._phase, self._to_type, self._result = _Phase.RUNNING, None, None
        self.draw()
        # The application's worker: the stop goes on when the dialog is closed.
        self.app.run_worker(self._stop(chosen, signal), "stop")

    async def _stop(self, chosen: tuple[Process, ...], signal: StopSignal) -> None:
        stop = partial(
            self._stopper.stop,
            self.target,
            chosen,
            signal,
            lambda words: self.post_message(self.StepTaken(words)),
            guard=self._guard,
        )
        result = await asyncio.to_thread(stop)
        self._phase, self._result = _Phase.OVER, result
        self.draw()
        self.app.post_message(StopFinished(result, is_shown=self.is_attached))

    @on(StepTaken)
    def _show_step(self, message: StepTaken) -> None:
        self._steps.append(message.words)
        self.draw()

    async def _look_up(self) -> None:
        """Each holder's origin, then the process groups, then names that may take seconds."""
        diagnoser = self._services.diagnoser
        first = self.target.holders[:_ORIGINS]
        origins = []
        for process in first:
            origins.append(await asyncio.to_thread(diagnoser.origin, process))
            self._show_origin(origins[-1])
        with suppress(HostError, SampleError):
            groups = await asyncio.to_thread(self._services.host.process_groups, first)
            listening = await asyncio.to_thread(
                self._services.sampler.sample, SocketRequest.LISTENING
            )
            members = {member for group in groups.values() for member in group}
            listener = (self.target.protocol, self.target.endpoint)
            self._selection.set_groups(groups, dict(other_endpoints(listening, members, listener)))
            self._draw_while_asking()
        for origin in await asyncio.to_thread(diagnoser.with_container_names, origins):
            self._show_origin(origin)

    def _show_origin(self, origin: Origin) -> None:
        process = origin.provenance.process
        if self._selection.origins.get(process) != origin:
            self._selection.origins[process] = origin
            self._draw_while_asking()

    def _draw_while_asking(self) -> None:
        if self._phase in (_Phase.ASKING, _Phase.TYPING):
            self.draw()

    def action_select(self, at: str) -> None:
        """Stop those instead of the one holder, or only that again."""
        if self._phase is _Phase.ASKING:
            self._selection.toggle(SelectionMode[at])
            self.draw()

    def action_move(self, step: int) -> None:
        """Choose another holder."""
        if self._phase is _Phase.ASKING:
            self._selection.move_holder(step)
            self.draw()

    def action_decline(self) -> None:
        """Close; a stop that has begun goes on and reports at the bottom of the screen."""
        self.action_close()

    def action_close_when_over(self) -> None:
        """Enter never confirms: it only closes what is over."""
        if self._phase is _Phase.OVER:
            self.dismiss(None)

    def _warnings(self) -> list[str]:
        found = map(self._guard.warning, self._selection.chosen)
        return list(dict.fromkeys(each for each in found if each))

    def _refusal(self) -> str | None:
        reasons = [self._stopper.refusal(self.target)]
        reasons += [
            self._stopper.refusal(self.target, process) for process in self._selection.chosen
        ]
        return next(filter(None, reasons), None)

    def _can_force_again(self) -> bool:
        return self._result is not None and self._result.outcome is StopOutcome.IGNORED_TERM


def choose_stop(
    app: App[Any],
    targets: Sequence[StopTarget],
    services: Services,
) -> None:
    """Open the dialog for the only target, or let one be chosen first: each address of a port is
    a server of its own."""
    choices = [
        StopChoice(str(number), f"{target.endpoint}: {_whose(target)}", target)
        for number, target in enumerate(targets[:9], 1)
    ]
    choose_target(app, session_text.STOP_WHICH_ONE, choices, services)


def choose_target(
    app: App[Any], title: str, choices: Sequence[StopChoice], services: Services
) -> None:
    """Open the dialog for the only choice, or for the one that is chosen of several."""

    def open_dialog(target: StopTarget | None) -> None:
        if target is not None:
            app.push_screen(StopDialog(target, services))

    if len(choices) == 1:
        open_dialog(choices[0].target)
    else:
        app.push_screen(ChooseDialog(title, [Choice(*each) for each in choices]), open_dialog)


def _whose(target: StopTarget) -> str:
    return brief(target.holders) if target.holders else HIDDEN


def _names(process: Process) -> tuple[str, ...]:
    """What may be typed for it: its pid, and its name if that can be told from others."""
    name, pid = process.name, str(process.pid)
    is_plain = name == process.shown_name and name.isascii() and "\\" not in name
    return (name, pid) if is_plain else (pid,)
