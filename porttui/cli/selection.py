"""Which sockets of a snapshot a `list` command asks for."""

from __future__ import annotations

from porttui.analysis.filter import Filter, facets_of_socket
from porttui.analysis.loopback import is_loopback_connection
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket, TcpState


def select(
    snapshot: Snapshot, wanted: Filter, *, only_listening: bool, only_loopback: bool
) -> tuple[Socket, ...]:
    """Sockets that meet the filter, ordered as the panes order them."""
    found = (
        each
        for each in snapshot.sockets
        if (each.is_listening or not only_listening)
        and (_is_established_loopback(each) or not only_loopback)
        and wanted.meets(
            facets_of_socket(each, snapshot.services.get((each.protocol, each.local.port)))
        )
    )
    return tuple(sorted(found, key=_order))


def _is_established_loopback(each: Socket) -> bool:
    return each.state is TcpState.ESTABLISHED and is_loopback_connection(each)


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
