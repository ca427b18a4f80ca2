"""The stop dialog: whom it would end, the question, and then what really happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType

from porttui.diagnosis.origin_wording import chain_words, place_label, place_words, supervisor_words
from porttui.model.origin import Origin
from porttui.model.process import Process
from porttui.model.stop import StopOutcome, StopResult, StopSignal, StopTarget
from porttui.stopping.stopper import Stopper
from porttui.stopping.wording import is_good, sentence
from porttui.ui.screens.dialog import Dialog, KeyHint, labelled
from porttui.ui.widgets.columns import Tone
from porttui.ui.wording import age, counted, holders

Start = Callable[[StopTarget, tuple[Process, ...], StopSignal], None]
"""Begins a stop off the screen's thread."""

_LISTED = 12
_SEEN_TOGETHER = 3


class _Phase(Enum):
    ASKING = auto()
    TYPING = auto()
    """The name of the process has to be typed: it is one that much depends on."""
    RUNNING = auto()
    OVER = auto()


class StopDialog(Dialog[None]):
    """Acts on the target it was opened for, whatever is under the cursor by then."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "signal('TERM')", "Ask to exit"),
        Binding("f", "signal('KILL')", "Force"),
        Binding("a", "toggle_all", "All holders"),
        Binding("P", "toggle_parent", "The parent"),
        Binding("j", "aim(1)", "Next holder", show=False),
        Binding("k", "aim(-1)", "Holder before", show=False),
        Binding("n,escape,q", "leave", "Leave it"),
        Binding("enter", "close_when_over", "Close", show=False),
    ]

    def __init__(self, target: StopTarget, stopper: Stopper, start: Start, now: float) -> None:
        """`now`: seconds since the epoch, for ages. Origins come later: see `tell_origin`."""
        super().__init__(f"Stop {holders(target.holders)}?" if target.holders else "Stop?")
        self._target = target
        self._stopper = stopper
        self._start = start
        self._now = now
        self._aim = 0
        self._aim_at_all = False
        self._aim_at_parent = False
        self._phase = _Phase.ASKING
        self._origins: dict[Process, Origin] = {}
        self._signal = StopSignal.TERM
        self._typed = ""
        self._steps: list[str] = []
        self._result: StopResult | None = None

    @property
    def target(self) -> StopTarget:
        """What it was opened for."""
        return self._target

    def body(self) -> Sequence[RenderableType]:
        """The target with all that the stop touches; later the steps and the outcome."""
        lines = self._target_lines()
        if self._phase in (_Phase.ASKING, _Phase.TYPING):
            refusal = self._refusal()
            warnings = [self.toned(f"{each}.", Tone.ERROR) for each in self._warnings()]
            if refusal:
                lines += [Text(), self.toned(f"Not possible: {refusal}.", Tone.WARNING)]
            elif warnings:
                lines += [Text(), *warnings]
            if self._phase is _Phase.TYPING:
                asked = f"Type {self._name_to_type} (or its pid) and Enter to send {self._signal}: "
                lines.append(Text.assemble(asked, (f"{self._typed}▏", "bold")))
            return lines
        lines += [Text(), *(Text(step) for step in self._steps)]
        if self._result is None:
            lines.append(self.toned("waiting ...", Tone.MUTED))
        else:
            tone = Tone.OK if is_good(self._result) else Tone.WARNING
            lines += [Text(), self.toned(sentence(self._result), tone)]
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
        another = (KeyHint("j k", "another"),) if self._is_shared and not self._aim_at_all else ()
        if self._refusal():
            return (*another, *self._parent_hint, KeyHint("Esc", "close"))
        everyone = "only one" if self._aim_at_all else "all holders"
        ask = "ask to exit (SIGTERM)" if self._stopper.asks_first else "end it (forced)"
        return (
            KeyHint("y", ask),
            KeyHint("f", "force (SIGKILL)"),
            *((KeyHint("a", everyone),) if self._is_shared else ()),
            *self._parent_hint,
            *another,
            KeyHint("n", "leave it"),
        )

    @property
    def _parent_hint(self) -> tuple[KeyHint, ...]:
        parent = self._supervisor
        if parent is None:
            return ()
        aimed = "the holder instead" if self._aim_at_parent else f"stop its parent {parent.label}"
        return (KeyHint("P", aimed),)

    def action_signal(self, name: str) -> None:
        """Begin the stop, if there is one to begin."""
        signal = StopSignal[name]
        forcing_on = self._can_force_again() and signal is StopSignal.KILL
        if self._phase is _Phase.ASKING and not self._refusal():
            if self._warnings():
                self._phase, self._signal, self._typed = _Phase.TYPING, signal, ""
                self.draw()
                return
            chosen = self._chosen
        elif forcing_on and self._result is not None:
            chosen = self._result.survivors
        else:
            return
        self._begin(chosen, signal)

    def press(self, event: events.Key) -> bool:
        """The name is typed here; nothing else is, and no key of it is a command."""
        if self._phase is not _Phase.TYPING:
            return False
        if event.key == "escape":
            self._phase = _Phase.ASKING
        elif event.key == "enter":
            if self._typed in (self._name_to_type, str(self._chosen[0].pid)):
                self._begin(self._chosen, self._signal)
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
        self._phase, self._result = _Phase.RUNNING, None
        self.draw()
        self._start(self._target, chosen, signal)

    def action_toggle_all(self) -> None:
        """Aim at every holder, or at one again."""
        if self._phase is _Phase.ASKING and self._is_shared:
            self._aim_at_all = not self._aim_at_all
            self.draw()

    def action_toggle_parent(self) -> None:
        """Aim at the supervisor instead of the holder, or at the holder again."""
        if self._phase is _Phase.ASKING and self._supervisor is not None:
            self._aim_at_parent = not self._aim_at_parent
            self._aim_at_all = False
            self.draw()

    def action_aim(self, step: int) -> None:
        """Aim at the next holder."""
        if self._phase is _Phase.ASKING and self._is_shared:
            self._aim_at_all = False
            self._aim = max(0, min(self._aim + step, len(self._target.holders) - 1))
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
        self._origins[process] = origin
        if self._phase in (_Phase.ASKING, _Phase.TYPING):
            self.draw()

    def stepped(self, words: str) -> None:
        """The stop has come one step further."""
        self._steps.append(words)
        self.draw()

    def finished(self, result: StopResult) -> None:
        """The stop is over."""
        self._phase, self._result = _Phase.OVER, result
        self.draw()

    @property
    def _is_shared(self) -> bool:
        return len(self._target.holders) > 1

    @property
    def _chosen(self) -> tuple[Process, ...]:
        parent = self._supervisor
        if self._aim_at_parent and parent is not None:
            return (parent,)
        if self._aim_at_all:
            return self._target.holders
        return self._target.holders[self._aim : self._aim + 1]

    @property
    def _supervisor(self) -> Process | None:
        """The process that may start the one aimed at again."""
        holders = self._target.holders[self._aim : self._aim + 1]
        origins = [self._origins[each] for each in holders if each in self._origins]
        found = [each.process for origin in origins for each in origin.supervisors if each.process]
        return found[0] if found else None

    @property
    def _name_to_type(self) -> str:
        return self._chosen[0].name

    def _warnings(self) -> list[str]:
        found = [self._stopper.warning(process) for process in self._chosen]
        return list(dict.fromkeys(each for each in found if each))

    def _refusal(self) -> str | None:
        reasons = [self._stopper.refusal(self._target)]
        reasons += [self._stopper.refusal(self._target, process) for process in self._chosen]
        return next(filter(None, reasons), None)

    def _can_force_again(self) -> bool:
        return self._result is not None and self._result.outcome is StopOutcome.IGNORED_TERM

    def _target_lines(self) -> list[RenderableType]:
        clients = self._target.clients
        held = str(self._target.endpoint)
        if self._target.listens:
            held += f", {counted(clients, 'client')} connected" if clients else ", no client"
        lines: list[RenderableType] = [labelled("port", held)]
        # The one aimed at comes first where not all can be seen: no signal goes out of sight.
        everyone = self._target.holders
        first = self._aim if len(everyone) > _SEEN_TOGETHER else 0
        if first:
            lines.append(self.toned(f"... {counted(first, 'holder')} before", Tone.MUTED))
        for process in everyone[first : first + _LISTED]:
            lines += self._holder_lines(process)
        parent = self._supervisor
        if self._aim_at_parent and parent is not None:
            words = f"> {parent.label}: {parent.command}"
            lines += [Text(), Text("The parent is aimed at, not the holder:"), Text(words, "bold")]
        rest = len(everyone) - first - _LISTED
        if rest > 0:
            lines.append(self.toned(f"... {counted(rest, 'more holder')}", Tone.MUTED))
        if not self._target.holders:
            lines.append(labelled("process", "hidden"))
            lines.append(labelled("user", self._target.hidden_user or "unknown"))
        return lines

    def _holder_lines(self, process: Process) -> list[RenderableType]:
        aimed = process in self._chosen
        sign = ("> " if aimed else "  ") if self._is_shared else ""
        running = age(max(0.0, self._now - process.create_time))
        lines: list[RenderableType] = [
            Text(),
            Text(f"{sign}{process.label}", style="bold" if aimed else "dim"),
            labelled("  user", f"{process.user or 'unknown'}, running {running}"),
            labelled("  command", process.command),
        ]
        origin = self._origins.get(process)
        if origin is not None:
            if place_words(origin):
                lines.append(labelled(f"  {place_label(origin)}", place_words(origin)))
            if chain_words(origin):
                lines.append(labelled("  parents", chain_words(origin)))
            for each in origin.supervisors:
                words = self.toned(supervisor_words(each), Tone.WARNING)
                lines.append(labelled("  comes back", words))
        others = self._target.others_of(process.pid)
        if others:
            lines.append(labelled("  also on", ", ".join(others)))
        if process.ignores_sigterm:
            lines.append(labelled("  signals", "ignores SIGTERM: only f will end it"))
        return lines
