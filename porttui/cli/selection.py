"""Which sockets of a snapshot a `list` command asks for."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket, TcpState
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter


def select(
    snapshot: Snapshot, wanted: Filter | None, *, only_listening: bool, only_loopback: bool
) -> tuple[Socket, ...]:
    """Sockets that meet the filter if there is one, ordered as the panes order them."""
    found = [
        each
        for each in snapshot.sockets
        if (each.is_listening or not only_listening)
        and (_is_established_loopback(each) or not only_loopback)
    ]
    if wanted is not None:
        found = _meeting(found, wanted, snapshot)
    return tuple(sorted(found, key=_order))


def _meeting(found: Sequence[Socket], wanted: Filter, snapshot: Snapshot) -> list[Socket]:
    from porttui.analysis.filter_columns import Searchable, SearchableRows, matching_rows
    from porttui.analysis.searchable_text import socket_text

    def searchable(each: Socket) -> Searchable:
        endpoints = (each.local, each.remote) if each.remote else (each.local,)
        service = snapshot.services.get((each.protocol, each.local.port))
        return Searchable(endpoints, socket_text(each, service))

    return [found[at] for at in matching_rows(SearchableRows(map(searchable, found)), wanted)]


def _is_established_loopback(each: Socket) -> bool:
    return each.state is TcpState.ESTABLISHED and each.is_on_loopback


def _order(each: Socket) -> tuple[object, ...]:
    remote = each.remote or each.local
    return (
        not each.is_listening,
        each.local.port,
        each.protocol,
        each.local.address,
        remote.port,
        remote.address,
    )
