"""The base of the panes that list rows as they come and go."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.analysis.rows import KeyedRow, OrderedRows, RowChange, TrackedRow, TrackedRows
from porttui.text.numbers import count
from porttui.ui.panes.pane import SCANNING, Pane
from porttui.ui.widgets.columns import Cell, Column, Tone, fit
from porttui.ui.widgets.keyed_table import KeyedTable

R = TypeVar("R", bound=KeyedRow)

_FILTER_CELLS = 24


class ListPane(Pane, Generic[R]):
    """Rows that come and go, filtered and sorted. The gutter marks new and departed ones."""

    nothing = ""
    """What to say when there is no row."""

    def __init__(
        self,
        columns: Sequence[Column[TrackedRow[R]]],
        mark: Callable[[TrackedRow[R]], Cell],
        *,
        sort: str,
        id: str,
    ) -> None:
        """`sort`: the column whose order the rows come in."""
        super().__init__(id=id, classes="pane")
        self._sortable = [column for column in columns if column.order is not None]
        self._natural_order = next(column for column in self._sortable if column.id == sort)
        self._sort = self._natural_order
        self._descending = False
        self._tracked: TrackedRows[R] | None = None
        self._generation: int | None = None
        """Of the rows in `_tracked`."""
        self._filter = Filter()
        self._table = KeyedTable(
            columns, empty=SCANNING, tone=_tone_of_row, mark=mark, id=f"{id}-table"
        )

    def compose(self) -> ComposeResult:
        """One table."""
        yield self._table

    @property
    def table(self) -> KeyedTable[TrackedRow[R]]:  # type: ignore[override]
        """Where the cursor is."""
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
        self._show()

    def sort_next(self) -> str:
        at = self._sortable.index(self._sort)
        return self.sort_by(self._sortable[(at + 1) % len(self._sortable)])

    def sort_by(self, column: Column[TrackedRow[R]]) -> str:
        """Sort by a column; by the same one again in the other direction."""
        if column.order is None:
            return f"{column.label} has no order"
        self._descending = column is self._sort and not self._descending
        self._sort = column
        self._show()
        return self._order_in_words

    def reverse(self) -> str:
        return self.sort_by(self._sort)

    @property
    def _order_in_words(self) -> str:
        return f"by {self._sort.label.lower()} {'▼' if self._descending else '▲'}"

    def _show(self) -> None:
        self._table.sorted_by(self._sort.id, self._descending)
        tracked = self._tracked
        if tracked is None:
            return
        indexes = tracked.matching(self._filter) if self._filter else list(range(len(tracked)))
        present = bisect_left(indexes, len(tracked.present))
        self._sort_indexes(tracked, indexes)
        self._table.empty = self._why_empty
        self._table.show(OrderedRows(tracked, indexes))
        self.caption(f"{self._count(present)} · {self._order_in_words}")

    def _sort_indexes(self, tracked: TrackedRows[R], indexes: list[int]) -> None:
        # Present rows come in the order of the first column.
        if tracked.departed or self._descending or self._sort is not self._natural_order:
            assert self._sort.order is not None
            keys = tracked.sort_keys(self._sort.order)
            indexes.sort(key=keys.__getitem__, reverse=self._descending)

    @property
    def _why_empty(self) -> str:
        if self._filter and self._tracked:
            return f"no row fits the filter {self._filter.text} (Esc clears it)"
        return self.nothing

    def _count(self, matching: int) -> str:
        """ "14", or "3 of 14 fit 3000" through a filter. Departed rows do not count."""
        present = len(self._tracked.present) if self._tracked else 0
        if not self._filter:
            return count(present)
        text = fit(self._filter.text, min(_FILTER_CELLS, cell_len(self._filter.text)))
        return f"{count(matching)} of {count(present)} fit {text}"


def _tone_of_row(tracked: TrackedRow[R]) -> Tone:
    return Tone.GONE if tracked.change is RowChange.GONE else Tone.PLAIN


MARKS = {
    RowChange.NEW: Cell("+", Tone.NEW),
    RowChange.GONE: Cell("-", Tone.ERROR),
    RowChange.CHANGED: Cell("~", Tone.CHANGED),
}
"""The gutter's signs. What they mean is in the help."""
