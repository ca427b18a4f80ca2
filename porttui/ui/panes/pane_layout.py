"""The layout of the panes: all on a large screen, one at a time on a small one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Container

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.text.numbers import count, percent
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.listening import ListeningPane
from porttui.ui.panes.loopback import LoopbackPane
from porttui.ui.panes.pane import Pane
from porttui.ui.panes.ranges import RangesPane
from porttui.ui.widgets.tab_line import TabLine

if TYPE_CHECKING:
    from porttui.analysis.drilldown import Drilldown
    from porttui.ui.panes.drilldown import DrilldownPane
    from porttui.ui.widgets.columns import Column
    from porttui.ui.widgets.keyed_table import KeyedTable


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
        drilldown_pane = self._open_drilldown_pane
        return (
            drilldown_pane
            if drilldown_pane is not None and drilldown_pane.number == pane.number
            else pane
        )

    @property
    def _open_drilldown_pane(self) -> DrilldownPane | None:
        """The drilldown pane, while it replaces the ranges."""
        return self._drilldown_pane if self._is_drilled_down else None

    async def open_drilldown(
        self, drilldown: Drilldown, dashboard: Dashboard, row_filter: Filter
    ) -> None:
        """Replace the ranges by the sockets of a range or destination."""
        if self._drilldown_pane is None:
            from porttui.ui.panes.drilldown import (
                DrilldownPane,  # not in the way of the first frame
            )

            self._drilldown_pane = DrilldownPane(self._elevation)
            await self.mount(self._drilldown_pane, after=self._ranges)
        self._drilldown_pane.show_drilldown(drilldown)
        self._drilldown_pane.show_dashboard(dashboard, row_filter)
        self._is_drilled_down = True
        self.focus_pane(self._drilldown_pane.number)

    def close_drilldown(self) -> bool:
        """Return to the ranges; False if no drilldown was open."""
        if not self._is_drilled_down:
            return False
        self._is_drilled_down = False
        self.focus_pane(self._number)
        return True

    def focus_pane(self, number: int) -> None:
        """Activate a pane, show it and focus its table."""
        self._activate(number)
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

    def _activate(self, number: int) -> None:
        self._number = number
        self._mark_active()

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
