"""Select and sort the sockets for `list`."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket, TcpState
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter


def select_sockets(
    snapshot: Snapshot, filter_: Filter | None, *, only_listening: bool, only_loopback: bool
) -> tuple[Socket, ...]:
    """Sockets that meet the filter if there is one, ordered as the panes order them."""
    sockets = [
        socket
        for socket in snapshot.sockets
        if (socket.is_listening or not only_listening)
        and (_is_established_loopback(socket) or not only_loopback)
    ]
    if filter_ is not None:
        sockets = _matching(sockets, filter_, snapshot)
    return tuple(sorted(sockets, key=_sort_key))


def _matching(sockets: Sequence[Socket], filter_: Filter, snapshot: Snapshot) -> list[Socket]:
    from porttui.analysis.filter_columns import (
        Searchable,
        SearchableRows,
        matching_rows,
        socket_text,
    )

    def searchable(socket: Socket) -> Searchable:
        endpoints = (socket.local, socket.remote) if socket.remote else (socket.local,)
        service = snapshot.services.get((socket.protocol, socket.local.port))
        return Searchable(endpoints, socket_text(socket, service))

    return [
        sockets[row] for row in matching_rows(SearchableRows(map(searchable, sockets)), filter_)
    ]


def _is_established_loopback(socket: Socket) -> bool:
    return socket.state is TcpState.ESTABLISHED and socket.is_on_loopback


def _sort_key(socket: Socket) -> tuple[object, ...]:
    remote = socket.remote or socket.local
    return (
        not socket.is_listening,
        socket.local.port,
        socket.protocol,
        socket.local.address,
        remote.port,
        remote.address,
    )
