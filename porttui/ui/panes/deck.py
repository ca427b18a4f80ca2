"""The three panes: all together on a large screen, one at a time on a small one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from porttui.analysis.board import Board
from porttui.analysis.filter import Filter
from porttui.ui.panes.listening import ListeningPane
from porttui.ui.panes.loopback import LoopbackPane
from porttui.ui.panes.pane import ListPane, Pane
from porttui.ui.panes.ranges import RangesPane
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.tab_line import TabLine
from porttui.ui.wording import count, percent

if TYPE_CHECKING:
    from porttui.analysis.scope import Scope
    from porttui.ui.panes.scope import ScopePane

WIDE_COLUMNS = 112
WIDE_LINES = 30
"""From this size on all three panes are on the screen together: side by side, loopback and ranges
need 56 columns each to show what they are for, and ranges 15 lines."""

TALL_LINES = 16
"""From this height on there is room for the picture of the port space."""

FRAMED_LINES = 10
"""From this height on a pane has a frame."""


class Below(Horizontal):
    """Two panes side by side."""

    BLANK = True


class Deck(Vertical):
    """Knows which pane is active, and which are in view."""

    BLANK = True

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        super().__init__(id="deck", classes="pane-1")
        self._tabs = TabLine()
        self._panes: tuple[Pane, ...] = (
            ListeningPane(elevation),
            LoopbackPane(elevation),
            RangesPane(),
        )
        self._elevation = elevation
        self._scope_pane: ScopePane | None = None
        self._number = 1

    def compose(self) -> ComposeResult:
        """Listening above, loopback and ranges side by side below."""
        listening, loopback, ranges = self._panes
        yield self._tabs
        yield listening
        with Below(id="below"):
            yield loopback
            yield ranges

    @property
    def active(self) -> Pane:
        """The pane that keys act on."""
        pane = self._panes[self._number - 1]
        inside = self._inside
        return inside if inside is not None and inside.number == pane.number else pane

    @property
    def _inside(self) -> ScopePane | None:
        """What stands in place of the ranges."""
        return self._scope_pane if self.has_class("inside") else None

    async def enter(self, scope: Scope, board: Board, wanted: Filter) -> None:
        """In place of the ranges, show the sockets of one of them, or of a destination."""
        if self._scope_pane is None:
            from porttui.ui.panes.scope import ScopePane  # not in the way of the first frame

            self._scope_pane = ScopePane(self._elevation)
            await self.query_one("#below").mount(self._scope_pane)
        self._scope_pane.enter(scope)
        self._scope_pane.show_board(board, wanted)
        self.add_class("inside")
        self.go_to(self._scope_pane.number)

    def leave(self) -> bool:
        """Back to the ranges; False if it was not inside one."""
        if self._inside is None:
            return False
        self.remove_class("inside")
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

    def show_board(self, board: Board, wanted: Filter) -> None:
        """Show a sample in every pane, through the filter."""
        for pane in self._panes:
            pane.show_board(board, wanted)
        if self._inside is not None:
            self._inside.show_board(board, wanted)
        ephemeral = board.summary.ephemeral
        figures = (
            count(board.summary.listeners),
            count(board.summary.pairs),
            percent(ephemeral.share) if ephemeral else "",
        )
        self._tabs.show_labels(
            tuple(
                f"{pane.number} {pane.label} {figure}".rstrip()
                for pane, figure in zip(self._panes, figures, strict=True)
            )
        )

    def on_mount(self) -> None:
        """Before the first sample the tabs have names only."""
        self._tabs.show_labels(tuple(f"{pane.number} {pane.label}" for pane in self._panes))
        self.go_to(1)

    def on_resize(self, event: events.Resize) -> None:
        """Three panes where they fit, else one."""
        size = event.size
        self.set_class(size.width < WIDE_COLUMNS or size.height < WIDE_LINES, "narrow")
        self.set_class(size.height < TALL_LINES, "short")
        self.set_class(size.height < FRAMED_LINES, "frameless")

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into a pane makes it the active one."""
        for pane in filter(None, (*self._panes, self._inside)):
            if pane.region.contains(event.screen_x, event.screen_y):
                self._activate(pane.number)

    @on(TabLine.Picked)
    def _tab_picked(self, event: TabLine.Picked) -> None:
        self.go_to(event.number)

    @on(KeyedTable.HeaderClicked)
    def _header_clicked(self, event: KeyedTable.HeaderClicked) -> None:  # type: ignore[type-arg]
        for pane in (*self._panes, self._inside):
            if isinstance(pane, ListPane) and pane.table is event.table:
                pane.sort_by(event.column)

    def _activate(self, number: int) -> None:
        self._tabs.activate(number)
        if number == self._number:
            return  # classes that change have every widget below styled anew
        self.remove_class(f"pane-{self._number}")
        self._number = number
        self.add_class(f"pane-{number}")
