"""What a person looks for among rows; `filter_grammar` says how it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    # At run time a session begins without any term.
    from porttui.analysis.terms import Facets, Term


class Filter(NamedTuple):
    """A filter that was understood. An empty one lets everything pass."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def meets(self, facets: Facets) -> bool:
        """Whether a row with these facets meets every term."""
        return all(term.meets(facets) for term in self.terms)
