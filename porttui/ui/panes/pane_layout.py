"""The main screen: all panes on a large one, one at a time below tabs on a small one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.text.numbers import count, percent
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.listening import ListeningPane
from porttui.ui.panes.loopback import LoopbackPane
from porttui.ui.panes.pane import Pane
from porttui.ui.panes.ranges import RangesPane
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.analysis.drilldown import Drilldown
    from porttui.ui.panes.drilldown import DrilldownPane
    from porttui.ui.widgets.columns import Column


class PaneLayout(Container):
    """Tracks the active pane. The style sheet decides which panes are visible."""

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        super().__init__()
        self.tabs = TabLine()
        """Mounted above the panes; in view where one of them is at a time."""
        self._tab_labels: tuple[str, ...] = ()
        self._listening = ListeningPane(elevation)
        self._loopback = LoopbackPane(elevation)
        self._ranges = RangesPane()
        self._panes: tuple[Pane, ...] = (self._listening, self._loopback, self._ranges)
        self._elevation = elevation
        self._drilldown_pane: DrilldownPane | None = None
        self._is_drilled_down = False
        self._number = 1
        self._mark_active()

    def compose(self) -> ComposeResult:
        """The panes, in their order."""
        yield from self._panes

    @property
    def active(self) -> Pane:
        """The pane that keys act on."""
        pane = self._panes[self._number - 1]
        drilldown = self._open_drilldown_pane
        return drilldown if drilldown and drilldown.number == pane.number else pane

    @property
    def _open_drilldown_pane(self) -> DrilldownPane | None:
        """The drilldown pane, while it replaces the ranges."""
        return self._drilldown_pane if self._is_drilled_down else None

    async def open_drilldown(
        self, drilldown: Drilldown, dashboard: Dashboard, row_filter: Filter
    ) -> None:
        """Replace the ranges by the sockets of a range or destination."""
        if self._drilldown_pane is None:
            # Not in the way of the first frame.
            from porttui.ui.panes.drilldown import DrilldownPane

            self._drilldown_pane = DrilldownPane(self._elevation)
            await self.mount(self._drilldown_pane, after=self._ranges)
        self._drilldown_pane.show_drilldown(drilldown)
        self._drilldown_pane.show_dashboard(dashboard, row_filter)
        self._is_drilled_down = True
        self.focus_pane(self._drilldown_pane.number)

    def close_drilldown(self) -> None:
        """Return to the ranges, if a drilldown is open."""
        if self._is_drilled_down:
            self._is_drilled_down = False
            self.focus_pane(self._number)

    def focus_pane(self, number: int) -> None:
        """Activate a pane, show it and focus its table."""
        self._number = number
        self._mark_active()
        # Now, and again when a pane that was out of view has come into it.
        self.screen.set_focus(self.active.table)
        self.active.table.focus()

    def cycle_panes(self, step: int) -> None:
        """Go to the next pane, or with -1 to the one before."""
        self.focus_pane((self._number - 1 + step) % len(self._panes) + 1)

    def show_dashboard(self, dashboard: Dashboard, row_filter: Filter) -> None:
        """Show a sample in every pane, through the filter."""
        for pane in self._panes:
            pane.show_dashboard(dashboard, row_filter)
        if self._open_drilldown_pane is not None:
            self._open_drilldown_pane.show_dashboard(dashboard, row_filter)
        ephemeral = dashboard.summary.ephemeral
        figures = (
            count(dashboard.summary.listeners),
            count(dashboard.summary.pairs),
            percent(ephemeral.share) if ephemeral else "",
        )
        self._update_tabs(figures)

    def focus_first_pane(self) -> None:
        """Focus the first pane after mounting. Before the first sample tabs have no counts."""
        self._update_tabs(("", "", ""))
        self.focus_pane(1)

    def activate_at(self, x: int, y: int) -> None:
        """Focus the pane at this position of the screen."""
        for pane in filter(None, (*self._panes, self._open_drilldown_pane)):
            if pane.display and pane is not self.active and pane.region.contains(x, y):
                self.focus_pane(pane.number)

    def sort_by(self, table: KeyedTable[Any], column: Column[Any]) -> None:
        """Sort the pane of this table by one of its columns."""
        for pane in (*self._panes, self._open_drilldown_pane):
            if isinstance(pane, ListPane) and pane.table is table:
                pane.sort_by(column)

    def _update_tabs(self, figures: Sequence[str]) -> None:
        """Update the labels of the tabs."""
        self._tab_labels = tuple(
            f"{pane.number} {pane.label} {figure}".rstrip()
            for pane, figure in zip(self._panes, figures, strict=True)
        )
        self.tabs.show(self._tab_labels, self._number)

    def _mark_active(self) -> None:
        """Highlight the frame of the active pane."""
        active = self.active
        replaced = self._ranges if self._is_drilled_down else self._drilldown_pane
        for pane in filter(None, (*self._panes, self._drilldown_pane)):
            pane.set_class(pane is active, "active")
            pane.set_class(pane is replaced, "replaced")
        self.tabs.show(self._tab_labels, self._number)


class TabLine(Widget):
    """ "1 Listening 14   2 Loopback 37   3 Ranges 1.5 %", the visible one reversed."""

    DEFAULT_CSS = """
    TabLine { height: 1; background: $surface; color: $text-muted; }
    """

    class Clicked(Message):
        """A tab was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__()
        self._labels: tuple[str, ...] = ()
        self._active = 1

    def show(self, labels: tuple[str, ...], active: int) -> None:
        """Write these names; `active`: the one in view, counted from 1."""
        if (labels, active) != (self._labels, self._active):
            self._labels, self._active = labels, active
            self.refresh()

    def render(self) -> Text:
        """The line."""
        line = Text(no_wrap=True, overflow="crop", end="")
        for number, label in enumerate(self._labels, 1):
            line.append(f" {label} ", style="bold reverse" if number == self._active else "")
        return line

    def on_click(self, event: events.Click) -> None:
        """Go to the pane whose name was clicked."""
        end = 0
        for number, label in enumerate(self._labels, 1):
            end += len(label) + 2
            if event.x < end:
                self.post_message(self.Clicked(number))
                return


class MainScreen(Screen[None]):
    """Holds header, panes, status and footer; the style sheet arranges them by size."""

    BLANK = True  # nothing of it is drawn to be painted over

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  no ClassVar in Textual
        (0, "-narrow"),
        (112, "-wide"),
    ]
    """Loopback and ranges side by side need 56 columns each."""

    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (8, "-low"),
        (13, "-framed"),
        (19, "-tall"),
        (33, "-high"),
    ]
    """Heights from which header and footer, frames, the port space and all panes are visible."""

    def __init__(self, pane_layout: PaneLayout, size: Size) -> None:
        """Set the breakpoint classes: Textual sets them after the first frame.

        Args:
            pane_layout: The panes.
            size: The size of the terminal.
        """
        columns = _breakpoint(size.width, self.HORIZONTAL_BREAKPOINTS)
        lines = _breakpoint(size.height, self.VERTICAL_BREAKPOINTS)
        super().__init__(id="_default", classes=f"{columns} {lines}")
        self._pane_layout = pane_layout
        self._is_styled = False

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Skip the first style refresh: mounting has styled everything."""
        if not self._is_styled:
            self._is_styled = True
            event.refresh_styles = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into a pane makes it the active one."""
        self._pane_layout.activate_at(event.screen_x, event.screen_y)

    @on(TabLine.Clicked)
    def _tab_clicked(self, event: TabLine.Clicked) -> None:
        self._pane_layout.focus_pane(event.number)

    @on(KeyedTable.HeaderClicked)
    def _header_clicked(self, event: KeyedTable.HeaderClicked) -> None:  # type: ignore[type-arg]
        self._pane_layout.sort_by(event.table, event.column)


def _breakpoint(cells: int, breakpoints: Sequence[tuple[int, str]]) -> str:
    return [name for least, name in breakpoints if cells >= least][-1]
