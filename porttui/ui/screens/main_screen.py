"""The screen beneath all dialogs."""

from __future__ import annotations

from textual import events
from textual.screen import Screen


class MainScreen(Screen[None]):
    """Covered by panes and lines from edge to edge."""

    BLANK = True  # nothing of it is drawn to be painted over

    def __init__(self) -> None:
        super().__init__(id="_default")
        self._is_styled = False

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
