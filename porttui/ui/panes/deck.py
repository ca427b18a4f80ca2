"""The three panes: all together on a large screen, one at a time on a small one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.geometry import Size

from porttui.analysis.board import Board
from porttui.analysis.filter import Filter
from porttui.text.numbers import count, percent
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.listening import ListeningPane
from porttui.ui.panes.loopback import LoopbackPane
from porttui.ui.panes.pane import Pane
from porttui.ui.panes.ranges import RangesPane

if TYPE_CHECKING:
    from textual.screen import Screen

    from porttui.analysis.scope import Scope
    from porttui.ui.panes.scope import ScopePane
    from porttui.ui.widgets.columns import Column
    from porttui.ui.widgets.keyed_table import KeyedTable
    from porttui.ui.widgets.tab_line import TabLine

WIDE_COLUMNS = 112
WIDE_LINES = 30
"""From this size on all three panes are on the screen together: side by side, loopback and ranges
need 56 columns each to show what they are for, and ranges 15 lines."""

TALL_LINES = 16
"""From this height on there is room for the picture of the port space."""

FRAMED_LINES = 10
"""From this height on a pane has a frame."""


class Deck:
    """Knows which pane is active, and which are in view."""

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        self._tabs: TabLine | None = None
        """Not before one pane at a time is in view: it would be in the way of the first frame."""
        self._labels: tuple[str, ...] = ()
        self._listening = ListeningPane(elevation)
        self._loopback = LoopbackPane(elevation)
        self._ranges = RangesPane()
        self._panes: tuple[Pane, ...] = (self._listening, self._loopback, self._ranges)
        self._elevation = elevation
        self._scope_pane: ScopePane | None = None
        self._is_inside = False
        self._room: Size | None = None
        """For panes and tabs."""
        self._is_narrow = False
        self._is_frameless = False
        self._number = 1
        self._arrange()

    @property
    def panes(self) -> Sequence[Pane]:
        """In their order; one more may be mounted on their screen."""
        return self._panes

    @property
    def active(self) -> Pane:
        """The pane that keys act on."""
        pane = self._panes[self._number - 1]
        inside = self._inside
        return inside if inside is not None and inside.number == pane.number else pane

    @property
    def _inside(self) -> ScopePane | None:
        """What stands in place of the ranges."""
        return self._scope_pane if self._is_inside else None

    async def enter(self, scope: Scope, board: Board, wanted: Filter) -> None:
        """In place of the ranges, show the sockets of one of them, or of a destination."""
        if self._scope_pane is None:
            from porttui.ui.panes.scope import ScopePane  # not in the way of the first frame

            self._scope_pane = ScopePane(self._elevation)
            await self._screen.mount(self._scope_pane, after=self._ranges)
        self._scope_pane.enter(scope)
        self._scope_pane.show_board(board, wanted)
        self._is_inside = True
        self.go_to(self._scope_pane.number)

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
        self._screen.set_focus(self.active.table)
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
        self._label(figures)

    def begin(self) -> None:
        """As soon as the panes are mounted. Before the first sample the tabs have names only."""
        self._label(("", "", ""))
        self.go_to(1)

    def hear_room(self, panes: Size) -> None:
        """With each layout; `panes`: what room there is for them."""
        tabs = self._tabs is not None and self._tabs.display
        room = Size(panes.width, panes.height + tabs)
        if room != self._room:
            self._screen.call_later(self.fit, room)  # what is in view is not to change now

    def fit(self, room: Size) -> None:
        """Three panes where they fit, else one; rows before ornaments.

        To be called as soon as it is known: what is arranged is painted before it tells its room.

        Args:
            room: For the panes, and for the tabs if there are any.
        """
        if room == self._room:
            return
        self._room = room
        self._is_narrow = room.width < WIDE_COLUMNS or room.height < WIDE_LINES
        self._ranges.fold(room.height < TALL_LINES)
        self._is_frameless = room.height < FRAMED_LINES
        self._arrange()

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

    @property
    def _screen(self) -> Screen[object]:
        return self._listening.screen

    def _activate(self, number: int) -> None:
        self._number = number
        self._arrange()

    def _label(self, figures: Sequence[str]) -> None:
        """Write on the tabs what there is in each pane."""
        self._labels = tuple(
            f"{pane.number} {pane.label} {figure}".rstrip()
            for pane, figure in zip(self._panes, figures, strict=True)
        )
        if self._tabs is not None:
            self._tabs.show(self._labels, self._number)

    def _arrange(self) -> None:
        """Bring what fits into view, and light up the frame of the active pane."""
        active = self.active
        replaced = self._ranges if self._is_inside else self._scope_pane
        for pane in filter(None, (*self._panes, self._scope_pane)):
            pane.display = pane is active or not (self._is_narrow or pane is replaced)
            pane.set_frame(active=pane is active, frameless=self._is_frameless)
        self._arrange_tabs()

    def _arrange_tabs(self) -> None:
        """Where one pane is in view at a time."""
        if self._tabs is None and self._is_narrow:
            from porttui.ui.widgets.tab_line import TabLine

            self._tabs = TabLine()
            if self._listening.is_attached:
                self._screen.mount(self._tabs, before=self._listening)
        if self._tabs is not None:
            self._tabs.display = self._is_narrow
            self._tabs.show(self._labels, self._number)
