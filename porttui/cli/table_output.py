"""Sockets and connections as plain text in columns, for people and for grep."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.analysis.loopback_rows import ConnectionEnd, EndStatus, PairRow, RoleCertainty
from porttui.cli.fields import SOCKET_FIELDS, TABLE_COLUMNS, process_names
from porttui.cli.output import columns
from porttui.model.socket import Socket

_ARROWS = {RoleCertainty.KNOWN: "->", RoleCertainty.LIKELY: "~>", RoleCertainty.UNKNOWN: "--"}


def socket_table(sockets: Iterable[Socket]) -> str:
    """A heading and a line for each socket; "" when there is none."""
    by_key = {field.key: field for field in SOCKET_FIELDS}
    fields = [by_key[key] for key in TABLE_COLUMNS]
    rows = [[field.cell(socket) for field in fields] for socket in sockets]
    return columns(rows, [field.heading for field in fields])


def pair_table(pairs: Iterable[PairRow]) -> str:
    """A heading and a line for each connection; "" when there is none.

    -> where the server is known because it listens, ~> where only its port speaks for it,
    -- where nothing does.
    """
    rows = [
        (
            str(row.client.endpoint),
            _end(row.client),
            _ARROWS[row.role_certainty],
            str(row.server.endpoint),
            _end(row.server),
        )
        for row in pairs
    ]
    return columns(rows, ("CLIENT", "PROCESS", "", "SERVER", "PROCESS"))


def _end(end: ConnectionEnd) -> str:
    if end.status is EndStatus.HELD:
        return process_names(end.holders)
    return f"({end.status})"
