"""The row filter and its syntax."""

from __future__ import annotations

from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    # At run time a session begins without any term.
    from porttui.analysis.terms import Term


SYNTAX = (
    ("3000", "exactly this port, local or remote"),
    ("3000-3010", "a range of ports"),
    ("300*", "ports that start with 300"),
    ("127.0.0.1:3000", "this endpoint; localhost:3000 is any loopback address"),
    ("word", "in the process, command line, address, user or service"),
    ("3000 node", "both must match"),
)
"""What can be typed, and what it means: for the help, the hint, --help and the README."""


class Filter(NamedTuple):
    """A parsed filter; an empty one matches every row."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)
