"""The three panes: all together on a large screen, one at a time on a small one."""

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


class Deck(Container):
    """Knows which pane is active. Which are in view is the style sheet's part."""

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        super().__init__()
        self.tabs = TabLine()
        """Mounted above the panes; in view where one of them is at a time."""
        self._names: tuple[str, ...] = ()
        self._listening = ListeningPane(elevation)
        self._loopback = LoopbackPane(elevation)
        self._ranges = RangesPane()
        self._panes: tuple[Pane, ...] = (self._listening, self._loopback, self._ranges)
        self._elevation = elevation
        self._drilldown_pane: DrilldownPane | None = None
        self._is_inside = False
        self._number = 1
        self._mark_active()

    def compose(self) -> ComposeResult:
        """The panes, in their order."""
        yield from self._panes

    @property
    def active(self) -> Pane:
        """The pane that keys act on."""
        pane = self._panes[self._number - 1]
        inside = self._inside
        return inside if inside is not None and inside.number == pane.number else pane

    @property
    def _inside(self) -> DrilldownPane | None:
        """What stands in place of the ranges."""
        return self._drilldown_pane if self._is_inside else None

    async def enter(self, drilldown: Drilldown, dashboard: Dashboard, wanted: Filter) -> None:
        """In place of the ranges, show the sockets of one of them, or of a destination."""
        if self._drilldown_pane is None:
            from porttui.ui.panes.drilldown import (
                DrilldownPane,  # not in the way of the first frame
            )

            self._drilldown_pane = DrilldownPane(self._elevation)
            await self.mount(self._drilldown_pane, after=self._ranges)
        self._drilldown_pane.enter(drilldown)
        self._drilldown_pane.show_dashboard(dashboard, wanted)
        self._is_inside = True
        self.go_to(self._drilldown_pane.number)

    def leave(self) -> bool:
        """Back to the ranges; False if it was not inside one."""
        if not self._is_inside:
            return False
        self._is_inside = False
        self.go_to(self._number)
        return True

    def go_to(self, number: int) -> None:
        """Make a pane active, bring it into view and give it the keys."""
        self._activate(number)
        # Now, and again when a pane that was out of view has come into it.
        self.screen.set_focus(self.active.table)
        self.active.table.focus()

    def go_on(self, step: int) -> None:
        """Go to the next pane, or with -1 to the one before."""
        self.go_to((self._number - 1 + step) % len(self._panes) + 1)

    def show_dashboard(self, dashboard: Dashboard, wanted: Filter) -> None:
        """Show a sample in every pane, through the filter."""
        for pane in self._panes:
            pane.show_dashboard(dashboard, wanted)
        if self._inside is not None:
            self._inside.show_dashboard(dashboard, wanted)
        ephemeral = dashboard.summary.ephemeral
        figures = (
            count(dashboard.summary.listeners),
            count(dashboard.summary.pairs),
            percent(ephemeral.share) if ephemeral else "",
        )
        self._name_tabs(figures)

    def begin(self) -> None:
        """As soon as the panes are mounted. Before the first sample the tabs have names only."""
        self._name_tabs(("", "", ""))
        self.go_to(1)

    def activate_at(self, x: int, y: int) -> None:
        """Go to the pane that is at this place of the screen, on its table or beside it."""
        for pane in filter(None, (*self._panes, self._inside)):
            if pane.display and pane is not self.active and pane.region.contains(x, y):
                self.go_to(pane.number)

    def sort_by(self, table: KeyedTable[Any], column: Column[Any]) -> None:
        """Sort the pane of this table by one of its columns."""
        for pane in (*self._panes, self._inside):
            if isinstance(pane, ListPane) and pane.table is table:
                pane.sort_by(column)

    def _activate(self, number: int) -> None:
        self._number = number
        self._mark_active()

    def _name_tabs(self, figures: Sequence[str]) -> None:
        """Write on the tabs what there is in each pane."""
        self._names = tuple(
            f"{pane.number} {pane.label} {figure}".rstrip()
            for pane, figure in zip(self._panes, figures, strict=True)
        )
        self.tabs.show(self._names, self._number)

    def _mark_active(self) -> None:
        """Light up the frame of the active pane."""
        active = self.active
        replaced = self._ranges if self._is_inside else self._drilldown_pane
        for pane in filter(None, (*self._panes, self._drilldown_pane)):
            pane.set_class(pane is active, "active")
            pane.set_class(pane is replaced, "replaced")
        self.tabs.show(self._names, self._number)
