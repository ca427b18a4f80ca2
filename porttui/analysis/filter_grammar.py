"""Parses a filter: terms separated by blanks, all of which a row must match.

`filter.SYNTAX` tells a person what there is. Each kind of term is one `_read_...` function in
`_READERS`: a richer grammar adds its own there, and its row to that table.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from porttui.analysis.filter import Filter
from porttui.analysis.terms import EndpointTerm, PortTerm, PrefixTerm, Term, WordTerm
from porttui.model.address import PORTS, Address

_QUOTED = 12
"""Characters of a bad filter that an error repeats."""


class FilterError(ValueError):
    """The filter cannot be parsed; the message says why."""


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
            raise FilterError(": needs a port, like :3000")
        return None
    port = _port(digits)
    return PortTerm(port, port)


def _read_range(word: str) -> Term | None:
    match = re.fullmatch(r":?([0-9]+)-([0-9]*)", word)
    if match is None:
        return None
    if not match[2]:
        raise FilterError(f"{word} needs a last port, like {match[1]}-{match[1]}")
    # 0 to 1023 is how the well-known ports are written, though 0 is no port.
    first, last = _port(match[1], least=0), _port(match[2])
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
    port = int(significant) if len(significant) <= 5 else len(PORTS)
    if not least <= port <= PORTS[-1]:
        raise FilterError(f"{digits[:_QUOTED]} is not a port: ports are 1 to {PORTS[-1]}")
    return port
