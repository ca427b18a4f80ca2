"""The row filter: its syntax, its terms, and their parser.

A filter is terms separated by blanks, all of which a row must match. `SYNTAX` tells a person what
there is. Each kind of term is one `_read_...` function in `_READERS`: a richer grammar adds its own
there, and its row to that table. `filter_columns` evaluates the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from porttui.model.address import PORTS, Address, Endpoint
from porttui.model.kernel import port_bitmap
from porttui.record import NamedTuple, Protocol

SYNTAX = (
    ("3000", "exactly this port, local or remote"),
    ("3000-3010", "a range of ports"),
    ("300*", "ports that start with 300"),
    ("127.0.0.1:3000", "this endpoint; localhost:3000 is any loopback address"),
    ("http://localhost:3000", "the endpoint of a URL, or the port of a pasted error message"),
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


NO_PORT = port_bitmap(())
EVERY_PORT = port_bitmap((PORTS,))

_DIGITS = len(str(PORTS[-1]))


@lru_cache(maxsize=8)
def _bitmap(spans: tuple[range, ...]) -> bytes:
    """For each port 1 if it is in one of the spans; one object for thousands of addresses."""
    return port_bitmap(spans) if spans else NO_PORT


class Term(Protocol):
    """One condition."""

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        """For each address a bitmap: for each port 1 if the endpoint of both meets it.

        `NO_PORT` where none does, and where there is no address.
        """


class PortTerm(NamedTuple):
    """Ports first..last, at either end."""

    first: int
    last: int

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        ports = _bitmap((range(self.first, self.last + 1),))
        return [NO_PORT if address is None else ports for address in addresses]


class PrefixTerm(NamedTuple):
    """Ports that start with these decimal digits, at either end."""

    digits: str

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        ports = _bitmap(self.spans)
        return [NO_PORT if address is None else ports for address in addresses]

    @property
    def spans(self) -> tuple[range, ...]:
        """The ports: for 300 itself, 3000 to 3009, 30000 to 30099."""
        if len(self.digits) > _DIGITS:
            return ()
        number = int(self.digits)
        if str(number) != self.digits:
            return ()  # no port is written with a 0 before it
        powers = [10**more for more in range(_DIGITS if number else 1)]
        return tuple(
            range(number * power, min((number + 1) * power, len(PORTS)))
            for power in powers
            if number * power in PORTS
        )


class EndpointTerm(NamedTuple):
    """One end: an address (None for any loopback address) and a port."""

    address: Address | None
    port: int

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        ports = _bitmap((range(self.port, self.port + 1),))
        return [ports if self._is_at(address) else NO_PORT for address in addresses]

    def _is_at(self, address: Address | None) -> bool:
        if address is None:
            return False
        if self.address is None:
            return address.is_loopback
        is_same = address.unmapped == self.address.unmapped
        return is_same and self.address.zone in ("", address.zone)


class WordTerm(NamedTuple):
    """Text anywhere in the row, in upper or lower case."""

    word: str

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        return [NO_PORT if address is None else self._ports_at(address) for address in addresses]

    def _ports_at(self, address: Address) -> bytes:
        """Where the word is in the endpoint as it is written: "127.0.0.1:3000", "[::1]:3000"."""
        stem = str(Endpoint(address, 0))[:-1].lower()
        return EVERY_PORT if self.word in stem else _bitmap(self._spans_behind(stem))

    def _spans_behind(self, stem: str) -> tuple[range, ...]:
        """The ports with which the word begins in the stem and ends in the port.

        (Of digits alone it would be a port, and no word.)
        """
        spans: list[range] = []
        for at in range(len(self.word) - 1, 0, -1):
            if not "0" <= self.word[at] <= "9":
                break
            if stem.endswith(self.word[:at]):
                spans += PrefixTerm(self.word[at:]).spans
        return tuple(spans)


_QUOTED = 12
"""Characters of a bad filter that an error repeats."""


class FilterError(ValueError):
    """The filter cannot be parsed; the message says why."""


def parse_filter(text: str) -> Filter:
    """Read what was typed.

    Raises:
        FilterError: a term is half a port or none; the message is a sentence.
    """
    words = text.split()
    if len(words) > 1 and any(character.isdecimal() for character in text):
        term = _read_message(text)
        if term is not None:
            return Filter(text.strip(), (term,))
    return Filter(text.strip(), tuple(map(_term, words)))


def _read_message(text: str) -> Term | None:
    """An error message that was pasted: its port, at any address."""
    from porttui.analysis.port_text import is_message, port_in_message  # loads `re`

    named = port_in_message(text) if is_message(text) else None
    return None if named is None else PortTerm(int(named.port), int(named.port))


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
            raise FilterError(": needs a port, like :3000")
        return None
    port = _port(digits)
    return PortTerm(port, port)


def _read_range(word: str) -> Term | None:
    # Without `re`, which `list` would load for its help: 5 of 40 ms.
    start, dash, end = word.removeprefix(":").partition("-")
    if not dash or not _is_number(start) or (end and not _is_number(end)):
        return None
    if not end:
        raise FilterError(f"{word} needs a last port, like {start}-{start}")
    # 0 to 1023 is how the well-known ports are written, though 0 is no port.
    first, last = _port(start, least=0), _port(end)
    if first > last:
        raise FilterError(f"{word}: the first port is above the last")
    return PortTerm(first, last)


def _read_prefix(word: str) -> Term | None:
    if "*" not in word:
        return None
    digits = word.removeprefix(":").removesuffix("*")
    if not _is_number(digits):
        raise FilterError(f"{word}: * must follow the first digits of a port, like 300*")
    if digits.startswith("0") or len(digits) > 5 or int(digits) > PORTS[-1]:
        raise FilterError(f"no port starts with {digits[:_QUOTED]}")
    return PrefixTerm(digits)


def _read_endpoint(word: str) -> Term | None:
    host, colon, digits = word.rpartition(":")
    if not colon or not _is_number(digits):
        return None
    if ":" in host and not host.startswith("[") and "%" not in host:
        return None  # an IPv6 address alone: its last group is no port
    return _endpoint_term(host, digits)


def _read_pasted_endpoint(word: str) -> Term | None:
    """As other programs write it: :::3000, ::1:3000, 0.0.0.0/0.0.0.0:3000, http://localhost:3000/."""
    if "/" not in word and not word.startswith(("::1:", ":::")):
        return None
    from porttui.analysis.port_text import port_in_endpoint  # loads `re`

    named = port_in_endpoint(word)
    return _endpoint_term(named.host, named.port) if named and _is_number(named.port) else None


def _endpoint_term(host: str, digits: str) -> Term | None:
    """None for the name of a host: it has many addresses."""
    if host.lower() == "localhost":
        return EndpointTerm(None, _port(digits))
    if not host or host == "::":  # Node and netstat write every address so
        return PortTerm(_port(digits), _port(digits))
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
    _read_pasted_endpoint,
)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _port(digits: str, least: int = 1) -> int:
    # By its length first: int() refuses very long numbers with an error of its own.
    significant = digits.lstrip("0") or "0"
    port = int(significant) if len(significant) <= 5 else len(PORTS)
    if not least <= port <= PORTS[-1]:
        raise FilterError(f"{digits[:_QUOTED]} is not a port: ports are 1 to {PORTS[-1]}")
    return port
