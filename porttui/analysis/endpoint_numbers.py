"""Encodes endpoints as integers: fast to compare, and stable from sample to sample."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.model.address import Address
from porttui.model.socket_table import SocketTable


def endpoint_number(address: Address, port: int) -> int:
    """An end as one number, the same in every sample, and for 127.0.0.1 and ::ffff:127.0.0.1.

    IPv4's are short ones, for which Python is quick; in front of each address stands a bit, so
    that none is the other family's.
    """
    unmapped = address.unmapped
    return (1 << 8 * len(unmapped) | int.from_bytes(unmapped, "big")) << 16 | port


def address_numbers(sockets: SocketTable) -> list[int]:
    """By its number each address's part of an `endpoint_number`, the same for 127.0.0.1 and
    ::ffff:127.0.0.1; the port is its lowest bits."""
    return [
        0 if address is None else endpoint_number(address, 0) for address in sockets.side.addresses
    ]


def connection_keys(ones: Iterable[int], others: Iterable[int]) -> list[int]:
    """Two ends each as one number, the same whichever comes first."""
    return [
        one << _ENDPOINT_BITS | other if one < other else other << _ENDPOINT_BITS | one
        for one, other in zip(ones, others, strict=True)
    ]


_ENDPOINT_BITS = 1 + 128 + 16
"""Of the longest number of an end."""
