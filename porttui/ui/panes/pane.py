"""The base class of panes, and the values they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from textual.content import Content
from textual.widget import Widget

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.analysis.rows import KeyedRow, TrackedRow
from porttui.model.snapshot import Snapshot
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.analysis.copy_formats import ServedEndpoint
    from porttui.analysis.drilldown import Drilldown
    from porttui.model.stop import StopTarget

R = TypeVar("R", bound=KeyedRow)


class Fact(NamedTuple):
    """One line of the details: a heading has no value."""

    label: str
    value: str = ""
    tone: Tone = Tone.PLAIN


class Details(NamedTuple):
    """The details of a row."""

    title: str
    facts: tuple[Fact, ...]


class StopChoice(NamedTuple):
    """A stop target with the key that selects it."""

    key: str
    label: str
    target: StopTarget


class Pane(Widget):
    """A framed table; the application asks it about the row under the cursor."""

    number = 0
    label = ""
    _caption = ""

    def on_mount(self) -> None:
        """Draw the frame before there is anything in it."""
        self.border_title = Content(f"{self.number} {self.label}")

    @property
    def table(self) -> KeyedTable[TrackedRow[R]]:
        """The table of the pane."""
        raise NotImplementedError

    def show_dashboard(self, dashboard: Dashboard, row_filter: Filter) -> None:
        """Show a sample, through the filter."""
        raise NotImplementedError

    def sort_next(self) -> str:
        """Sort by the next sortable column; return a message."""
        raise NotImplementedError

    def reverse(self) -> str:
        """Reverse the order; return a message."""
        raise NotImplementedError

    def address(self) -> str | None:
        """What `copy` takes from the row under the cursor."""
        raise NotImplementedError

    def served_endpoint(self) -> ServedEndpoint | None:
        """The server on the row under the cursor."""
        raise NotImplementedError

    def stop_choices(self, snapshot: Snapshot) -> tuple[StopChoice, ...]:
        """What `stop` could act on, captured now."""
        raise NotImplementedError

    def details(self, snapshot: Snapshot) -> Details | None:
        """The details of the row under the cursor."""
        raise NotImplementedError

    def drilldown(self, snapshot: Snapshot) -> Drilldown | None:  # noqa: ARG002
        """What Enter on the row under the cursor goes into; None where it shows details."""
        return None

    def set_caption(self, text: str) -> None:
        """Set the text on the lower border."""
        if text != self._caption:
            self._caption = text
            self.border_subtitle = Content(text) if text else None
