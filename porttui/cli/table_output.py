"""Sockets and connections as plain text in columns, for people and for grep."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.analysis.exposure import WORDS, exposure
from porttui.analysis.holders import by_seniority
from porttui.analysis.loopback_rows import Direction, End, EndStatus, PairRow
from porttui.cli.columns import columns
from porttui.model.process import Process
from porttui.model.socket import OWNER_UNSEEN, Socket
from porttui.text.processes import names

_ARROWS = {Direction.KNOWN: "->", Direction.LIKELY: "~>", Direction.UNKNOWN: "--"}


def socket_table(sockets: Iterable[Socket]) -> str:
    """A heading and a line for each socket; "" when there is none."""
    rows = [
        (
            each.protocol.value,
            each.state or "-",
            str(each.local),
            str(each.remote) if each.remote else "*",
            WORDS[exposure(each.local.address)],
            each.user or next((holder.user for holder in each.holders if holder.user), "-"),
            _holders(each),
        )
        for each in sockets
    ]
    heading = ("PROTO", "STATE", "LOCAL", "REMOTE", "EXPOSURE", "USER", "PROCESS")
    return columns(heading, rows)


def pair_table(pairs: Iterable[PairRow]) -> str:
    """A heading and a line for each connection; "" when there is none.

    -> where the server is known because it listens, ~> where only its port speaks for it,
    -- where nothing does.
    """
    rows = [
        (
            str(row.client.endpoint),
            _end(row.client),
            _ARROWS[row.direction],
            str(row.server.endpoint),
            _end(row.server),
        )
        for row in pairs
    ]
    return columns(("CLIENT", "PROCESS", "", "SERVER", "PROCESS"), rows)


def _holders(each: Socket) -> str:
    if each.holders:
        return _names(each.holders)
    return OWNER_UNSEEN[each.ownership]


def _end(end: End) -> str:
    if end.status is EndStatus.HELD:
        return _names(end.holders)
    return f"({end.status})"


def _names(processes: Iterable[Process]) -> str:
    every = by_seniority(processes)
    return names(every, most=len(every))
