"""What those panes have in common that list rows as they come and go."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from rich.cells import cell_len
from textual.app import ComposeResult

from porttui.analysis.dashboard import Dashboard
from porttui.analysis.filter import Filter
from porttui.analysis.rows import KeyedRow, RowChange, TrackedRow, TrackedRows
from porttui.text.numbers import count
from porttui.ui.keymap import shown_key
from porttui.ui.panes.pane import SCANNING, Pane
from porttui.ui.widgets.columns import Cell, Column, Tone, fit
from porttui.ui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from porttui.analysis.filter_columns import Searchable, SearchableRows

R = TypeVar("R", bound=KeyedRow)

_FILTER_CELLS = 24


class ListPane(Pane, Generic[R]):
    """Rows that come and go: filtered, sorted, with marks for what is new or just gone."""

    nothing = ""
    """What to say when there is no row at all."""

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
        self._shown: TrackedRows[R] | None = None
        self._filter = Filter()
        self._searchable: list[tuple[Sequence[R], SearchableRows]] = []
        """What a filter sees of rows on the screen."""
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

    def shown(self, dashboard: Dashboard) -> TrackedRows[R]:
        """This pane's part of a dashboard."""
        raise NotImplementedError

    def searchable(self, row: R) -> Searchable:
        """What a filter sees of a row."""
        raise NotImplementedError

    def matching(self, rows: Sequence[R], wanted: Filter) -> Sequence[int]:
        """The places of the rows that meet the filter, in their order."""
        from porttui.analysis.filter_columns import matching_rows  # not before there is a filter

        return matching_rows(self._columns_of(rows), wanted)

    def _columns_of(self, rows: Sequence[R]) -> SearchableRows:
        """Kept for the next key: it asks for those of the same rows again."""
        parts = self._shown.parts if self._shown else ()
        self._searchable = [
            kept for kept in self._searchable if any(kept[0] is each for each in parts)
        ]
        for kept, columns in self._searchable:
            if kept is rows:
                return columns
        from porttui.analysis.filter_columns import SearchableRows

        made = SearchableRows(map(self.searchable, rows))
        self._searchable.append((rows, made))
        return made

    def sort_keys(self, rows: Sequence[R], column: Column[TrackedRow[R]]) -> Sequence[object]:
        """What to compare when sorting by a column, for every row."""
        order = column.order
        assert order is not None
        return [order(TrackedRow(row)) for row in rows]

    def show_dashboard(self, dashboard: Dashboard, wanted: Filter) -> None:
        """See `Pane.show_dashboard`."""
        shown = self.shown(dashboard)
        if shown is not self._shown or wanted != self._filter:
            self._shown, self._filter = shown, wanted
            self._show()

    def sort_next(self) -> str:
        """See `Pane.sort_next`."""
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
        """See `Pane.reverse`."""
        return self.sort_by(self._sort)

    @property
    def _order_in_words(self) -> str:
        return f"by {self._sort.label.lower()} {'▼' if self._descending else '▲'}"

    def _show(self) -> None:
        self._table.sorted_by(self._sort.id, self._descending)
        if self._shown is None:
            return
        fitting = [self._fitting(part) for part in self._shown.parts]
        self._table.empty = self._why_empty
        self._table.show(OrderedRows(self._shown, self._order(self._shown, fitting)))
        self.caption(f"{self._count(len(fitting[0]))} · {self._order_in_words}")

    def _fitting(self, rows: Sequence[R]) -> Sequence[int]:
        """The places of the rows that meet the filter in force."""
        return self.matching(rows, self._filter) if self._filter else range(len(rows))

    def _order(self, shown: TrackedRows[R], fitting: Sequence[Sequence[int]]) -> Sequence[int]:
        """The places of the rows to show, in the order to show them in.

        Args:
            shown: All rows.
            fitting: For each of its parts the places of those to show.
        """
        places = list(fitting[0])
        start = shown.present_count
        for part, found in zip(shown.departed, fitting[1:], strict=True):
            places += [start + at for at in found]
            start += len(part)
        # The rows of now come in the order of the first column.
        if shown.departed or self._descending or self._sort is not self._natural_order:
            keys = [key for part in shown.parts for key in self.sort_keys(part, self._sort)]
            places.sort(key=keys.__getitem__, reverse=self._descending)  # type: ignore[arg-type]
        return places

    @property
    def _why_empty(self) -> str:
        if self._filter and self._shown:
            return f"no row fits the filter {self._filter.text} ({shown_key('clear')} clears it)"
        return self.nothing

    def _count(self, fitting: int) -> str:
        """ "14", or "3 of 14 fit 3000" through a filter; rows just gone do not count."""
        present = self._shown.present_count if self._shown else 0
        if not self._filter:
            return count(present)
        wanted = fit(self._filter.text, min(_FILTER_CELLS, cell_len(self._filter.text)))
        return f"{count(fitting)} of {count(present)} fit {wanted}"


class OrderedRows(Sequence[TrackedRow[R]]):
    """Some rows of a dashboard in some order; each is made when it comes into view."""

    def __init__(self, shown: TrackedRows[R], places: Sequence[int]) -> None:
        self._shown = shown
        self._places = places

    def keys(self) -> list[Hashable]:
        """Every row's key, without making the rows."""
        keys = self._shown.keys()
        return [keys[place] for place in self._places]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> TrackedRow[R]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[TrackedRow[R]]: ...
    def __getitem__(self, at: int | slice) -> TrackedRow[R] | Sequence[TrackedRow[R]]:
        if isinstance(at, slice):
            return [self._shown[place] for place in self._places[at]]
        return self._shown[self._places[at]]


def _tone_of_row(tracked: TrackedRow[R]) -> Tone:
    return Tone.GONE if tracked.change is RowChange.GONE else Tone.PLAIN


MARKS = {
    RowChange.NEW: Cell("+", Tone.NEW),
    RowChange.GONE: Cell("-", Tone.ERROR),
    RowChange.CHANGED: Cell("~", Tone.CHANGED),
}
"""The gutter's signs. What they mean is in the help."""
