"""Evaluates a filter over columns of rows.

The endpoints of many rows have few addresses: the ports of a term are found once per address.
All else in a row is the same for all rows of a group: a word is searched once per group. What is
searched is `listening_text`, `pair_text` or `socket_text`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, compress, repeat
from operator import and_, getitem, or_

from porttui.model.address import Protocol
from porttui.model.socket import EXPOSURE_WORDS, OWNERSHIP_WORDS, Ownership, exposure
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.record import Protocol as Interface

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter, Term
    from porttui.analysis.listeners import ListeningRow
    from porttui.analysis.loopback_rows import PairRow
    from porttui.model.address import Address, Endpoint
    from porttui.model.process import Process
    from porttui.model.socket import Socket
    from porttui.model.socket_table import SocketTable


class EndpointColumns(NamedTuple):
    """One end of every row."""

    addresses: array[int]
    """Their numbers."""
    ports: array[int]


class FilterableRows(Interface):
    """Rows that can be filtered."""

    def __len__(self) -> int: ...

    @property
    def addresses(self) -> Sequence[Address | None]:
        """By their numbers, as the rows show them; None where there is no endpoint."""

    @property
    def endpoints(self) -> Sequence[EndpointColumns]:
        """Both endpoints of every row."""

    def rows_containing(self, word: str) -> bytes:
        """For each row 1 if the word is in its text, which is without its endpoints."""


def matching_rows(table: FilterableRows, row_filter: Filter) -> list[int]:
    """The rows that meet every term, in their order."""
    bitmap = b"\x01" * len(table)
    for term in row_filter.terms:
        bitmap = bytes(map(and_, bitmap, _bitmap(table, term)))
    return list(compress(range(len(table)), bitmap))


def _bitmap(table: FilterableRows, term: Term) -> bytes:
    """For each row 1 if it meets the term."""
    from porttui.analysis.filter import NO_PORT, WordTerm  # only a filter takes them

    ports_at = term.ports_at(table.addresses)
    bitmaps = [bytes(len(table))]
    if any(ports is not NO_PORT for ports in ports_at):
        bitmaps += [_endpoint_bitmap(ports_at, columns) for columns in table.endpoints]
    if isinstance(term, WordTerm):  # the others are of endpoints alone
        bitmaps.append(table.rows_containing(term.word))
    return reduce(lambda one, other: bytes(map(or_, one, other)), bitmaps)


def _endpoint_bitmap(ports_at: Sequence[bytes], columns: EndpointColumns) -> bytes:
    """For each row 1 if its end is at an address and a port that are meant."""
    return bytes(map(getitem, map(ports_at.__getitem__, columns.addresses), columns.ports))


class RowGroups:
    """Rows that differ in nothing but their endpoints, taken together."""

    __slots__ = ("_texts", "example_rows", "group_of_row")

    def __init__(self, rows: Iterable[Hashable]) -> None:
        """`rows`: of every row all that a filter sees of it, but for its endpoints."""
        self.group_of_row = array("I", map(_KeyNumbers().__getitem__, rows))
        """The group of each row, counted from 0."""
        first = dict(
            zip(reversed(self.group_of_row), reversed(range(len(self.group_of_row))), strict=True)
        )
        self.example_rows = array("I", [first[group] for group in range(len(first))])
        """A row of each group."""
        self._texts: Sequence[str] | None = None

    def rows_containing(self, word: str, text_of: Callable[[int], str]) -> bytes:
        """For each row 1 if the word is in its group's text.

        Args:
            word: In lower case.
            text_of: The text of a row; kept for the next key.
        """
        if self._texts is None:
            self._texts = [text_of(row) for row in self.example_rows]
        is_match = [word in text for text in self._texts]
        return bytes(map(is_match.__getitem__, self.group_of_row))


class _KeyNumbers(dict[Hashable, int]):
    def __missing__(self, key: Hashable) -> int:
        number = self[key] = len(self)
        return number


Services = Mapping[tuple[Protocol, int], str]
"""Names by protocol and port."""


def socket_row_groups(sockets: SocketTable, services: Services) -> RowGroups:
    """The group of each row of the table; made with the sample, so that no key waits for it."""
    columns = (
        sockets.holder_sets,
        sockets.states,
        sockets.ownerships,
        sockets.uids,
        sockets.local_addresses,  # for the exposure
        _protocols(sockets),
        _services(sockets, sockets.remote_ports, services),
        _services(sockets, sockets.local_ports, services),
    )
    return RowGroups(zip(*columns, strict=True))


def _protocols(sockets: SocketTable) -> Iterator[Protocol]:
    udp = len(sockets) - sockets.udp_start
    return chain(repeat(Protocol.TCP, sockets.udp_start), repeat(Protocol.UDP, udp))


def _services(sockets: SocketTable, ports: array[int], services: Services) -> Iterator[str | None]:
    """What a column of ports is named, row by row."""
    tcp, udp = (
        {port: name for (protocol, port), name in services.items() if protocol is transport}
        for transport in (Protocol.TCP, Protocol.UDP)
    )
    return chain(map(tcp.get, ports[: sockets.udp_start]), map(udp.get, ports[sockets.udp_start :]))


class Searchable(NamedTuple):
    """A row's endpoints and searchable text."""

    endpoints: tuple[Endpoint, ...]
    """One or two."""
    text: str
    """Lower case; without the endpoints."""


class SearchableRows:
    """Columns of rows that come one by one."""

    def __init__(self, rows: Iterable[Searchable]) -> None:
        self._texts: list[str] = []
        numbers = _KeyNumbers()
        no_address = numbers[None]
        self.endpoints = tuple(EndpointColumns(array("I"), array("H")) for _ in range(2))
        for endpoints, text in rows:
            self._texts.append(text)
            for at, columns in enumerate(self.endpoints):
                has_end = at < len(endpoints)
                columns.addresses.append(numbers[endpoints[at].address] if has_end else no_address)
                columns.ports.append(endpoints[at].port if has_end else 0)
        self.addresses: Sequence[Address | None] = list(numbers)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._texts)

    def rows_containing(self, word: str) -> bytes:
        return bytes(word in text for text in self._texts)


def listening_text(row: ListeningRow) -> str:
    """Of a listening row."""
    unseen = Ownership.HIDDEN if row.hidden else row.ownership
    words = (row.protocol, row.service or "", EXPOSURE_WORDS[row.exposure], _unseen(unseen))
    return _text(words, row.holders, (row.user,))


def pair_text(row: PairRow) -> str:
    """Of a loopback connection."""
    ends = (row.client, row.server)
    return _text(
        (
            "tcp",
            "loopback",
            row.service or "",
            *(end.status for end in ends if not end.is_held),
            *(end.state or "" for end in ends),
        ),
        tuple(process for end in ends for process in end.holders),
        tuple(end.user for end in ends),
    )


def socket_text(socket: Socket, service: str | None) -> str:
    """Of a socket, whatever pane it is in."""
    return _text(
        (
            socket.protocol,
            socket.state or "",
            service or "",
            EXPOSURE_WORDS[exposure(socket.local.address)],
            _unseen(socket.ownership),
        ),
        socket.holders,
        (socket.user,),
    )


_SEARCHED = (Ownership.HIDDEN, Ownership.GONE)


def _unseen(ownership: Ownership) -> str:
    return OWNERSHIP_WORDS[ownership] if ownership in _SEARCHED else ""


def _text(
    words: tuple[str, ...], holders: tuple[Process, ...], users: tuple[str | None, ...]
) -> str:
    parts = [*words, *(user for user in users if user)]
    for process in holders:
        parts += [process.name, process.command, process.user or ""]
    # \n so that no word can begin in one field and end in the next.
    return "\n".join(parts).lower()
