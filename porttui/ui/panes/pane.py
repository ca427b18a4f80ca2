"""What all panes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from porttui.analysis.board import Board
from porttui.analysis.changes import Keyed, Marked
from porttui.analysis.filter import Filter
from porttui.model.snapshot import Snapshot
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.analysis.copies import Served
    from porttui.analysis.scope import Scope
    from porttui.model.stop import StopTarget

R = TypeVar("R", bound=Keyed)

SCANNING = "scanning ..."


class Fact(NamedTuple):
    """One line of the details: a heading has no value."""

    label: str
    value: str = ""
    tone: Tone = Tone.PLAIN


class Details(NamedTuple):
    """Everything that is known of a row."""

    title: str
    facts: tuple[Fact, ...]


class StopChoice(NamedTuple):
    """One process that a key on a row could stop."""

    key: str
    words: str
    target: StopTarget


class _Drawn(NamedTuple):
    """What was drawn of a frame that is `height` lines high."""

    crop: Region
    height: int
    lines: list[Strip]


class Pane(Widget, inherit_css=False):
    """A bordered room for one table; the application asks it about the row under the cursor."""

    number = 0
    label = ""
    _caption = ""
    _drawn: _Drawn | None = None
    """As it was painted last, if that is still how it looks."""

    def on_mount(self) -> None:
        """Draw the frame before there is anything in it."""
        self.border_title = Content(f"{self.number} {self.label}")

    def render_lines(self, crop: Region) -> list[Strip]:
        """The room is covered: between title and foot all lines are alike, and one is drawn.

        Textual asks with every frame, for the rows of the table in it change.
        """
        height = self.region.height
        if self._drawn is None or (self._drawn.crop, self._drawn.height) != (crop, height):
            self._drawn = _Drawn(crop, height, self._draw(crop, height - 1))
        return self._drawn.lines

    def _draw(self, crop: Region, foot: int) -> list[Strip]:
        draw = super().render_lines
        if foot < 1:
            return draw(crop)
        top = draw(Region(crop.x, 0, crop.width, min(2, foot + 1)))
        lines = {0: top[0], foot: draw(Region(crop.x, foot, crop.width, 1))[0]}
        return [lines.get(y, top[-1]) for y in crop.line_range]

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """It looks otherwise, or will."""
        self._drawn = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        """As `refresh`."""
        self._drawn = None
        super().notify_style_update()

    def set_frame(self, *, active: bool, frameless: bool) -> None:
        """Show that the keys act here, or do not; on a very small screen without any frame."""
        if active == self.has_class("active") and frameless == self.has_class("frameless"):
            return
        self.set_class(active, "active", update=False)
        self.set_class(frameless, "frameless", update=False)
        if self.is_attached:
            # The frame only. With `update` everything inside would be styled anew, too.
            self.app.stylesheet.update_nodes((self,))

    @property
    def table(self) -> KeyedTable[Marked[R]]:
        """Where the cursor is."""
        raise NotImplementedError

    def show_board(self, board: Board, wanted: Filter) -> None:
        """Show a sample, through the filter."""
        raise NotImplementedError

    def sort_next(self) -> str:
        """Sort by the next column that can be sorted by; what was done, in words."""
        raise NotImplementedError

    def reverse(self) -> str:
        """Reverse the order; what was done, in words."""
        raise NotImplementedError

    def address(self) -> str | None:
        """What `copy` takes from the row under the cursor."""
        raise NotImplementedError

    def served(self) -> Served | None:
        """The server on the row under the cursor."""
        raise NotImplementedError

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:
        """What `stop` could act on, captured now."""
        raise NotImplementedError

    def details(self, snapshot: Snapshot) -> Details | None:
        """All that is known of the row under the cursor."""
        raise NotImplementedError

    def scope(self, snapshot: Snapshot) -> Scope | None:  # noqa: ARG002
        """What Enter on the row under the cursor goes into; None where it shows details."""
        return None

    def caption(self, text: str) -> None:
        """Write on the lower edge of the frame."""
        if text != self._caption:
            self._caption = text
            self.border_subtitle = Content(text) if text else None
