"""The application: it hands keys to actions, and decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from porttui.analysis.filter import Filter
from porttui.model.address import Place, Protocol
from porttui.ui.clock import clock
from porttui.ui.input_guard import BURST_S
from porttui.ui.keymap import ACTIONS, bindings
from porttui.ui.messages import Answered
from porttui.ui.showing import Showing
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.sampling.boards import BoardSource
    from porttui.ui.acting import Acting, Means


class PorttuiApp(Showing):
    """The interactive session over one host."""

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
        key_pause_s: float = BURST_S,
    ) -> None:
        """Begin over these boards.

        Args:
            boards: What the panes show.
            means: Makes what acts on the machine, at the first wish to act.
            interval_s: From one sample to the next.
            wanted: The filter to begin with.
            place: The port to diagnose at once.
            elevation: The command that would show hidden owners.
            key_pause_s: See `KeyBurst`.
        """
        super().__init__(
            boards,
            interval_s=interval_s,
            wanted=wanted,
            elevation=elevation,
            key_pause_s=key_pause_s,
        )
        self._make_means = means
        self._first_place = place

    def on_mount(self) -> None:
        """Diagnose, if that was asked for. (Textual calls every class's own: no super() here.)"""
        if self._first_place is not None:
            self._acting.asking.why(self._first_place)

    @on(Answered)
    def _do_with_answer(self, message: Answered) -> None:
        message.tell()

    def takes(self, event: events.Key | events.Paste) -> bool:
        """Edit the filter, if it is typed, and show its rows at once."""
        line = self._filter_line
        if line is None or not line.is_open or self.screen is not self.screen_stack[0]:
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
        self._open_filter()

    def action_clear(self) -> None:
        """Clear messages and the filter and close its line; or go back out of a range."""
        self.clear_notifications()
        was_open = self._filter_line is not None and self._filter_line.is_open
        if self._filter_line is not None:
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
        """Pause or resume updates."""
        self._is_paused = not self._is_paused
        self._sampling.pause(self._is_paused)
        self._expect_sample(0.0)
        self._summary.pause(self._is_paused)

    def action_refresh(self) -> None:
        """Look at the machine now."""
        self._sampling.sample_now()

    def action_help(self) -> None:
        """Show the keys."""
        self._acting.help()

    def action_command_palette(self) -> None:
        """Show all commands by name."""
        from porttui.ui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

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
            from porttui.analysis.terms import PortTerm  # not in the way of the first frame

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
