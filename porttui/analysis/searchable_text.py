"""Builds the searchable text of a row: everything but its endpoints."""

from __future__ import annotations

from porttui.model.process import Process
from porttui.model.socket import EXPOSURE_WORDS, OWNERSHIP_WORDS, Ownership, Socket
from porttui.model.socket import exposure as exposure_of
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.analysis.listeners import ListeningRow
    from porttui.analysis.loopback_rows import PairRow


def listening_text(row: ListeningRow) -> str:
    """Of a listening row."""
    unseen = Ownership.HIDDEN if row.hidden else row.ownership
    words = (row.protocol, row.service or "", EXPOSURE_WORDS[row.exposure], _unseen(unseen))
    return _text(words, row.holders, (row.user,))


def pair_text(row: PairRow) -> str:
    """Of a loopback connection."""
    # Here, because a list of sockets filters no connections.
    from porttui.analysis.loopback_rows import EndStatus

    ends = (row.client, row.server)
    return _text(
        (
            "tcp",
            "loopback",
            row.service or "",
            *(end.status for end in ends if end.status is not EndStatus.HELD),
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
            EXPOSURE_WORDS[exposure_of(socket.local.address)],
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
