"""The application: it shows samples as they come, and hands keys to actions in their order."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.model.address import PortQuery, Protocol
from porttui.settings import Settings
from porttui.ui import closed_widgets
from porttui.ui.clock import clock
from porttui.ui.input_guard import BURST_S
from porttui.ui.key_order import KeyBurst, KeyTaker
from porttui.ui.keymap import ACTIONS, bindings
from porttui.ui.messages import (
    CopyRequested,
    SampleFailed,
    SampleTaken,
    SamplingCrashed,
    StopFinished,
)
from porttui.ui.panes.deck import Deck
from porttui.ui.sampling_loop import SamplingLoop
from porttui.ui.screens.main_screen import MainScreen
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.status_line import StatusLine
from porttui.ui.widgets.summary_line import SummaryLine

if TYPE_CHECKING:
    from porttui.sampling.dashboards import DashboardSource
    from porttui.ui.actions import Actions
    from porttui.ui.announcing import Announcer
    from porttui.ui.services import Services
    from porttui.ui.widgets.filter_line import FilterLine

_LATE_S = 2.0
"""A sample that takes so much longer than it should is late."""


class PorttuiApp(App[int]):
    """The interactive session over one host."""

    TITLE = "porttui"
    CSS_PATH = "theme.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings())

    def __init__(
        self,
        dashboards: DashboardSource,
        services: Callable[[], Services],
        settings: Settings | None = None,
        *,
        elevation: str = "sudo porttui",
        key_pause_s: float = BURST_S,
    ) -> None:
        """Begin over these dashboards.

        Args:
            dashboards: What the panes show.
            services: Makes what acts on the machine, at the first wish to act.
            settings: Of this session.
            elevation: The command that would show hidden owners.
            key_pause_s: See `KeyBurst`.
        """
        super().__init__()
        self.burst = KeyBurst(key_pause_s)
        self._settings = settings or Settings()
        self._dashboards = dashboards
        self._make_services = services
        self._sampling = SamplingLoop(dashboards, self._settings.interval_s, self.post_message)
        self._dashboard: Dashboard | None = None
        self._filter = _parsed(self._settings.filter)
        self._is_paused = False
        self._has_failed = False
        """What is on the screen is not of now, and that has been said."""
        self._due_at = float("inf")
        """When another sample should be there, at the latest; in monotonic seconds."""
        self._summary = SummaryLine(elevation)
        self._deck = Deck(elevation)
        self._filter_line: FilterLine | None = None
        """Not before it is opened: it would be in the way of the first frame."""
        self._status = StatusLine()
        self._keys = KeyLine([action for action in ACTIONS if action.in_footer])

    def get_default_screen(self) -> Screen[None]:
        """The screen beneath all dialogs."""
        return MainScreen(self._deck, self.size)

    def compose(self) -> ComposeResult:
        """Header, panes, status, keys."""
        yield self._summary
        yield self._deck.tabs
        yield self._deck
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """What has been sampled while Textual was imported comes into the first frame."""
        self._deck.begin()
        self._sampling.start()
        self.set_interval(closed_widgets.EVERY_S, closed_widgets.let_go)
        self.set_interval(_LATE_S / 2, self._say_if_late)
        # After `fg` the terminal is blank, and nothing else would paint what has not changed.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        if self._settings.port_query is not None:
            self._actions.diagnose(self._settings.port_query)

    def on_unmount(self) -> None:
        """No sample is begun any more."""
        self._sampling.stop()
        self._dashboards.close()

    @cached_property
    def _actions(self) -> Actions:
        """Dialogs and stops are not in the way of the first frame."""
        from porttui.ui.actions import Actions

        return Actions(self, self._make_services())

    def say(self, message: str, tone: Tone = Tone.PLAIN) -> None:
        """Put a message on the status line."""
        self._status.say(message, tone)

    # Samples

    @on(SampleTaken)
    def _show_sample(self, message: SampleTaken) -> None:
        if self._dashboard is not None:  # with the first one all else is shown, too
            begun_s = time.thread_time()
            self.call_after_refresh(lambda: self._sampling.shown(time.thread_time() - begun_s))
        self._dashboard = message.dashboard
        self._expect_sample(message.period_s)
        if self._has_failed:
            self._has_failed = False
            self.say("")
        with self.batch_update():
            self._show_board()
            self._summary.show(message.dashboard.summary)
        self.call_after_refresh(lambda: self._announcer.hear(message.dashboard.gauges))
        if message.took_s is not None:
            self._status.show_facts(self._pace(message.dashboard, message.took_s, message.period_s))

    @on(SampleFailed)
    def _keep_old_board(self, message: SampleFailed) -> None:
        self._say_what_is_shown(f"No sample: {message.reason}.")

    @on(SamplingCrashed)
    def _crash(self, message: SamplingCrashed) -> None:
        raise message.error

    def _expect_sample(self, within_s: float) -> None:
        self._due_at = time.monotonic() + within_s + 2 * self._settings.interval_s + _LATE_S

    def _say_if_late(self) -> None:
        """What is shown is not of now: the machine, or the process that samples it, hangs."""
        if not self._has_failed and not self._is_paused and time.monotonic() > self._due_at:
            self._say_what_is_shown("The next sample is late.")

    def _say_what_is_shown(self, why: str) -> None:
        """It is not of now."""
        self._has_failed = True
        shown = f" Shown is {clock(self._dashboard.snapshot.taken_at)}." if self._dashboard else ""
        self.say(why + shown, Tone.ERROR)
        self._status.show_facts("not live")

    @cached_property
    def _announcer(self) -> Announcer:
        """What runs out is on the screen: it is announced when that has been painted."""
        from porttui.ui.announcing import Announcer

        return Announcer(self)

    def _pace(self, dashboard: Dashboard, took_s: float, period_s: float) -> str:
        facts = [str(problem) for problem in dashboard.snapshot.problems]
        interval_s = self._settings.interval_s
        facts.append(f"live {interval_s:g} s")
        if period_s > interval_s * 1.05:
            facts.append(f"whole machine every {period_s:.1f} s, a sample takes {took_s:.1f} s")
        else:
            facts.append(f"{took_s * 1000:.0f} ms a sample")
        return " · ".join([*facts, dashboard.snapshot.source])

    def _show_board(self) -> None:
        if self._dashboard is not None:
            self._deck.show_dashboard(self._dashboard, self._filter)

    # Keys, in their order: Textual hands a key from queue to queue, and a quick "/3000", Enter,
    # "x" would stop the row that was under the cursor before the filter. It is a matter of safety.

    async def on_event(self, event: events.Event) -> None:
        """Carry out each key before the next one is looked at."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.burst.hear(event)
        if isinstance(event, events.Key) and not event.is_forwarded:
            if await self._press(event):
                return
        elif isinstance(event, events.Paste) and self._type(event):
            return
        await super().on_event(event)

    async def _press(self, event: events.Key) -> bool:
        if isinstance(self.screen, KeyTaker):
            if self.screen.press(event, self.burst):
                return True
        elif self.screen is not self.screen_stack[0]:
            return False  # a screen of Textual's own, the palette for example
        if self._type(event):
            return True
        bound = self.screen.active_bindings.get(event.key)
        if bound is not None and bound.enabled:
            if isinstance(bound.node, KeyedTable):
                await self._act_in_table(bound.binding.action)
            else:
                await self.run_action(bound.binding.action, bound.node)
        # A key that means nothing now must not come back when a dialog is open: it ends here.
        return True

    def _type(self, event: events.Key | events.Paste) -> bool:
        """Edit the filter, if it is open, and show its rows at once."""
        line = self._filter_line
        if line is None or not line.is_open or self.screen is not self.screen_stack[0]:
            return False
        if isinstance(event, events.Paste):
            line.insert(event.text)
        elif not line.press(event):
            return False
        if line.good != self._filter:
            self._apply(line.good)
        if not line.is_bad:
            self.say("")
        return True

    async def _act_in_table(self, action: str) -> None:
        """In the active pane's: the focus follows a moment after its pane has come into view."""
        if action == "choose":
            await self._choose()  # not by message: the next key is for what it opens
        else:
            await self.run_action(action, self._deck.active.table)

    @on(KeyLine.Clicked)
    async def _key_clicked(self, message: KeyLine.Clicked) -> None:
        if message.action.is_tables:
            await self._act_in_table(message.action.id.partition(".")[2])
        else:
            await self.run_action(message.action.id)

    @on(KeyedTable.Chosen)
    async def _row_chosen(self) -> None:
        await self._choose()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """In a dialog or the palette Tab is not for the panes."""
        is_for_panes = action in ("next_pane", "previous_pane")
        return not is_for_panes or self.screen is self.screen_stack[0]

    # Panes and the filter

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
        if self._filter_line is None:
            from porttui.ui.widgets.filter_line import FilterLine

            self._filter_line = FilterLine()
            self.screen_stack[0].mount(self._filter_line, before=self._status)
        self._filter_line.open(self._filter)

    def on_filter_line_rejected(self, message: FilterLine.Rejected) -> None:
        """Keep what is in force. (By its name, for the line is imported when it is opened.)"""
        if self._filter_line and self._filter_line.is_bad:
            self.say(f"{message.reason}; the rows of the last good filter stay", Tone.ERROR)

    def _apply(self, wanted: Filter) -> None:
        self._filter = wanted
        self._show_board()

    def action_clear(self) -> None:
        """Clear messages and the filter and close its line; or go back out of a range."""
        self.clear_notifications()
        was_open = self._filter_line is not None and self._filter_line.is_open
        if self._filter_line is not None:
            self._filter_line.close()
        self.say("")
        if self._filter:
            self._apply(Filter())
        elif not was_open:
            self._deck.leave()

    def action_sort(self) -> None:
        """Sort the pane by its next column."""
        self.say(self._deck.active.sort_next())

    def action_reverse(self) -> None:
        """Reverse the pane's order."""
        self.say(self._deck.active.reverse())

    # The session

    def action_pause(self) -> None:
        """Pause or resume updates."""
        self._is_paused = not self._is_paused
        self._sampling.pause(self._is_paused)
        self._expect_sample(0.0)
        self._summary.pause(self._is_paused)

    def action_refresh(self) -> None:
        """Sample the machine now."""
        self._sampling.sample_now()

    def action_help(self) -> None:
        """Show the keys."""
        self._actions.help()

    def action_command_palette(self) -> None:
        """Show all commands by name."""
        from porttui.ui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: Textual's own commands, and every action of the table of keys."""
        yield from super().get_system_commands(screen)
        for action in ACTIONS:
            if not action.is_tables and action.id not in ("quit", "command_palette"):
                yield SystemCommand(action.label, action.help, self._runner(action.id))

    def _runner(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action)

        return run

    # The row under the cursor

    async def _choose(self) -> None:
        """Enter: into a range or a destination, or the details of any other row."""
        drilldown = self._dashboard and self._deck.active.drilldown(self._dashboard.snapshot)
        if self._dashboard and drilldown:
            await self._deck.enter(drilldown, self._dashboard, self._filter)
        else:
            self._show_details()

    def _show_details(self) -> None:
        details = self._dashboard and self._deck.active.details(self._dashboard.snapshot)
        if not self._dashboard or not details:
            self.say("There is no row here", Tone.WARNING)
            return
        snapshot = self._dashboard.snapshot
        self._actions.details(
            details,
            self._deck.active.address(),
            self._deck.active.stop_choices(snapshot),
            clock(snapshot.taken_at),
        )

    def action_stop(self) -> None:
        """Ask whether to stop the process of the row."""
        if self._dashboard is None:
            self.say("Nothing is known yet: the first sample is under way", Tone.WARNING)
        else:
            self._actions.stop(self._deck.active.stop_choices(self._dashboard.snapshot))

    @on(StopFinished)
    def _stop_finished(self, message: StopFinished) -> None:
        self._actions.show_stopped(message.result, is_shown=message.is_shown)
        self._sampling.sample_now()

    def action_copy(self) -> None:
        """Copy the address of the row."""
        self._actions.copy(self._deck.active.address())

    @on(CopyRequested)
    def _copy_requested(self, message: CopyRequested) -> None:
        self._actions.copy(message.text)

    def action_copy_as(self) -> None:
        """Copy the address of the row's server in another form, or a command about it."""
        self._actions.copy_as(self._deck.active.served_endpoint())

    def action_next_port(self) -> None:
        """Copy the next free port after the row's, or the filter's."""
        self._actions.copy_next_port(self._port_query)

    def action_diagnose(self) -> None:
        """Show why the port of the row, or of the filter, is held or free."""
        self._actions.diagnose_row(self._port_query)

    def action_probe(self) -> None:
        """Try to connect to the row's server."""
        self._actions.probe(self._deck.active.served_endpoint())

    def action_browse(self) -> None:
        """Open the row's server in a browser."""
        self._actions.browse(self._deck.active.served_endpoint())

    @property
    def _port_query(self) -> PortQuery | None:
        """The port of the row, or the only one of the filter."""
        served = self._deck.active.served_endpoint()
        if served is not None:
            return PortQuery(served.protocol, served.endpoint.port, (served.endpoint.address,))
        if len(self._filter.terms) == 1:
            from porttui.analysis.filter import PortTerm  # not in the way of the first frame

            [term] = self._filter.terms
            if isinstance(term, PortTerm) and term.first == term.last:
                return PortQuery(Protocol.TCP, term.first)
        return None


def _parsed(typed: str) -> Filter:
    if not typed:
        return Filter()
    from porttui.analysis.filter import parse_filter  # most sessions begin without any

    return parse_filter(typed)
