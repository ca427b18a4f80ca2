"""The screen beneath all dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.layout import Layout
from textual.screen import Screen

from porttui.ui.panes.arrangement import PanesBetweenLines
from porttui.ui.panes.deck import Deck
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.ui.widgets.tab_line import TabLine


class MainScreen(Screen[None]):
    """Covered by panes and lines from edge to edge."""

    BLANK = True  # nothing of it is drawn to be painted over

    def __init__(self, deck: Deck) -> None:
        """`deck`: of the panes that are mounted here."""
        super().__init__(id="_default")
        self._deck = deck
        self._is_styled = False
        self._layout = PanesBetweenLines(deck.hear_room)

    @property
    def layout(self) -> Layout:
        """Not by a style, which takes but names of Textual's own."""
        return self._layout

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """At the start everything has just been styled, when it was mounted: not again.

        (Textual calls every class's own handler, so there is no super() here.)
        """
        if not self._is_styled:
            self._is_styled = True
            event.refresh_styles = False

    def on_resize(self, event: events.Resize) -> None:
        """At the start its size is told three times: what is arranged is not arranged again.

        (Without `prevent_default` Textual's own handler would.)
        """
        if event.size == self.outer_size:
            event.prevent_default()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into a pane makes it the active one."""
        self._deck.activate_at(event.screen_x, event.screen_y)

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        """Go there. (By its name, for the tabs are imported when they are needed.)"""
        self._deck.go_to(event.number)

    @on(KeyedTable.HeaderClicked)
    def _header_clicked(self, event: KeyedTable.HeaderClicked) -> None:  # type: ignore[type-arg]
        self._deck.sort_by(event.table, event.column)
