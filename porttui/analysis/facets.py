"""What a filter sees of each kind of row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porttui.analysis.exposure import WORDS
from porttui.analysis.exposure import exposure as exposure_of
from porttui.analysis.terms import Facets
from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.model.socket import OWNER_UNSEEN, Ownership, Socket

if TYPE_CHECKING:
    from porttui.analysis.listening import ListeningRow
    from porttui.analysis.loopback_rows import End, PairRow


def facets_of_listening(row: ListeningRow) -> Facets:
    """What a filter sees of a listening row."""
    unseen = Ownership.HIDDEN if row.hidden else row.ownership
    words = (row.protocol, row.service or "", WORDS[row.exposure], _unseen(unseen))
    return _facets((row.local,), words, row.holders, (row.user,))


def facets_of_pair(row: PairRow, *, with_ends: bool = True) -> Facets:
    """What a filter sees of a loopback connection: both ends.

    Without its ends it is the same for all connections of one kind.
    """
    # Here, because a list of sockets filters no connections.
    from porttui.analysis.loopback_rows import EndStatus

    ends: tuple[End, ...] = (row.client, row.server)
    return _facets(
        tuple(end.endpoint for end in ends),
        (
            "tcp",
            "loopback",
            row.service or "",
            *(end.status for end in ends if end.status is not EndStatus.HELD),
            *(end.state or "" for end in ends),
        ),
        tuple(process for end in ends for process in end.holders),
        tuple(end.user for end in ends),
        with_ends=with_ends,
    )


def facets_of_socket(each: Socket, service: str | None, *, with_ends: bool = True) -> Facets:
    """What a filter sees of a socket, whatever pane it is in.

    Without its ends it is the same for all sockets of one kind.
    """
    return _facets(
        (each.local, each.remote) if each.remote else (each.local,),
        (
            each.protocol,
            each.state or "",
            service or "",
            WORDS[exposure_of(each.local.address)],
            _unseen(each.ownership),
        ),
        each.holders,
        (each.user,),
        with_ends=with_ends,
    )


_SEARCHED = (Ownership.HIDDEN, Ownership.GONE)


def _unseen(ownership: Ownership) -> str:
    return OWNER_UNSEEN[ownership] if ownership in _SEARCHED else ""


def _facets(
    endpoints: tuple[Endpoint, ...],
    words: tuple[str, ...],
    holders: tuple[Process, ...],
    users: tuple[str | None, ...],
    *,
    with_ends: bool = True,
) -> Facets:
    # \n so that no word can begin in one field and end in the next.
    parts = [*words, *(user for user in users if user)]
    if with_ends:
        # The two spellings of an address, so that a pasted one is found.
        parts += [end.address.text for end in endpoints]
        parts += [str(end) for end in endpoints]
    for process in holders:
        parts += [process.name, process.command, process.user or ""]
    return Facets(endpoints if with_ends else (), "\n".join(parts).lower())
