"""Protocols, families, addresses and endpoints."""

from __future__ import annotations

import socket
from enum import StrEnum
from functools import lru_cache

from porttui.record import NamedTuple

MAPPED_PREFIX = b"\x00" * 10 + b"\xff\xff"
"""The first twelve bytes of an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2)."""

LOOPBACK_4 = b"\x7f\x00\x00\x01"
LOOPBACK_6 = b"\x00" * 15 + b"\x01"

PORTS = range(65536)


class Protocol(StrEnum):
    """Transport protocol of a socket."""

    TCP = "tcp"
    UDP = "udp"


class Family(StrEnum):
    """Address family of a socket: AF_INET or AF_INET6."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Address(NamedTuple):
    """An IP address as the kernel gave it. Make one with `of_packed` or `parse`."""

    packed: bytes
    """4 or 16 bytes in network order."""
    zone: str
    """The interface that it is limited to, or "": the zone of a link-local address (RFC 4007), or
    the device that a socket is bound to (SO_BINDTODEVICE). The kernel has one number for both."""
    text: str
    """The usual spelling, with zone: "127.0.0.1", "::1", "fe80::1%eth0", "0.0.0.0%lo"."""
    is_loopback: bool
    """In 127.0.0.0/8, ::1, or ::ffff:127.0.0.0/104. Python 3.11's `ipaddress` denies the last."""
    is_wildcard: bool
    """0.0.0.0, :: or ::ffff:0.0.0.0: no address chosen, every interface."""
    unmapped: bytes
    """`packed`, but the 4 IPv4 bytes of an IPv4-mapped address: both spell the same peer."""

    def __str__(self) -> str:
        return self.text

    @property
    def bare_text(self) -> str:
        """Without the zone."""
        return self.text.partition("%")[0]

    @property
    def is_link_local(self) -> bool:
        """In fe80::/10, whose addresses are of use with their zone alone (RFC 4291)."""
        return len(self.packed) == 16 and self.packed[0] == 0xFE and self.packed[1] & 0xC0 == 0x80

    @property
    def destination(self) -> Address:
        """Where a connection to it goes: to a wildcard as to loopback (net/ipv6/tcp_ipv6.c)."""
        if not self.is_wildcard:
            return self
        return Address.of_packed(LOOPBACK_6 if len(self.unmapped) == 16 else LOOPBACK_4, self.zone)

    @property
    def family(self) -> Family:
        """AF_INET6 for IPv4-mapped addresses too: that is the socket's family."""
        return Family.IPV4 if len(self.packed) == 4 else Family.IPV6

    @staticmethod
    @lru_cache(maxsize=8192)
    def of_packed(packed: bytes, zone: str = "") -> Address:
        """The address of 4 or 16 bytes in network order.

        Raises:
            ValueError: any other length.
        """
        unmapped = packed[12:] if packed.startswith(MAPPED_PREFIX) else packed
        if len(packed) == 4:
            text = socket.inet_ntop(socket.AF_INET, packed)
        elif len(packed) == 16:
            text = socket.inet_ntop(socket.AF_INET6, packed)
        else:
            raise ValueError(f"an address has 4 or 16 bytes, not {len(packed)}")
        return Address(
            packed=packed,
            zone=zone,
            text=f"{text}%{zone}" if zone else text,
            is_loopback=unmapped[0] == 127 if len(unmapped) == 4 else packed == LOOPBACK_6,
            is_wildcard=not any(unmapped),
            unmapped=unmapped,
        )

    @staticmethod
    @lru_cache(maxsize=8192)
    def parse(text: str) -> Address:
        """The address spelled by `text`, with or without brackets and %zone.

        Raises:
            ValueError: `text` spells no IP address.
        """
        # RFC 4007 has the zone in the brackets, `ss` behind them.
        inner = text.replace("]%", "%") if text.startswith("[") else text
        bare, _, zone = inner.removeprefix("[").removesuffix("]").partition("%")
        family = socket.AF_INET6 if ":" in bare else socket.AF_INET
        try:
            return Address.of_packed(socket.inet_pton(family, bare), zone)
        except (OSError, ValueError) as error:
            raise ValueError(f"{text!r} is not an IP address") from error


def zones_meet(one: Address, other: Address) -> bool:
    """Whether sockets of these zones can collide: bound to two devices they never do.

    (net/ipv4/inet_connection_sock.c, inet_bind_conflict: sk_bound_dev_if.)
    """
    return not one.zone or not other.zone or one.zone == other.zone


class Endpoint(NamedTuple):
    """One end of a socket: an address and a port."""

    address: Address
    port: int

    def __str__(self) -> str:
        """As it is written in URLs: "127.0.0.1:3000", "[::1]:3000"."""
        if self.address.family is Family.IPV6:
            return f"[{self.address.text}]:{self.port}"
        return f"{self.address.text}:{self.port}"

    @property
    def peer_key(self) -> tuple[bytes, int]:
        """Equal for 127.0.0.1:80 and [::ffff:127.0.0.1]:80, and for any zone."""
        return (self.address.unmapped, self.port)

    @property
    def bound_key(self) -> tuple[bytes, str, int]:
        """As `peer_key`, of one zone: sockets that share it are bound alike."""
        return (self.address.unmapped, self.address.zone, self.port)

    @classmethod
    def of(cls, address: str, port: int) -> Endpoint:
        """The endpoint of an address as text and a port.

        Raises:
            ValueError: `address` spells no IP address.
        """
        return cls(Address.parse(address), port)


class OwnAddress(NamedTuple):
    """An address of this machine."""

    address: Address
    """Without a zone."""
    device: str
    """The interface that has it."""
    is_tentative: bool = False
    """It cannot be bound yet: duplicate address detection (RFC 4862) runs, or has failed."""


class PortQuery(NamedTuple):
    """A port, its protocol, and the addresses to consider."""

    protocol: Protocol
    port: int
    addresses: tuple[Address, ...] = ()
    """Empty for the usual addresses."""

    def __str__(self) -> str:
        """As in "port 3000" """
        return f"port {self.port}{' (udp)' if self.protocol is Protocol.UDP else ''}"
