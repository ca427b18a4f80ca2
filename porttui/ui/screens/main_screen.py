"""The screen beneath all dialogs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.geometry import Size
from textual.screen import Screen

from porttui.ui.panes.deck import Deck
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.tab_line import TabLine


class MainScreen(Screen[None]):
    """Covered by panes and lines from edge to edge; the style sheet says what fits."""

    BLANK = True  # nothing of it is drawn to be painted over

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  no ClassVar in Textual
        (0, "-narrow"),
        (112, "-wide"),
    ]
    """Side by side, loopback and ranges need 56 columns each to show what they are for."""

    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"),
        (8, "-low"),
        (13, "-framed"),
        (19, "-tall"),
        (33, "-high"),
    ]
    """The lines from which on there are: header and keys; frames; the picture of the port space;
    all three panes."""

    def __init__(self, deck: Deck, size: Size) -> None:
        """Begin with the layout of this size: Textual's breakpoints come after the first frame.

        Args:
            deck: The panes that are mounted here.
            size: Of the terminal.
        """
        columns = _breakpoint(size.width, self.HORIZONTAL_BREAKPOINTS)
        lines = _breakpoint(size.height, self.VERTICAL_BREAKPOINTS)
        super().__init__(id="_default", classes=f"{columns} {lines}")
        self._deck = deck
        self._is_styled = False

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """At the start everything has just been styled when it was mounted: not again."""
        if not self._is_styled:
            self._is_styled = True
            event.refresh_styles = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into a pane makes it the active one."""
        self._deck.activate_at(event.screen_x, event.screen_y)

    @on(TabLine.Picked)
    def _tab_picked(self, event: TabLine.Picked) -> None:
        self._deck.go_to(event.number)

    @on(KeyedTable.HeaderClicked)
    def _header_clicked(self, event: KeyedTable.HeaderClicked) -> None:  # type: ignore[type-arg]
        self._deck.sort_by(event.table, event.column)


def _breakpoint(cells: int, breakpoints: Sequence[tuple[int, str]]) -> str:
    return [name for least, name in breakpoints if cells >= least][-1]
