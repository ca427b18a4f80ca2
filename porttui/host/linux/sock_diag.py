"""Socket tables over netlink: NETLINK_SOCK_DIAG (sock_diag(7)).

The kernel's own list, and the only one with sockets that are bound and do not listen (since
Linux 6.8; net/ipv4/inet_diag.c, TCPF_BOUND_INACTIVE), with IPV6_V6ONLY and the queues.
Structures: linux/netlink.h, linux/inet_diag.h, linux/rtnetlink.h.
"""

from __future__ import annotations

import socket
import struct
from array import array
from collections.abc import Mapping
from typing import NamedTuple

from porttui.host.linux.diag_messages import (
    ATTRIBUTE,
    HEADER,
    Expected,
    SockDiagError,
    survey,
)
from porttui.host.linux.diag_records import Gathering, Records
from porttui.model.address import PORTS, Family, Protocol

ALL_STATES = 0xFFFFFFFF
"""With bit 13, bound and inactive, which kernels before 6.8 ignore."""
LISTENING = 1 << 10
"""TCP_LISTEN alone: answered at once, however many other sockets there are."""

_NETLINK_SOCK_DIAG = 4
_TCP_OF_BOTH_FAMILIES, _BY_FAMILY = 18, 20
"""TCPDIAG_GETSOCK, the question of old, and SOCK_DIAG_BY_FAMILY."""
_REQUEST_DUMP = 0x301

_REQUEST_OF_A_FAMILY = struct.Struct("=BBBBI48s")
"""struct inet_diag_req_v2; an empty inet_diag_sockid matches every socket."""
_REQUEST_OF_BOTH_FAMILIES = struct.Struct("=BBBB48sII")
"""struct inet_diag_req."""
_BYTECODE = 1
"""INET_DIAG_REQ_BYTECODE."""
_OPERATION = struct.Struct("=BBH")
"""struct inet_diag_bc_op."""
_SOURCE_AT_LEAST, _SOURCE_AT_MOST = 2, 3
"""INET_DIAG_BC_S_GE and INET_DIAG_BC_S_LE, of ports."""

_FAMILIES = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_PROTOCOLS = {Protocol.TCP: socket.IPPROTO_TCP, Protocol.UDP: socket.IPPROTO_UDP}
_MSG_TRUNC = 0x20
"""recv(2), on every architecture."""

_BUFFER_BYTES = 1 << 18
_PATIENCE_S = 5.0
_ATTEMPTS = 4


class Answer(NamedTuple):
    """One table, as the kernel walked it."""

    records: Mapping[Family, Records]
    """By family, IPv4 first; without one that has no socket."""
    is_torn: bool
    """The table changed during every attempt to walk it: sockets may be missing."""


class SockDiag:
    """One netlink socket, kept open between samples. Not for two threads at once."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            SockDiagError: the system has no such thing, or a sandbox forbids it.
        """
        self._sequence = 0
        self._words = array("I", bytes(_BUFFER_BYTES))
        """What the kernel has sent last."""
        self._room = memoryview(self._words).cast("B")
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
            )
        except (OSError, AttributeError) as error:
            raise SockDiagError(f"netlink sock_diag is refused: {error}") from error
        self._socket.settimeout(_PATIENCE_S)

    def __del__(self) -> None:
        """Close it: a reader lives as long as its source, and that as long as it is sampled."""
        if hasattr(self, "_socket"):
            self._socket.close()

    def ask(
        self,
        family: Family,
        protocol: Protocol,
        states: int = ALL_STATES,
        ports: range = PORTS,
    ) -> Answer:
        """All sockets of a family and protocol in `states`, a mask of 1 << state, that have one
        of these local ports.

        An answer that a change of the table interrupted is asked for again, a few times.

        Raises:
            SockDiagError: the kernel refused, or its answer has an unknown form.
        """
        numbers = (_FAMILIES[family], _PROTOCOLS[protocol])
        request = _REQUEST_OF_A_FAMILY.pack(*numbers, 0, 0, states, bytes(48))
        return self._ask_patiently(_BY_FAMILY, request + _port_filter(ports))

    def ask_tcp(self, states: int = ALL_STATES, ports: range = PORTS) -> Answer:
        """As `ask`, for the TCP sockets of both families: the kernel walks its tables once.

        A walk takes a quarter of the time of an answer with 76,000 sockets, even if it meets none
        of the family.

        Raises:
            SockDiagError: as `ask`; a sandbox may permit `ask` alone.
        """
        request = _REQUEST_OF_BOTH_FAMILIES.pack(0, 0, 0, 0, bytes(48), states, 0)
        return self._ask_patiently(_TCP_OF_BOTH_FAMILIES, request + _port_filter(ports))

    def _ask_patiently(self, kind: int, request: bytes) -> Answer:
        for _ in range(_ATTEMPTS):
            answer = self._ask(kind, request)
            if not answer.is_torn:
                break
        return answer

    def _ask(self, kind: int, request: bytes) -> Answer:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        size = HEADER.size + len(request)
        header = HEADER.pack(size, kind, _REQUEST_DUMP, self._sequence, 0)
        try:
            self._socket.send(header + request)
            return self._receive(Expected(kind, self._sequence))
        except TimeoutError as error:
            raise SockDiagError("netlink sock_diag does not answer") from error
        except OSError as error:
            raise SockDiagError(f"netlink sock_diag failed: {error}") from error

    def _receive(self, expected: Expected) -> Answer:
        """Take what is needed out of each part while it is at hand: two thirds of the time that it
        takes once all of an answer has gone through the processor's cache."""
        gathering, is_torn = Gathering(), False
        while True:
            size, _, flags, _ = self._socket.recvmsg_into([self._room])
            if flags & _MSG_TRUNC:
                raise SockDiagError("netlink sent more than fits into the buffer")
            if size % 4:
                raise SockDiagError("netlink sent a message cut short")
            found = survey(self._words, size // 4, expected)
            gathering.take(self._words, found.starts)
            is_torn |= found.is_torn
            if found.is_last:
                return Answer(gathering.records(), is_torn)


def _port_filter(ports: range) -> bytes:
    """The attribute that keeps the kernel from telling of other local ports.

    INET_DIAG_REQ_BYTECODE, programs of struct inet_diag_bc_op: an operator, how many bytes to go
    on by if it holds and if not, then what it compares with. Whoever goes further than the end
    is left out (net/ipv4/inet_diag.c, inet_diag_bc_run).
    """
    if ports == PORTS:
        return b""
    at_least = _OPERATION.pack(_SOURCE_AT_LEAST, 8, 20) + _OPERATION.pack(0, 0, ports[0])
    at_most = _OPERATION.pack(_SOURCE_AT_MOST, 8, 12) + _OPERATION.pack(0, 0, ports[-1])
    program = at_least + at_most
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(program), _BYTECODE) + program
