"""The three panes: all together on a large screen, one at a time on a small one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from porttui.analysis.board import Board
from porttui.analysis.filter import Filter
from porttui.ui.panes.list_pane import ListPane
from porttui.ui.panes.listening import ListeningPane
from porttui.ui.panes.loopback import LoopbackPane
from porttui.ui.panes.pane import Pane
from porttui.ui.panes.ranges import RangesPane
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.wording import count, percent

if TYPE_CHECKING:
    from porttui.analysis.scope import Scope
    from porttui.ui.panes.scope import ScopePane
    from porttui.ui.widgets.tab_line import TabLine

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

    BLANK = True  # covered by them: nothing of it is drawn to be painted over


class Deck(Vertical):
    """Knows which pane is active, and which are in view."""

    BLANK = True  # covered, too

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        super().__init__()
        self._tabs: TabLine | None = None
        """Not before one pane at a time is in view: it would be in the way of the first frame."""
        self._labels: tuple[str, ...] = ()
        self._listening = ListeningPane(elevation)
        self._loopback = LoopbackPane(elevation)
        self._ranges = RangesPane()
        self._below = Below()
        self._panes: tuple[Pane, ...] = (self._listening, self._loopback, self._ranges)
        self._elevation = elevation
        self._scope_pane: ScopePane | None = None
        self._is_inside = False
        self._is_composed = False
        self._is_narrow = False
        self._is_frameless = False
        self._number = 1
        self._arrange()

    def compose(self) -> ComposeResult:
        """The tabs, if they are wanted; listening above, loopback and ranges side by side below."""
        self._is_composed = True
        if self._tabs is not None:
            yield self._tabs
        yield self._listening
        with self._below:
            yield self._loopback
            yield self._ranges

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
            await self._below.mount(self._scope_pane)
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
        self._label(figures)

    def on_mount(self) -> None:
        """Before the first sample the tabs have names only."""
        self._label(("", "", ""))
        self.go_to(1)

    def on_resize(self, event: events.Resize) -> None:
        """What it has got, after all."""
        self.fit(*event.size)

    def fit(self, width: int, height: int) -> None:
        """Three panes where they fit, else one; rows before ornaments.

        To be called as soon as it is known: what is arranged is painted before it tells its size.
        """
        self._is_narrow = width < WIDE_COLUMNS or height < WIDE_LINES
        self._below.set_class(self._is_narrow, "alone")
        self._ranges.fold(height < TALL_LINES)
        self._is_frameless = height < FRAMED_LINES
        self._arrange()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into a pane makes it the active one."""
        for pane in filter(None, (*self._panes, self._inside)):
            if pane.region.contains(event.screen_x, event.screen_y):
                self._activate(pane.number)

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        """Go there. (By its name, for the tabs are imported when they are needed.)"""
        self.go_to(event.number)

    @on(KeyedTable.HeaderClicked)
    def _header_clicked(self, event: KeyedTable.HeaderClicked) -> None:  # type: ignore[type-arg]
        for pane in (*self._panes, self._inside):
            if isinstance(pane, ListPane) and pane.table is event.table:
                pane.sort_by(event.column)

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
        self._below.display = active is not self._listening or not self._is_narrow
        self._arrange_tabs()

    def _arrange_tabs(self) -> None:
        """Where one pane is in view at a time."""
        if self._tabs is None and self._is_narrow:
            from porttui.ui.widgets.tab_line import TabLine

            self._tabs = TabLine()
            if self._is_composed:
                self.mount(self._tabs, before=0)
        if self._tabs is not None:
            self._tabs.display = self._is_narrow
            self._tabs.show(self._labels, self._number)
