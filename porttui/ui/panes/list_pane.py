"""The base class of panes whose rows appear and depart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from rich.cells import cell_len
from textual.app import ComposeResult

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.analysis.rows import KeyedRow, RowChange, TrackedRow, TrackedRows
from porttui.text.numbers import count
from porttui.text.rows import match_count, no_match, not_sortable
from porttui.ui.keymap import key_text
from porttui.ui.panes.pane import SCANNING, Pane
from porttui.ui.widgets.columns import Cell, Column, Tone, fit
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.analysis.filter_columns import Searchable, SearchableRows

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
        self._sortable = [column for column in columns if column.sort_key is not None]
        self._natural_order = next(column for column in self._sortable if column.id == sort)
        self._sort = self._natural_order
        self._descending = False
        self._tracked_rows: TrackedRows[R] | None = None
        self._filter = Filter()
        self._searchable: list[tuple[Sequence[R], SearchableRows]] = []
        """The searchable columns of the shown rows."""
        self._table = KeyedTable(
            columns, empty_text=SCANNING, tone=_row_tone, glyph=glyph, id=f"{id}-table"
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

    def searchable(self, row: R) -> Searchable:
        """The searchable text and endpoints of a row."""
        raise NotImplementedError

    def matching_indexes(self, rows: Sequence[R], row_filter: Filter) -> Sequence[int]:
        """The indexes of the rows that match the filter, in order."""
        from porttui.analysis.filter_columns import matching_rows  # not before there is a filter

        return matching_rows(self._searchable_columns(rows), row_filter)

    def _searchable_columns(self, rows: Sequence[R]) -> SearchableRows:
        """The searchable columns of `rows`, cached for the next key."""
        parts = self._tracked_rows.parts if self._tracked_rows else ()
        self._searchable = [
            entry for entry in self._searchable if any(entry[0] is part for part in parts)
        ]
        for cached, columns in self._searchable:
            if cached is rows:
                return columns
        from porttui.analysis.filter_columns import SearchableRows

        columns = SearchableRows(map(self.searchable, rows))
        self._searchable.append((rows, columns))
        return columns

    def sort_keys(self, rows: Sequence[R], column: Column[TrackedRow[R]]) -> Sequence[object]:
        """What to compare when sorting by a column, for every row."""
        sort_key = column.sort_key
        assert sort_key is not None
        return [sort_key(TrackedRow(row)) for row in rows]

    def show_dashboard(self, dashboard: Dashboard, row_filter: Filter) -> None:
        """See `Pane.show_dashboard`."""
        tracked_rows = self.tracked_rows(dashboard)
        if tracked_rows is not self._tracked_rows or row_filter != self._filter:
            self._tracked_rows, self._filter = tracked_rows, row_filter
            self._update_table()

    def sort_next(self) -> str:
        """See `Pane.sort_next`."""
        index = self._sortable.index(self._sort)
        return self.sort_by(self._sortable[(index + 1) % len(self._sortable)])

    def sort_by(self, column: Column[TrackedRow[R]]) -> str:
        """Sort by a column; by the same one again in the other direction."""
        if column.sort_key is None:
            return not_sortable(column.label)
        self._descending = column is self._sort and not self._descending
        self._sort = column
        self._update_table()
        return self._order_text

    def reverse(self) -> str:
        """See `Pane.reverse`."""
        return self.sort_by(self._sort)

    @property
    def _order_text(self) -> str:
        return f"by {self._sort.label.lower()} {'▼' if self._descending else '▲'}"

    def _update_table(self) -> None:
        self._table.show_sorting(self._sort.id, self._descending)
        if self._tracked_rows is None:
            return
        matching = [self._matching_indexes(part) for part in self._tracked_rows.parts]
        self._table.empty_text = self._empty_text
        self._table.show(OrderedRows(self._tracked_rows, self._order(self._tracked_rows, matching)))
        self.set_caption(f"{self._count_text(len(matching[0]))} · {self._order_text}")

    def _matching_indexes(self, rows: Sequence[R]) -> Sequence[int]:
        """The indexes of the rows that match the filter in force."""
        return self.matching_indexes(rows, self._filter) if self._filter else range(len(rows))

    def _order(
        self, tracked_rows: TrackedRows[R], matching: Sequence[Sequence[int]]
    ) -> Sequence[int]:
        """The indexes of the rows to show, in display order.

        Args:
            tracked_rows: All rows.
            matching: For each part, the indexes of the rows to show.
        """
        indexes = list(matching[0])
        start = tracked_rows.present_count
        for part, part_indexes in zip(tracked_rows.departed, matching[1:], strict=True):
            indexes += [start + index for index in part_indexes]
            start += len(part)
        # The present rows are already in the natural order.
        if tracked_rows.departed or self._descending or self._sort is not self._natural_order:
            keys = [key for part in tracked_rows.parts for key in self.sort_keys(part, self._sort)]
            indexes.sort(key=keys.__getitem__, reverse=self._descending)  # type: ignore[arg-type]
        return indexes

    @property
    def _empty_text(self) -> str:
        if self._filter and self._tracked_rows:
            return no_match(self._filter.text, key_text("clear"))
        return self.no_rows_text

    def _count_text(self, matching: int) -> str:
        """ "14", or "3 of 14 match 3000" through a filter; rows just gone do not count."""
        present = self._tracked_rows.present_count if self._tracked_rows else 0
        if not self._filter:
            return count(present)
        filter_text = fit(self._filter.text, min(_FILTER_CELLS, cell_len(self._filter.text)))
        return match_count(matching, present, filter_text)


class OrderedRows(Sequence[TrackedRow[R]]):
    """Some rows of a dashboard in display order; a row is created when it is drawn."""

    def __init__(self, tracked_rows: TrackedRows[R], indexes: Sequence[int]) -> None:
        self._tracked_rows = tracked_rows
        self._indexes = indexes

    def keys(self) -> list[Hashable]:
        """Every row's key, without making the rows."""
        keys = self._tracked_rows.keys()
        return [keys[index] for index in self._indexes]

    def __len__(self) -> int:
        return len(self._indexes)

    @overload
    def __getitem__(self, index: int) -> TrackedRow[R]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TrackedRow[R]]: ...
    def __getitem__(self, index: int | slice) -> TrackedRow[R] | Sequence[TrackedRow[R]]:
        if isinstance(index, slice):
            return [self._tracked_rows[number] for number in self._indexes[index]]
        return self._tracked_rows[self._indexes[index]]


def _row_tone(tracked: TrackedRow[R]) -> Tone:
    return Tone.GONE if tracked.change is RowChange.GONE else Tone.PLAIN


GUTTER_GLYPHS = {
    RowChange.NEW: Cell("+", Tone.NEW),
    RowChange.GONE: Cell("-", Tone.ERROR),
    RowChange.CHANGED: Cell("~", Tone.CHANGED),
}
"""The glyphs of row changes; the help explains them."""
