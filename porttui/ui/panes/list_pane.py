"""The base class of panes whose rows appear and depart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.analysis.rows import KeyedRow, OrderedRows, RowChange, TrackedRow, TrackedRows
from porttui.text import session as session_text
from porttui.text.numbers import count
from porttui.text.rows import match_count, no_match, not_sortable, order_text
from porttui.ui.keymap import key_text
from porttui.ui.panes.pane import Pane
from porttui.ui.widgets.columns import Cell, Column, Tone, fit
from porttui.ui.widgets.keyed_table import KeyedTable

R = TypeVar("R", bound=KeyedRow)

_FILTER_CELLS = 24


class ListPane(Pane, Generic[R]):
    """Filters and sorts tracked rows, and shows which are new or departed."""

    no_rows_text = ""
    """Shown when there are no rows."""

    def __init__(
        self,
        columns: Sequence[Column[TrackedRow[R]]],
        glyph: Callable[[TrackedRow[R]], Cell],
        *,
        sort: str,
        id: str,
    ) -> None:
        """`sort`: the column that the dashboard has sorted the rows by."""
        super().__init__(id=id, classes="pane")
        self._sortable = [column for column in columns if column.sort_keys is not None]
        self._natural_order = next(column for column in self._sortable if column.id == sort)
        self._sort = self._natural_order
        self._descending = False
        self._tracked: TrackedRows[R] | None = None
        self._generation: int | None = None
        """Of the rows in `_tracked`."""
        self._filter = Filter()
        self._table = KeyedTable(
            columns, empty_text=session_text.SCANNING, tone=_row_tone, glyph=glyph, id=f"{id}-table"
        )

    def compose(self) -> ComposeResult:
        """One table."""
        yield self._table

    @property
    def table(self) -> KeyedTable[TrackedRow[R]]:  # type: ignore[override]
        """The table of the pane."""
        return self._table

    @property
    def selected(self) -> R | None:
        """The row under the cursor, even one that is just gone."""
        tracked = self._table.selected
        return None if tracked is None else tracked.row

    def tracked_rows(self, dashboard: Dashboard) -> TrackedRows[R]:
        """This pane's part of a dashboard."""
        raise NotImplementedError

    def generation(self, dashboard: Dashboard) -> int:
        """The generation of this pane's part."""
        return dashboard.generations.sample

    def show_dashboard(self, dashboard: Dashboard, row_filter: Filter) -> None:
        generation = self.generation(dashboard)
        if generation == self._generation and row_filter == self._filter:
            return
        if generation != self._generation:
            self._generation, self._tracked = generation, self.tracked_rows(dashboard)
        self._filter = row_filter
        self._update_table()

    def sort_next(self) -> str:
        index = self._sortable.index(self._sort)
        return self.sort_by(self._sortable[(index + 1) % len(self._sortable)])

    def sort_by(self, column: Column[TrackedRow[R]]) -> str:
        """Sort by a column; by the same one again in the other direction."""
        if column.sort_keys is None:
            return not_sortable(column.label)
        self._descending = column is self._sort and not self._descending
        self._sort = column
        self._update_table()
        return self._order_text

    def reverse(self) -> str:
        return self.sort_by(self._sort)

    @property
    def _order_text(self) -> str:
        return order_text(self._sort.label, descending=self._descending)

    def _update_table(self) -> None:
        self._table.show_sorting(self._sort.id, self._descending)
        tracked = self._tracked
        if tracked is None:
            return
        indexes = tracked.matching(self._filter) if self._filter else list(range(len(tracked)))
        present = bisect_left(indexes, len(tracked.present))
        self._sort_indexes(tracked, indexes)
        self._table.empty_text = self._empty_text
        self._table.show(OrderedRows(tracked, indexes))
        self.set_caption(f"{self._count_text(present)} · {self._order_text}")

    def _sort_indexes(self, tracked: TrackedRows[R], indexes: list[int]) -> None:
        # The present rows are already in the natural order.
        if tracked.departed or self._descending or self._sort is not self._natural_order:
            assert self._sort.sort_keys is not None
            keys = tracked.sort_keys(self._sort.sort_keys)
            indexes.sort(key=keys.__getitem__, reverse=self._descending)

    @property
    def _empty_text(self) -> str:
        if self._filter and self._tracked:
            return no_match(self._filter.text, key_text("clear"))
        return self.no_rows_text

    def _count_text(self, matching: int) -> str:
        """ "14", or "3 of 14 match 3000" through a filter. Departed rows do not count."""
        present = len(self._tracked.present) if self._tracked else 0
        if not self._filter:
            return count(present)
        filter_text = fit(self._filter.text, min(_FILTER_CELLS, cell_len(self._filter.text)))
        return match_count(matching, present, filter_text)


def _row_tone(tracked: TrackedRow[R]) -> Tone:
    return Tone.GONE if tracked.change is RowChange.GONE else Tone.PLAIN


GUTTER_GLYPHS = {
    RowChange.NEW: Cell("+", Tone.NEW),
    RowChange.GONE: Cell("-", Tone.ERROR),
    RowChange.CHANGED: Cell("~", Tone.CHANGED),
}
"""The glyphs of row changes; the help explains them."""
