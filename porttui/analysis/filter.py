"""What a person types after `/`: terms separated by blanks, all of which a row must meet.

    3000             exactly this port, local or remote      :3000 says the same
    3000-3010        any port from 3000 to 3010
    300*             any port that begins with 300
    127.0.0.1:3000   this end; localhost:3000 any loopback address
    word             in a process's name or command line, an address, a user, a service ...

Each kind of term is one `read_...` function in `_READERS`: a richer grammar adds its own there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from porttui.light_typing import NamedTuple, Protocol
from porttui.model.address import Address, Endpoint

MAX_PORT = 65535

_QUOTED = 12
"""Characters of a bad filter that an error repeats."""


class FilterError(ValueError):
    """The filter says nothing that can be looked for; the message says why."""


class Facets(NamedTuple):
    """Those sides of a row that a filter can look at."""

    endpoints: tuple[Endpoint, ...]
    text: str
    """Lower case."""


class Term(Protocol):
    """One condition."""

    def meets(self, facets: Facets) -> bool:
        """Whether a row with these facets is looked for."""


class PortTerm(NamedTuple):
    """Ports first..last, at either end."""

    first: int
    last: int

    @property
    def spans(self) -> Sequence[range]:
        """All of them."""
        return (range(self.first, self.last + 1),)

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return any(self.first <= end.port <= self.last for end in facets.endpoints)


class PrefixTerm(NamedTuple):
    """Ports whose decimal digits begin so, at either end."""

    digits: str

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return any(str(end.port).startswith(self.digits) for end in facets.endpoints)

    @property
    def spans(self) -> Sequence[range]:
        """All of them: for 300 itself, 3000 to 3009, 30000 to 30099."""
        first = last = int(self.digits)
        if str(first) != self.digits:
            return ()  # no port is written with a 0 before it
        spans = []
        while first <= MAX_PORT:
            spans.append(range(first, min(last, MAX_PORT) + 1))
            first, last = first * 10, last * 10 + 9
            if first == 0:
                break
        return spans


class EndpointTerm(NamedTuple):
    """One end: an address (None for any loopback address) and a port."""

    address: Address | None
    port: int

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return any(end.port == self.port and self.is_at(end) for end in facets.endpoints)

    def is_at(self, end: Endpoint) -> bool:
        """Whether the end has this address, whatever its port."""
        if self.address is None:
            return end.address.is_loopback
        return end.address.unmapped == self.address.unmapped


class WordTerm(NamedTuple):
    """Text anywhere in the row, whatever the case."""

    word: str

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return self.word in facets.text


class Filter(NamedTuple):
    """A filter that was understood. An empty one lets everything pass."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def meets(self, facets: Facets) -> bool:
        """Whether a row with these facets meets every term."""
        return all(term.meets(facets) for term in self.terms)


def matching(
    rows: int, wanted: Filter, tester: Callable[[Term], Callable[[int], object]]
) -> list[int]:
    """The rows that meet the filter, in their order, where a row is but a number.

    `tester` makes of a term what tells whether a row meets it.
    """
    left: Iterable[int] = range(rows)
    for term in wanted.terms:
        left = filter(tester(term), left)
    return list(left)


def port_marks(spans: Iterable[range]) -> bytes:
    """For each port 1 if it is in one of the spans, else 0."""
    marks = bytearray(MAX_PORT + 1)
    for span in spans:
        marks[span.start : span.stop] = b"\x01" * len(span)
    return bytes(marks)


def parse_filter(text: str) -> Filter:
    """Read what was typed.

    Raises:
        FilterError: a term is half a port or none; the message is a sentence.
    """
    return Filter(text.strip(), tuple(_term(word) for word in text.split()))


def _term(word: str) -> Term:
    for read in _READERS:
        term = read(word)
        if term is not None:
            return term
    return WordTerm(word.lower())


def _read_port(word: str) -> Term | None:
    digits = word.removeprefix("*:").removeprefix(":")  # *:3000 as `ss` writes it
    if not _is_number(digits):
        if word == ":":
            raise FilterError(": needs a port behind it, as in :3000")
        return None
    port = _port(digits)
    return PortTerm(port, port)


def _read_range(word: str) -> Term | None:
    found = re.fullmatch(r":?([0-9]+)-([0-9]*)", word)
    if found is None:
        return None
    if not found[2]:
        raise FilterError(f"{word} needs a last port, as in {found[1]}-{found[1]}")
    # 0 to 1023 is how the well-known ports are written, though 0 is no port.
    first, last = _port(found[1], least=0), _port(found[2])
    if first > last:
        raise FilterError(f"{word} runs backwards: the first port is above the last")
    return PortTerm(first, last)


def _read_prefix(word: str) -> Term | None:
    if "*" not in word:
        return None
    digits = word.removeprefix(":").removesuffix("*")
    if not _is_number(digits):
        raise FilterError(f"{word}: a * stands behind the first digits of a port, as in 300*")
    if digits.startswith("0") or len(digits) > 5 or int(digits) > MAX_PORT:
        raise FilterError(f"no port begins with {digits[:_QUOTED]}")
    return PrefixTerm(digits)


def _read_endpoint(word: str) -> Term | None:
    host, colon, digits = word.rpartition(":")
    if not colon or not _is_number(digits):
        return None
    if host.lower() == "localhost":
        return EndpointTerm(None, _port(digits))
    if ":" in host and not host.startswith("["):
        return None  # an IPv6 address alone: its last group is no port
    try:
        return EndpointTerm(Address.parse(host), _port(digits))
    except FilterError:
        raise
    except ValueError:
        return None


_READERS: tuple[Callable[[str], Term | None], ...] = (
    _read_port,
    _read_range,
    _read_prefix,
    _read_endpoint,
)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _port(digits: str, least: int = 1) -> int:
    # By its length first: int() refuses very long numbers with an error of its own.
    significant = digits.lstrip("0") or "0"
    port = int(significant) if len(significant) <= 5 else MAX_PORT + 1
    if not least <= port <= MAX_PORT:
        raise FilterError(f"{digits[:_QUOTED]} is no port: ports go from 1 to {MAX_PORT}")
    return port
