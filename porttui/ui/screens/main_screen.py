"""The main screen, below all dialogs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.geometry import Size
from textual.screen import Screen

from porttui.ui.panes.pane_layout import PaneLayout
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.tab_line import TabLine


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
