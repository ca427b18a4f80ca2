"""The application: it hands samples to the panes and keys to actions, and decides nothing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from porttui.analysis.board import Board
from porttui.analysis.filter import Filter, PortTerm
from porttui.model.address import Place, Protocol
from porttui.ui.announcing import Announcer
from porttui.ui.key_order import KeysInOrder
from porttui.ui.keymap import ACTIONS, bindings
from porttui.ui.messages import (
    Answered,
    SampleFailed,
    SampleTaken,
    SamplingCrashed,
)
from porttui.ui.panes.deck import Deck
from porttui.ui.sampling_loop import SamplingLoop
from porttui.ui.screens.main_screen import MainScreen
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.filter_line import FilterLine
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.status_line import StatusLine
from porttui.ui.widgets.summary_line import SummaryLine
from porttui.ui.wording import clock

if TYPE_CHECKING:
    from porttui.sampling.boards import BoardSource
    from porttui.ui.acting import Acting, Means

ORNATE_LINES = 8
"""From this height on there are a header and a line of keys."""


class PorttuiApp(KeysInOrder):
    """The interactive session over one host."""

    TITLE = "porttui"
    CSS_PATH = "theme.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings())

    def __init__(
        self,
        boards: BoardSource,
        means: Callable[[], Means],
        *,
        interval_s: float = 1.0,
        wanted: Filter | None = None,
        place: Place | None = None,
        elevation: str = "sudo porttui",
    ) -> None:
        """Begin over these boards.

        Args:
            boards: What the panes show.
            means: Makes what acts on the machine, at the first wish to act.
            interval_s: From one sample to the next.
            wanted: The filter to begin with.
            place: The port to diagnose at once.
            elevation: The command that would show hidden owners.
        """
        super().__init__()
        self._make_means = means
        self._interval_s = interval_s
        self._boards = boards
        self._sampling = SamplingLoop(boards, interval_s, self.post_message)
        self._board: Board | None = None
        self._wanted = wanted or Filter()
        self._first_place = place
        self._announcer = Announcer(self)
        self._is_paused = False
        self._has_failed = False
        self._summary = SummaryLine(elevation)
        self._deck = Deck(elevation)
        self._filter_line = FilterLine()
        self._status = StatusLine()
        self._keys = KeyLine([action for action in ACTIONS if action.in_footer])

    def get_default_screen(self) -> Screen[None]:
        """The screen beneath all dialogs."""
        return MainScreen()

    def compose(self) -> ComposeResult:
        """Header, panes, filter, status, keys."""
        yield self._summary
        yield self._deck
        yield self._filter_line
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """What has been sampled while Textual was imported comes into the first frame."""
        self._sampling.start()
        # After `fg` the terminal is blank, and nothing else would paint what has not changed.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        if self._first_place is not None:
            self._acting.asking.why(self._first_place)

    def on_unmount(self) -> None:
        """No sample is begun any more."""
        self._sampling.stop()
        self._boards.close()

    def on_resize(self, event: events.Resize) -> None:
        """On a very small screen the rows come first."""
        self._summary.display = self._keys.display = event.size.height >= ORNATE_LINES

    # What the threads tell

    @on(SampleTaken)
    def _show_sample(self, message: SampleTaken) -> None:
        if self._board is not None:  # with the first one all else is shown, too
            begun_s = time.thread_time()
            self.call_after_refresh(lambda: self._sampling.shown(time.thread_time() - begun_s))
        self._board = message.board
        if self._has_failed:
            self._has_failed = False
            self._say("")
        with self.batch_update():
            self._show_board()
            self._summary.show(message.board.summary)
        self._announcer.hear(message.board.gauges)
        if message.took_s is not None:
            self._status.show_facts(self._pace(message.board, message.took_s, message.period_s))

    @on(SampleFailed)
    def _keep_old_board(self, message: SampleFailed) -> None:
        shown = ""
        if self._board is not None:
            shown = f" Shown is {clock(self._board.snapshot.taken_at)}."
        self._has_failed = True
        self._say(f"No sample: {message.reason}.{shown}", Tone.ERROR)

    @on(SamplingCrashed)
    def _crash(self, message: SamplingCrashed) -> None:
        raise message.error

    @on(Answered)
    def _do_with_answer(self, message: Answered) -> None:
        message.tell()

    @on(FilterLine.Rejected)
    def _keep_good_filter(self, message: FilterLine.Rejected) -> None:
        if self._filter_line.is_bad:
            self._say(f"{message.reason}; the rows of the last good filter stay", Tone.ERROR)

    # Keys

    def takes(self, event: events.Key | events.Paste) -> bool:
        """Edit the filter, if it is typed, and show its rows at once."""
        line = self._filter_line
        if not line.is_open or self.screen is not self.screen_stack[0]:
            return False
        if isinstance(event, events.Paste):
            line.insert(event.text)
        elif not line.press(event):
            return False
        if line.good != self._wanted:
            self._apply(line.good)
        if not line.is_bad:
            self._say("")
        return True

    async def act_in_table(self, action: str) -> None:
        """In the active pane's: the focus follows a moment after its pane has come into view."""
        if action == "choose":
            await self._choose()  # not by message: the next key is for what it opens
        else:
            await self.run_action(action, self._deck.active.table)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """In a dialog or the palette Tab is not for the panes."""
        is_for_panes = action in ("next_pane", "previous_pane")
        return not is_for_panes or self.screen is self.screen_stack[0]

    def action_pane(self, number: int) -> None:
        """Go to a pane."""
        self._deck.go_to(number)

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._deck.go_on(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._deck.go_on(-1)

    def action_filter(self) -> None:
        """Open the filter with what is in force."""
        self._filter_line.open(self._wanted)

    def action_clear(self) -> None:
        """Clear messages and the filter and close its line; or go back out of a range."""
        self.clear_notifications()
        was_open = self._filter_line.is_open
        self._filter_line.close()
        self._say("")
        if self._wanted:
            self._apply(Filter())
        elif not was_open:
            self._deck.leave()

    def action_sort(self) -> None:
        """Sort the pane by its next column."""
        self._say(self._deck.active.sort_next())

    def action_reverse(self) -> None:
        """Reverse the pane's order."""
        self._say(self._deck.active.reverse())

    def action_pause(self) -> None:
        """Hold the screen still, or go on."""
        self._is_paused = not self._is_paused
        self._sampling.pause(self._is_paused)
        self._summary.pause(self._is_paused)

    def action_refresh(self) -> None:
        """Look at the machine now."""
        self._sampling.sample_now()

    def action_help(self) -> None:
        """Show the keys."""
        self._acting.help()

    async def _choose(self) -> None:
        """Enter: into a range or a destination, or the details of any other row."""
        scope = self._board and self._deck.active.scope(self._board.snapshot)
        if self._board and scope:
            await self._deck.enter(scope, self._board, self._wanted)
        else:
            self._show_details()

    def _show_details(self) -> None:
        details = self._board and self._deck.active.details(self._board.snapshot)
        if not self._board or not details:
            self._say("There is no row here", Tone.WARNING)
            return
        snapshot = self._board.snapshot
        self._acting.details(
            details,
            self._deck.active.address(),
            self._deck.active.stop_choices(snapshot),
            clock(snapshot.taken_at),
        )

    def action_copy(self) -> None:
        """Copy the address of the row."""
        self._acting.copy(self._deck.active.address())

    def action_why(self) -> None:
        """Show why the port of the row, or of the filter, is held or free."""
        self._acting.asking.why_row(self._place)

    def action_reach(self) -> None:
        """Try to connect to the row's server."""
        self._acting.asking.reach(self._deck.active.served())

    def action_copy_as(self) -> None:
        """Copy the address of the row's server in another form, or a command about it."""
        self._acting.copy_as(self._deck.active.served())

    def action_browse(self) -> None:
        """Open the row's server in a browser."""
        self._acting.browse(self._deck.active.served())

    def action_next_port(self) -> None:
        """Copy the next free port after the row's, or the filter's."""
        self._acting.asking.next_port(self._place)

    @property
    def _place(self) -> Place | None:
        served = self._deck.active.served()
        if served is not None:
            return Place(served.protocol, served.endpoint.port, (served.endpoint.address,))
        if len(self._wanted.terms) == 1:
            [term] = self._wanted.terms
            if isinstance(term, PortTerm) and term.first == term.last:
                return Place(Protocol.TCP, term.first)
        return None

    def action_stop(self) -> None:
        """Ask whether to stop the process of the row."""
        if self._board is None:
            self._say("Nothing is known yet: the first sample is under way", Tone.WARNING)
        else:
            self._acting.stop(self._deck.active.stop_choices(self._board.snapshot))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: Textual's own commands, and every action of the table of keys."""
        yield from super().get_system_commands(screen)
        for action in ACTIONS:
            if not action.is_tables and action.id not in ("quit", "command_palette"):
                yield SystemCommand(action.label, action.help, self._runner(action.id))

    @on(KeyLine.Clicked)
    async def _key_clicked(self, message: KeyLine.Clicked) -> None:
        if message.action.is_tables:
            await self.act_in_table(message.action.id.partition(".")[2])
        else:
            await self.run_action(message.action.id)

    @on(KeyedTable.Chosen)
    async def _row_chosen(self) -> None:
        await self._choose()

    @cached_property
    def _acting(self) -> Acting:
        """Dialogs and stops are not in the way of the first frame."""
        from porttui.ui.acting import Acting

        return Acting(self, self._make_means(), self._say, self._sampling.sample_now)

    def _runner(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action)

        return run

    # Drawing

    def _pace(self, board: Board, took_s: float, period_s: float) -> str:
        facts = [str(problem) for problem in board.snapshot.problems]
        facts.append(f"live {self._interval_s:g} s")
        if period_s > self._interval_s * 1.05:
            facts.append(f"whole machine every {period_s:.1f} s, a sample takes {took_s:.1f} s")
        else:
            facts.append(f"{took_s * 1000:.0f} ms a sample")
        return " · ".join([*facts, board.snapshot.source])

    def _apply(self, wanted: Filter) -> None:
        self._wanted = wanted
        self._show_board()

    def _show_board(self) -> None:
        if self._board is not None:
            self._deck.show_board(self._board, self._wanted)

    def _say(self, message: str, tone: Tone = Tone.PLAIN) -> None:
        self._status.say(message, tone)
