"""Which ends a term of the filter means: for each address, whose number is known, the ports.

Tens of thousands of ends have few different addresses. What a term means is found once for each
of these, as 65,536 marks, and then looked up for all ends without a step of Python for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import getitem

from porttui.analysis.filter import MAX_PORT, EndpointTerm, PrefixTerm, port_marks
from porttui.model.address import Address, Endpoint

Marks = Sequence[bytes]
"""By the number of an address: for each port 1 if the end is meant, else 0."""

_NO_PORT = bytes(MAX_PORT + 1)
_EVERY_PORT = b"\x01" * (MAX_PORT + 1)


def marks_of_ports(addresses: Sequence[Address | None], spans: Iterable[range]) -> Marks:
    """The ends with one of these ports. (No remote end has no port, either.)"""
    ports = port_marks(spans)
    return [_NO_PORT if each is None else ports for each in addresses]


def marks_of_end(addresses: Sequence[Address | None], term: EndpointTerm) -> Marks:
    """The ends at an address, in either of its spellings, and a port."""
    port = port_marks((range(term.port, term.port + 1),))
    return [
        port if each is not None and term.is_at(Endpoint(each, term.port)) else _NO_PORT
        for each in addresses
    ]


def marks_of_word(addresses: Sequence[Address | None], word: str) -> Marks:
    """The ends that have the word in them as they are written: "127.0.0.1:3000", "[::1]:3000"."""
    return [_NO_PORT if each is None else _marks(_stem(each), word) for each in addresses]


def flags(marks: Marks, addresses: Sequence[int], ports: Sequence[int]) -> bytes:
    """For each end 1 if it is meant; given are the numbers of their addresses, and their ports."""
    if all(each is _NO_PORT for each in marks):
        return bytes(len(ports))
    return bytes(map(getitem, map(marks.__getitem__, addresses), ports))


def either(one: bytes, other: bytes) -> bytes:
    """1 where either is."""
    # As one number each: a step for all together.
    both = int.from_bytes(one, "big") | int.from_bytes(other, "big")
    return both.to_bytes(len(one), "big")


def _stem(address: Address) -> str:
    """An end as it is written, up to its port."""
    return str(Endpoint(address, 0))[:-1].lower()


def _marks(stem: str, word: str) -> bytes:
    if word in stem:
        return _EVERY_PORT
    spans = list(_spans(stem, word))
    return port_marks(spans) if spans else _NO_PORT


def _spans(stem: str, word: str) -> Iterator[range]:
    """The ports behind this stem with which the word is there: it begins before the port does, and
    ends in it. (Of digits alone it would be a port, and no word.)"""
    for at in range(len(word) - 1, 0, -1):
        if not "0" <= word[at] <= "9":
            return
        if stem.endswith(word[:at]):
            yield from PrefixTerm(word[at:]).spans
