"""Tells which bound addresses collide on one port (measured on Linux; socket(7), ipv6(7))."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.model.address import Address, zones_meet
from porttui.model.socket import Socket


def addresses_collide(one: Address, other: Address) -> bool:
    """Whether two sockets bound to these addresses, on one port, certainly collide.

    The same address, or a wildcard and any address of its family. ::ffff:127.0.0.1 is
    127.0.0.1. Whether [::] collides with IPv4 depends on IPV6_V6ONLY, which these tables do
    not have: see `addresses_may_collide`.
    """
    if not zones_meet(one, other) or len(one.unmapped) != len(other.unmapped):
        return False
    return one.unmapped == other.unmapped or one.is_wildcard or other.is_wildcard


def addresses_may_collide(one: Address, other: Address) -> bool:
    """As `addresses_collide`, or one is [::], which takes IPv4 too unless it is IPv6-only."""
    if not zones_meet(one, other):
        return False
    return addresses_collide(one, other) or _is_wildcard_6(one) or _is_wildcard_6(other)


def blocks_bind(address: Address, socket: Socket) -> bool | None:
    """Whether a socket on the same port collides with a new one on `address`.

    A new one on [::] is taken to be dual-stack, as servers are unless they say otherwise.
    None for a [::] if it is unknown whether it also takes IPv4.
    """
    local = socket.local.address
    if not zones_meet(local, address):
        return False
    if addresses_collide(local, address) or _is_wildcard_6(address):
        return True
    if _is_wildcard_6(local):
        return None if socket.v6only is None else not socket.v6only
    return False


def accepts_connection(socket: Socket, to: Address, device: str) -> bool | None:
    """Whether a listener gets the connections to an address of this machine.

    None for a [::] if it is unknown whether it also takes IPv4.

    Args:
        socket: A listener on the port.
        to: No wildcard.
        device: The interface that has the address: there a connection from this machine arrives
            (net/ipv4/inet_hashtables.c, compute_score).
    """
    local = socket.local.address
    if local.zone not in ("", device):
        return False
    if len(local.unmapped) == len(to.unmapped):
        return local.is_wildcard or local.unmapped == to.unmapped
    if _is_wildcard_6(local):
        return None if socket.v6only is None else not socket.v6only
    return False


def may_block_any(addresses: Iterable[Address], socket: Socket) -> bool:
    """Whether a socket collides, for all that is known, with a new one on one of the addresses."""
    return any(blocks_bind(address, socket) is not False for address in addresses)


def _is_wildcard_6(address: Address) -> bool:
    return address.is_wildcard and len(address.unmapped) == 16
