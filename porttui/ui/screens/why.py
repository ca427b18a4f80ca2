"""Why a port is held or free: the verdict on each address, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, NamedTuple

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType

from porttui.diagnosis.waiting import PortState, Until, Waited
from porttui.model.address import Endpoint, Place
from porttui.model.diagnosis import AddressVerdict, BindVerdict, Diagnosis
from porttui.model.origin import Origin
from porttui.model.stop import StopTarget
from porttui.text.diagnosis import VERDICTS, explanation, reasons, spelled
from porttui.text.numbers import counted
from porttui.ui.screens.dialog import Dialog, KeyHint
from porttui.ui.screens.origin_lines import origin_lines
from porttui.ui.widgets.columns import Tone

_TONES = {
    BindVerdict.HELD: Tone.ERROR,
    BindVerdict.FREE: Tone.OK,
    BindVerdict.FREE_WITH_REUSEADDR: Tone.WARNING,
    BindVerdict.NOT_PERMITTED: Tone.WARNING,
    BindVerdict.UNKNOWN: Tone.MUTED,
}

_GOALS = {Until.FREE: "it is free", Until.LISTENING: "something listens"}

_STATES = {
    PortState.FREE: "free",
    PortState.LISTENING: "in use",
    PortState.HELD: "cannot be bound",
}


class Finding(NamedTuple):
    """What was found out."""

    diagnosis: Diagnosis
    targets: tuple[StopTarget, ...]
    """What listens there and could be stopped."""
    other_ports: tuple[int, ...]
    """Free on all the addresses."""
    origins: tuple[Origin, ...] = ()
    """Of the senior processes that have a socket on the port."""
    holders: int = 0
    """How many such processes there are."""


class Deeds(NamedTuple):
    """What the dialog has done for it. What takes time answers through the dialog's methods."""

    look: Callable[[WhyDialog], None]
    """Ends in `found` or `failed`."""
    wait: Callable[[WhyDialog], None]
    """Ends in `waited` again and again, until it is so or `awaited` is something else."""
    stop: Callable[[Sequence[StopTarget]], None]
    copy: Callable[[str], None]


class WhyDialog(Dialog[None]):
    """Looks when it opens, and again whenever it comes back into view."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "Stop it"),
        Binding("n", "copy_next", "Copy the next free port"),
        Binding("c", "copy_address", "Copy the address"),
        Binding("W", "wait", "Wait until free, or until something listens"),
        Binding("r", "look", "Look again"),
        Binding("question_mark", "explain", "Why this verdict"),
        Binding("escape,q,enter", "leave", "Close"),
    ]

    def __init__(self, place: Place, deeds: Deeds) -> None:
        super().__init__(str(place).capitalize())
        self._place = place
        self._deeds = deeds
        self._finding: Finding | None = None
        self._failure = ""
        self._waited: Waited | None = None
        self._waited_for = Until.FREE
        self._explains = False
        self.awaited: Until | None = None
        """What the person waits for; None when nobody wants to hear of it any more."""

    @property
    def place(self) -> Place:
        """What is asked about."""
        return self._place

    def on_mount(self) -> None:
        """Begin to look."""
        self.action_look()

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        """A stop may have changed everything."""
        if self._finding is not None:
            self.action_look()

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        self.awaited = None

    def found(self, finding: Finding) -> None:
        """Show what was found out."""
        self._finding, self._failure = finding, ""
        self.draw()

    def named(self, finding: Finding, origins: tuple[Origin, ...]) -> None:
        """Show names in what was found, unless something else has been found since."""
        if self._finding is finding and origins != finding.origins:
            self._finding = finding._replace(origins=origins)
            self.draw()

    def failed(self, reason: str) -> None:
        """Say why nothing was."""
        self._failure = reason
        self.awaited = None
        self.draw()

    def waited(self, waited: Waited) -> None:
        """Show how far the wait is; what comes after it was left off is too late."""
        if self.awaited is None:
            return
        self._waited, self._waited_for = waited, self.awaited
        if waited.reached:
            self.awaited = None
            self.app.bell()
            self.action_look()
        self.draw()

    def body(self) -> Sequence[RenderableType]:
        """A line for each address, the ports beside it, how the wait goes, and who it is."""
        if self._failure:
            return [self.toned(f"Not known: {self._failure}.", Tone.ERROR)]
        if self._finding is None:
            return [self.toned("looking ...", Tone.MUTED)]
        lines: list[RenderableType] = [self._verdicts(self._finding.diagnosis)]
        ports = " ".join(map(str, self._finding.other_ports)) or "none found"
        lines += [Text(), Text(f"next free ports on all of these: {ports}")]
        lines += [
            self.toned(f"not seen: {problem}", Tone.WARNING)
            for problem in self._finding.diagnosis.problems
        ]
        if self._waited is not None:
            lines += [Text(), self._progress(self._waited)]
        return [*lines, *self._who(self._finding)]

    def hints(self) -> Sequence[KeyHint]:
        """What there is to do."""
        if self._finding is None:
            return (KeyHint("r", "look again"), KeyHint("Esc", "close"))
        hints = []
        if self._finding.targets:
            hints.append(KeyHint("x", "stop it"))
        if self._finding.other_ports:
            hints.append(KeyHint("n", f"copy PORT={self._finding.other_ports[0]}"))
        wait = f"wait until {_GOALS[self._next_goal(self._finding.diagnosis)]}"
        hints.append(KeyHint("W", "stop waiting" if self.awaited else wait))
        hints += [
            KeyHint("r", "look again"),
            KeyHint("?", "less" if self._explains else "why this verdict"),
            KeyHint("Esc", "close"),
        ]
        return hints

    def action_look(self) -> None:
        """Look again."""
        self.draw()
        self._deeds.look(self)

    def action_stop(self) -> None:
        """Ask whether to stop what listens there."""
        if self._finding is not None and self._finding.targets:
            self._deeds.stop(self._finding.targets)

    def action_copy_next(self) -> None:
        """Copy it as it is set before a command."""
        if self._finding is not None and self._finding.other_ports:
            self._deeds.copy(f"PORT={self._finding.other_ports[0]}")

    def action_copy_address(self) -> None:
        """Copy the first address with the port."""
        if self._finding is not None:
            first = self._finding.diagnosis.addresses[0]
            self._deeds.copy(str(Endpoint(first.address, self._place.port)))

    def action_wait(self) -> None:
        """Wait until a held port is free and until something listens on another, or leave off."""
        if self._finding is None:
            return
        self._waited = None
        if self.awaited is None:
            self.awaited = self._next_goal(self._finding.diagnosis)
            self._deeds.wait(self)
        else:
            self.awaited = None
        self.draw()

    def action_explain(self) -> None:
        """Show how each verdict was come to, or no more."""
        self._explains = not self._explains
        self.draw()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def _verdicts(self, diagnosis: Diagnosis) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for each in diagnosis.addresses:
            table.add_row(
                spelled(Endpoint(each.address, diagnosis.port)),
                self.toned(VERDICTS[each.verdict], _TONES[each.verdict]),
                self._why(diagnosis, each),
            )
        return table

    def _who(self, finding: Finding) -> Iterator[RenderableType]:
        for origin in finding.origins:
            process = origin.traces.process
            yield Text()
            yield Text.assemble((process.label, "bold"), f": {process.command}")
            yield from origin_lines(origin, self.toned)
        rest = finding.holders - len(finding.origins)
        if rest > 0:
            yield self.toned(f"... {counted(rest, 'more process', 'more processes')}", Tone.MUTED)

    def _why(self, diagnosis: Diagnosis, each: AddressVerdict) -> Text:
        lines = [Text(reason) for reason in reasons(diagnosis, each)]
        if self._explains:
            lines.append(self.toned(explanation(diagnosis, each), Tone.MUTED))
        return Text("\n").join(lines)

    @staticmethod
    def _next_goal(diagnosis: Diagnosis) -> Until:
        return Until.FREE if diagnosis.is_held else Until.LISTENING

    def _progress(self, waited: Waited) -> Text:
        seconds, goal = f"{waited.waited_ms / 1000:.0f} s", _GOALS[self._waited_for]
        if waited.reached:
            return self.toned(f"{_STATES[waited.state]} (after {seconds})", Tone.OK)
        still = f"waiting {seconds} until {goal}: still {_STATES[waited.state]}"
        return self.toned(still, Tone.WARNING)
