"""The application: it shows samples as they come, and hands keys to actions in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events, on
from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter, PortTerm, parse_filter
from porttui.analysis.gauge_history import Alarms
from porttui.forecast.gauges import WARN, Gauge
from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.model.address import PortQuery, Protocol
from porttui.settings import Settings
from porttui.text import session as session_text
from porttui.ui.input_guard import BURST_S
from porttui.ui.key_order import KeyBurst, KeyHandler
from porttui.ui.keymap import ACTIONS, app_bindings, key_text
from porttui.ui.messages import (
    CopyRequested,
    SampleFailed,
    SampleTaken,
    SamplingCrashed,
    StopFinished,
)
from porttui.ui.panes.formatting import time_of_day
from porttui.ui.panes.pane_layout import MainScreen, PaneLayout
from porttui.ui.sampling_loop import SamplingLoop
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.status_line import StatusLine
from porttui.ui.widgets.summary_line import SummaryLine

if TYPE_CHECKING:
    from porttui.sampling.sources import DashboardSource
    from porttui.ui.actions import Actions
    from porttui.ui.services import Services
    from porttui.ui.widgets.filter_line import FilterLine

_LATE_AFTER_S = 2.0
"""A sample that takes so much longer than it should is late."""
_ALARM_TIMEOUT_S = 10
CLEAR_CACHE_INTERVAL_S = 60.0
"""Filling Textual's cache of styles again takes microseconds."""


class PorttuiApp(App[int]):
    """The interactive session over one host."""

    TITLE = "porttui"
    CSS_PATH = "theme.tcss"
    BINDINGS: ClassVar[list[BindingType]] = app_bindings()

    def __init__(
        self,
        dashboards: DashboardSource,
        services: Callable[[], Services],
        settings: Settings | None = None,
        *,
        elevation: str = "sudo porttui",
        key_pause_s: float = BURST_S,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Begin over these dashboards.

        Args:
            dashboards: What the panes show.
            services: Makes what acts on the machine, at the first wish to act.
            settings: Of this session.
            elevation: The command that would show hidden owners.
            key_pause_s: See `KeyBurst`.
            clock: Paces the samples, and tells when one is late.
        """
        super().__init__()
        self.burst = KeyBurst(key_pause_s)
        self._settings = settings or Settings()
        self._dashboards = dashboards
        self._make_services = services
        self._clock = clock
        self._sampling = SamplingLoop(
            dashboards, self._settings.interval_s, self.post_message, clock
        )
        self._dashboard: Dashboard | None = None
        self._filter = _parse_filter(self._settings.filter)
        self._is_paused = False
        self._is_stale = False
        """What is on the screen is not of now, and that has been said."""
        self._sample_deadline = float("inf")
        """When another sample should be there, at the latest; in monotonic seconds."""
        self._alarms = Alarms()
        self._summary = SummaryLine(elevation)
        self._pane_layout = PaneLayout(elevation)
        self._filter_line: FilterLine | None = None
        """Not before it is opened: it would be in the way of the first frame."""
        self._status = StatusLine()
        self._keys = KeyLine([action for action in ACTIONS if action.in_footer])

    def get_default_screen(self) -> Screen[None]:
        """The screen beneath all dialogs."""
        return MainScreen(self._pane_layout, self.size)

    def compose(self) -> ComposeResult:
        """Header, panes, status, keys."""
        yield self._summary
        yield self._pane_layout.tabs
        yield self._pane_layout
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """What has been sampled while Textual was imported comes into the first frame."""
        self._pane_layout.focus_first_pane()
        self._sampling.start()
        self.set_interval(CLEAR_CACHE_INTERVAL_S, _clear_styles_cache)
        self.set_interval(_LATE_AFTER_S / 2, self._warn_if_late)
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

    def show_message(self, message: str, tone: Tone = Tone.PLAIN) -> None:
        """Put a message on the status line."""
        self._status.show_message(message, tone)

    # Samples

    @on(SampleTaken)
    def _show_sample(self, message: SampleTaken) -> None:
        if self._dashboard is not None:  # the first sample is measured with the first frame
            begun_s = self._clock.thread_time()
            self.call_after_refresh(
                lambda: self._sampling.record_show_cost(self._clock.thread_time() - begun_s)
            )
        self._dashboard = message.dashboard
        self._set_sample_deadline(message.period_s)
        if self._is_stale:
            self._is_stale = False
            self.show_message("")
        with self.batch_update():
            self._show_dashboard()
            self._summary.show(message.dashboard.summary)
        # What runs out is on the screen: it is announced when that has been painted.
        self.call_after_refresh(self._announce_alarms, message.dashboard.gauges)
        if message.took_s is not None:
            self._status.show_info(
                self._sampling_info(message.dashboard, message.took_s, message.period_s)
            )

    @on(SampleFailed)
    def _keep_dashboard(self, message: SampleFailed) -> None:
        self._show_stale(session_text.no_sample(message.reason))

    @on(SamplingCrashed)
    def _crash(self, message: SamplingCrashed) -> None:
        raise message.error

    def _set_sample_deadline(self, within_s: float) -> None:
        self._sample_deadline = (
            self._clock.monotonic() + within_s + 2 * self._settings.interval_s + _LATE_AFTER_S
        )

    def _warn_if_late(self) -> None:
        """Show that samples are late: the machine or the sampling process hangs."""
        is_late = self._clock.monotonic() > self._sample_deadline
        if is_late and not self._is_stale and not self._is_paused:
            self._show_stale(session_text.SAMPLE_IS_LATE)

    def _show_stale(self, why: str) -> None:
        """Show that the dashboard is stale, and since when."""
        self._is_stale = True
        if self._dashboard is not None:
            why += " " + session_text.shown_as_of(time_of_day(self._dashboard.snapshot.taken_at))
        self.show_message(why, Tone.ERROR)
        self._status.show_info(session_text.NOT_LIVE)

    def _announce_alarms(self, gauges: Sequence[Gauge]) -> None:
        """Tell once that a resource runs low, and once that it has recovered; worst first."""
        self._alarms, announcements = self._alarms.update(gauges, WARN)
        severities: tuple[Literal["warning", "information"], ...] = ("warning", "information")
        for severity in severities:
            alarms = [
                session_text.alarm(announcement)
                for announcement in announcements
                if announcement.has_recovered == (severity == "information")
            ]
            if alarms:
                more = len(alarms) - 1
                rest = session_text.more_alarms(more, key_text("pane(3)")) if more else ""
                self.notify(
                    alarms[0] + rest, severity=severity, timeout=_ALARM_TIMEOUT_S, markup=False
                )

    def _sampling_info(self, dashboard: Dashboard, took_s: float, period_s: float) -> str:
        problems = [str(problem) for problem in dashboard.snapshot.problems]
        pace = session_text.pace(self._settings.interval_s, took_s, period_s)
        return " · ".join([*problems, *pace, dashboard.snapshot.source])

    def _show_dashboard(self) -> None:
        if self._dashboard is not None:
            self._pane_layout.show_dashboard(self._dashboard, self._filter)

    # Keys, in their order: Textual hands a key from queue to queue, and a quick "/3000", Enter,
    # "x" would stop the row that was under the cursor before the filter. It is a matter of safety.

    async def on_event(self, event: events.Event) -> None:
        """Carry out each key before the next one is looked at."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.burst.record(event)
        if isinstance(event, events.Key) and not event.is_forwarded:
            if await self._dispatch_key(event):
                return
        elif isinstance(event, events.Paste) and self._edit_filter(event):
            return
        await super().on_event(event)

    async def _dispatch_key(self, event: events.Key) -> bool:
        if isinstance(self.screen, KeyHandler):
            if self.screen.consume_key(event, self.burst):
                return True
        elif self.screen is not self.screen_stack[0]:
            return False  # a screen of Textual's own, the palette for example
        if self._edit_filter(event):
            return True
        bound = self.screen.active_bindings.get(event.key)
        if bound is not None and bound.enabled:
            if isinstance(bound.node, KeyedTable):
                await self._run_table_action(bound.binding.action)
            else:
                await self.run_action(bound.binding.action, bound.node)
        # A key that means nothing now must not come back when a dialog is open: it ends here.
        return True

    def _edit_filter(self, event: events.Key | events.Paste) -> bool:
        """Edit the filter, if it is open, and show its rows at once."""
        line = self._filter_line
        if line is None or not line.is_open or self.screen is not self.screen_stack[0]:
            return False
        if isinstance(event, events.Paste):
            line.insert(event.text)
        elif not line.consume_key(event):
            return False
        if line.valid_filter != self._filter:
            self._apply(line.valid_filter)
        if not line.is_invalid:
            self.show_message("")
        return True

    async def _run_table_action(self, action: str) -> None:
        """In the active pane's: the focus follows a moment after its pane has come into view."""
        if action == "choose":
            await self._choose()  # not by message: the next key is for what it opens
        else:
            await self.run_action(action, self._pane_layout.active.table)

    @on(KeyLine.Clicked)
    async def _key_clicked(self, message: KeyLine.Clicked) -> None:
        if message.action.is_table_action:
            await self._run_table_action(message.action.table_action)
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
        self._pane_layout.focus_pane(number)

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._pane_layout.cycle_panes(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._pane_layout.cycle_panes(-1)

    def action_filter(self) -> None:
        """Open the filter with what is in force."""
        if self._filter_line is None:
            from porttui.ui.widgets.filter_line import FilterLine

            self._filter_line = FilterLine()
            self.screen_stack[0].mount(self._filter_line, before=self._status)
        self._filter_line.open(self._filter)

    def on_filter_line_rejected(self, message: FilterLine.Rejected) -> None:
        """Keep what is in force. (By its name, for the line is imported when it is opened.)"""
        if self._filter_line and self._filter_line.is_invalid:
            self.show_message(session_text.filter_rejected(message.reason), Tone.ERROR)

    def _apply(self, row_filter: Filter) -> None:
        self._filter = row_filter
        self._show_dashboard()

    def action_clear(self) -> None:
        """Clear messages and the filter and close its line; or go back out of a range."""
        self.clear_notifications()
        was_open = self._filter_line is not None and self._filter_line.is_open
        if self._filter_line is not None:
            self._filter_line.close()
        self.show_message("")
        if self._filter:
            self._apply(Filter())
        elif not was_open:
            self._pane_layout.close_drilldown()

    def action_sort(self) -> None:
        """Sort the pane by its next column."""
        self.show_message(self._pane_layout.active.sort_next())

    def action_reverse(self) -> None:
        """Reverse the pane's order."""
        self.show_message(self._pane_layout.active.reverse())

    # The session

    def action_pause(self) -> None:
        """Pause or resume updates."""
        self._is_paused = not self._is_paused
        self._sampling.pause(self._is_paused)
        self._set_sample_deadline(0.0)
        self._summary.show_paused(self._is_paused)
        if self._is_paused:
            self._status.show_info(session_text.PAUSED_INFO)

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
            if not action.is_table_action and action.id not in ("quit", "command_palette"):
                yield SystemCommand(action.label, action.help, self._action_runner(action.id))

    def _action_runner(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action)

        return run

    # The row under the cursor

    async def _choose(self) -> None:
        """Enter: into a range or a destination, or the details of any other row."""
        drilldown = self._dashboard and self._pane_layout.active.drilldown(self._dashboard.snapshot)
        if self._dashboard and drilldown:
            await self._pane_layout.open_drilldown(drilldown, self._dashboard, self._filter)
        else:
            self._show_details()

    def _show_details(self) -> None:
        details = self._dashboard and self._pane_layout.active.details(self._dashboard.snapshot)
        if not self._dashboard or not details:
            self.show_message(session_text.NO_ROW, Tone.WARNING)
            return
        snapshot = self._dashboard.snapshot
        self._actions.details(
            details,
            self._pane_layout.active.address(),
            self._pane_layout.active.stop_choices(snapshot),
            time_of_day(snapshot.taken_at),
        )

    def action_stop(self) -> None:
        """Ask whether to stop the process of the row."""
        if self._dashboard is None:
            self.show_message(session_text.NO_SAMPLE_YET, Tone.WARNING)
        else:
            self._actions.stop(self._pane_layout.active.stop_choices(self._dashboard.snapshot))

    @on(StopFinished)
    def _stop_finished(self, message: StopFinished) -> None:
        self._actions.show_stopped(message.result, is_shown=message.is_shown)
        self._sampling.sample_now()

    def action_copy(self) -> None:
        """Copy the address of the row."""
        self._actions.copy(self._pane_layout.active.address())

    @on(CopyRequested)
    def _copy_requested(self, message: CopyRequested) -> None:
        self._actions.copy(message.text)

    def action_copy_as(self) -> None:
        """Copy the address of the row's server in another form, or a command about it."""
        self._actions.copy_as(self._pane_layout.active.served_endpoint())

    def action_next_port(self) -> None:
        """Copy the next free port after the row's, or the filter's."""
        self._actions.copy_next_port(self._port_query)

    def action_diagnose(self) -> None:
        """Show why the port of the row, or of the filter, is held or free."""
        self._actions.diagnose_row(self._port_query)

    def action_probe(self) -> None:
        """Try to connect to the row's server."""
        self._actions.probe(self._pane_layout.active.served_endpoint())

    def action_browse(self) -> None:
        """Open the row's server in a browser."""
        self._actions.browse(self._pane_layout.active.served_endpoint())

    @property
    def _port_query(self) -> PortQuery | None:
        """The port of the row, or the only one of the filter."""
        served = self._pane_layout.active.served_endpoint()
        if served is not None:
            return PortQuery(served.protocol, served.endpoint.port, (served.endpoint.address,))
        if len(self._filter.terms) == 1:
            [term] = self._filter.terms
            if isinstance(term, PortTerm) and term.first == term.last:
                return PortQuery(Protocol.TCP, term.first)
        return None


def _parse_filter(typed: str) -> Filter:
    return parse_filter(typed) if typed else Filter()


def _clear_styles_cache() -> None:
    """Clear a cache of Textual's that keeps closed widgets alive.

    `StylesCache.get_inner_outer` caches the rendered lines of the last thousand widgets: two
    megabytes for ten dialogs (https://github.com/Textualize/textual/issues/6665).
    """
    clear = getattr(StylesCache.get_inner_outer, "cache_clear", None)
    if clear is not None:  # another version of Textual may not have it
        clear()
