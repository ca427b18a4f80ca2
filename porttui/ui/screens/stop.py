"""The stop dialog: whom it would end, the question, and then what really happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType

from porttui.model.origin import Origin
from porttui.model.process import Process
from porttui.model.stop import StopOutcome, StopResult, StopSignal, StopTarget
from porttui.stopping.aim import Aim, AimAt
from porttui.stopping.guards import Guard
from porttui.stopping.stopper import Stopper
from porttui.text.processes import brief
from porttui.text.stop import is_good, sentence
from porttui.ui.key_order import KeysInOrder
from porttui.ui.screens.aim_lines import aim_lines
from porttui.ui.screens.dialog import Dialog, KeyHint
from porttui.ui.widgets.columns import Tone

Start = Callable[[StopTarget, tuple[Process, ...], StopSignal, Guard], None]
"""Begins a stop off the screen's thread."""

_BACK = "the holder instead"
_AGAIN = "That key came with others: press it again to answer."
_ANSWERS = {"y": StopSignal.TERM, "f": StopSignal.KILL}


class _Phase(Enum):
    ASKING = auto()
    TYPING = auto()
    """The name of the process has to be typed: it is one that much depends on."""
    RUNNING = auto()
    OVER = auto()


class StopDialog(Dialog[None]):
    """Acts on the target it was opened for, whatever is under the cursor by then."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "aim_at('ALL_HOLDERS')", "All holders"),
        Binding("P", "aim_at('PARENT')", "The parent"),
        Binding("G", "aim_at('GROUP')", "The process group"),
        Binding("j", "aim(1)", "Next holder", show=False),
        Binding("k", "aim(-1)", "Holder before", show=False),
        Binding("n,escape,q", "leave", "Leave it"),
        Binding("enter", "close_when_over", "Close", show=False),
    ]

    def __init__(self, target: StopTarget, stopper: Stopper, start: Start, now: float) -> None:
        """`now`: seconds since the epoch, for ages. Origins and groups come later: see `tell_*`."""
        super().__init__("Stop?")
        self._guard = stopper.guard(target)
        self._aim = Aim(target, self._guard.openers)
        self._stopper = stopper
        self._start = start
        self._now = now
        self._phase = _Phase.ASKING
        self._signal = StopSignal.TERM
        self._to_type: Process | None = None
        """Whose name is typed."""
        self._typed = ""
        self._note = ""
        self._steps: list[str] = []
        self._result: StopResult | None = None
        if target.holders:
            first = self._aim.holder
            others = [each for each in target.holders if each != first]
            self._box_title = f"Stop {brief((first, *others))}?" if first else "Stop?"

    @property
    def target(self) -> StopTarget:
        """What it was opened for."""
        return self._aim.target

    def body(self) -> Sequence[RenderableType]:
        """The target with all that the stop touches; later the steps and the outcome."""
        lines = list(aim_lines(self._aim, self._now, self.toned))
        if self._phase in (_Phase.ASKING, _Phase.TYPING):
            refusal = self._refusal()
            warnings = [self.toned(f"{each}.", Tone.ERROR) for each in self._warnings()]
            if refusal:
                lines += [Text(), self.toned(f"Not possible: {refusal}.", Tone.WARNING)]
            elif warnings:
                lines += [Text(), *warnings]
            if self._to_type is not None:
                names = " or ".join(_names(self._to_type))
                asked = f"Type {names} and Enter to send {self._signal}: "
                lines.append(Text.assemble(asked, (f"{self._typed}▏", "bold")))
            if self._note:
                lines += [Text(), self.toned(self._note, Tone.WARNING)]
            return lines
        lines += [Text(), *(Text(step) for step in self._steps)]
        if self._result is None:
            lines.append(self.toned("waiting ...", Tone.MUTED))
        else:
            tone = Tone.OK if is_good(self._result) else Tone.WARNING
            said = sentence(self._result)
            if self._can_force_again():
                said += " f sends SIGKILL."
            lines += [Text(), self.toned(said, tone)]
        return lines

    def draw(self) -> None:
        """What happens is at the end: there the view goes once it happens."""
        super().draw()
        if self._phase is not _Phase.ASKING:
            self.call_after_refresh(self.show_end)

    def hints(self) -> Sequence[KeyHint]:
        """Only what can be pressed in this phase."""
        if self._phase is _Phase.TYPING:
            return (KeyHint("Enter", "send it"), KeyHint("Esc", "leave it"))
        if self._phase is _Phase.RUNNING:
            return (KeyHint("Esc", "leave it running in the background"),)
        if self._phase is _Phase.OVER:
            again = (KeyHint("f", "force (SIGKILL)"),) if self._can_force_again() else ()
            return (*again, KeyHint("Esc", "close"))
        another = (KeyHint("j k", "another"),) if self._aim.is_shared else ()
        if self._refusal():
            return (*self._aim_hints(), *another, KeyHint("Esc", "close"))
        ask = "ask to exit (SIGTERM)" if self._stopper.asks_first else "end it (forced)"
        return (
            KeyHint("y", ask),
            KeyHint("f", "force (SIGKILL)"),
            *self._aim_hints(),
            *another,
            KeyHint("n", "leave it"),
        )

    def _aim_hints(self) -> Iterator[KeyHint]:
        """What else could be aimed at; for what is, the way back."""
        parent, group = self._aim.parent, self._aim.group
        for key, at, words, back in (
            ("a", AimAt.ALL_HOLDERS, "all holders", "only one"),
            ("P", AimAt.PARENT, f"stop its parent {parent.label}" if parent else "", _BACK),
            ("G", AimAt.GROUP, f"its process group of {len(group)}", _BACK),
        ):
            if self._aim.can_be_at(at):
                yield KeyHint(key, back if self._aim.at is at else words)

    def _answer(self, signal: StopSignal, event: events.Key) -> None:
        app = self.app
        assert isinstance(app, KeysInOrder)
        app.answer(event, partial(self._signal_if_asked, signal), self._ask_again)

    def _ask_again(self) -> None:
        if self._note != _AGAIN:  # a crowd of keys is drawn once
            self._note = _AGAIN
            self.draw()

    def _signal_if_asked(self, signal: StopSignal) -> None:
        """Begin the stop, if there is one to begin."""
        if not self.is_attached:
            return  # left in the moment in which it was seen that the key came alone
        self._note = ""
        forcing_on = self._can_force_again() and signal is StopSignal.KILL
        if self._phase is _Phase.ASKING and not self._refusal():
            self._to_type = next(filter(self._guard.warning, self._aim.chosen), None)
            if self._to_type is not None:
                self._phase, self._signal, self._typed = _Phase.TYPING, signal, ""
                self.draw()
                return
            chosen = self._aim.chosen
        elif forcing_on and self._result is not None:
            chosen = self._result.survivors
        else:
            return
        self._begin(chosen, signal)

    def press(self, event: events.Key) -> bool:
        """The answers; and the name where it is typed: no key of that is a command."""
        if self._to_type is None:
            signal = _ANSWERS.get(event.key)
            if signal is not None:
                self._answer(signal, event)
            return signal is not None
        if event.key == "escape":
            self._phase, self._to_type = _Phase.ASKING, None
        elif event.key == "enter":
            if self._typed in _names(self._to_type):
                self._begin(self._aim.chosen, self._signal)
            else:
                self._typed = ""
        elif event.key == "backspace":
            self._typed = self._typed[:-1]
        elif event.character is not None and event.is_printable:
            self._typed += event.character
        else:
            return event.key != "ctrl+c"
        self.draw()
        return True

    def _begin(self, chosen: tuple[Process, ...], signal: StopSignal) -> None:
        self._phase, self._to_type, self._result = _Phase.RUNNING, None, None
        self.draw()
        self._start(self.target, chosen, signal, self._guard)

    def action_aim_at(self, at: str) -> None:
        """Aim there instead of at the one holder, or at that again."""
        if self._phase is _Phase.ASKING:
            self._aim.toggle(AimAt[at])
            self.draw()

    def action_aim(self, step: int) -> None:
        """Aim at the next holder."""
        if self._phase is _Phase.ASKING:
            self._aim.move(step)
            self.draw()

    def action_leave(self) -> None:
        """Close; a stop that has begun goes on and reports at the bottom of the screen."""
        self.dismiss(None)

    def action_close_when_over(self) -> None:
        """Enter never confirms: it only closes what is over."""
        if self._phase is _Phase.OVER:
            self.dismiss(None)

    def tell_origin(self, process: Process, origin: Origin) -> None:
        """Where a holder comes from is known now."""
        self._aim.origins[process] = origin
        self._draw_while_asking()

    def tell_groups(
        self,
        groups: Mapping[Process, tuple[Process, ...]],
        also_hold: Mapping[int, tuple[str, ...]],
    ) -> None:
        """Who is in the holders' process groups is known now, and what else they listen on."""
        self._aim.know_groups(groups, also_hold)
        self._draw_while_asking()

    def stepped(self, words: str) -> None:
        """The stop has come one step further."""
        self._steps.append(words)
        self.draw()

    def finished(self, result: StopResult) -> None:
        """The stop is over."""
        self._phase, self._result = _Phase.OVER, result
        self.draw()

    def _draw_while_asking(self) -> None:
        if self._phase in (_Phase.ASKING, _Phase.TYPING):
            self.draw()

    def _warnings(self) -> list[str]:
        found = map(self._guard.warning, self._aim.chosen)
        return list(dict.fromkeys(each for each in found if each))

    def _refusal(self) -> str | None:
        reasons = [self._stopper.refusal(self.target)]
        reasons += [self._stopper.refusal(self.target, process) for process in self._aim.chosen]
        return next(filter(None, reasons), None)

    def _can_force_again(self) -> bool:
        return self._result is not None and self._result.outcome is StopOutcome.IGNORED_TERM


def _names(process: Process) -> tuple[str, ...]:
    """What may be typed for it: its pid, and its name if that can be told from others."""
    name, pid = process.name, str(process.pid)
    is_plain = name == process.shown_name and name.isascii() and "\\" not in name
    return (name, pid) if is_plain else (pid,)
