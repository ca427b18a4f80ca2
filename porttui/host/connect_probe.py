"""Connects to a port and listens for a moment: bounded in time and in bytes.

Nothing is sent, but for one minimal HEAD request when HTTP is to be spoken.
"""

from __future__ import annotations

import errno
import socket
import time

from porttui.host.asking import HostError
from porttui.host.route import source_address
from porttui.model.address import Address, Endpoint
from porttui.model.contact import Contact, ContactOutcome

CONNECT_S = 2.0
LISTEN_S = 0.7
"""How long a server has to begin, or to answer."""
MOST_BYTES = 2048
MOST_ADDRESSES = 8

_OUTCOMES = {
    errno.ECONNREFUSED: ContactOutcome.REFUSED,
    errno.ETIMEDOUT: ContactOutcome.TIMED_OUT,
    errno.EHOSTUNREACH: ContactOutcome.UNREACHABLE,
    errno.ENETUNREACH: ContactOutcome.UNREACHABLE,
    errno.EADDRNOTAVAIL: ContactOutcome.UNREACHABLE,
    errno.EAFNOSUPPORT: ContactOutcome.UNREACHABLE,
    errno.EACCES: ContactOutcome.NOT_PERMITTED,
    errno.EPERM: ContactOutcome.NOT_PERMITTED,
    errno.ECONNRESET: ContactOutcome.RESET,
}


def resolve(host: str, port: int) -> tuple[Endpoint, ...]:
    """The addresses that a client would try, in its order (getaddrinfo(3), RFC 6724).

    Raises:
        HostError: the name stands for nothing.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HostError(f"{host}: the name stands for no address ({reason})") from error
    ends = [Endpoint(Address.parse(str(each[4][0])), port) for each in found]
    return tuple(dict.fromkeys(ends))[:MOST_ADDRESSES]


def connect(remote: Endpoint, *, speak_http: bool = False, timeout_s: float = CONNECT_S) -> Contact:
    """Try to connect, and hear what is said."""
    family = socket.AF_INET6 if ":" in remote.address.text else socket.AF_INET
    start = time.monotonic()

    def took_ms() -> float:
        return (time.monotonic() - start) * 1000

    try:
        with socket.socket(family, socket.SOCK_STREAM) as line:
            line.settimeout(timeout_s)
            line.connect((remote.address.text, remote.port))
            connected_ms = took_ms()
            line.settimeout(LISTEN_S)
            outcome, answer = _hear(line, remote, speak_http=speak_http)
            return Contact(remote, outcome, connected_ms, answer)
    except TimeoutError:
        return Contact(remote, ContactOutcome.TIMED_OUT, took_ms())
    except OSError as error:
        outcome = _OUTCOMES.get(error.errno or 0, ContactOutcome.FAILED)
        # The same error for no address to connect from, and for no port (connect(2)).
        if error.errno == errno.EADDRNOTAVAIL and source_address(remote.address) is not None:
            outcome = ContactOutcome.NO_PORT
        return Contact(remote, outcome, took_ms(), detail=error.strerror or str(error))


def _hear(
    line: socket.socket, remote: Endpoint, *, speak_http: bool
) -> tuple[ContactOutcome, bytes]:
    """What the server says by itself; a server that waits is asked, if that was wanted."""
    try:
        said = _receive(line)
        if said is None and speak_http:
            line.sendall(f"HEAD / HTTP/1.0\r\nHost: {remote}\r\n\r\n".encode("ascii"))
            said = _receive(line)
    except (ConnectionResetError, BrokenPipeError):
        return ContactOutcome.RESET, b""
    if said is None:
        return ContactOutcome.SILENT, b""
    return (ContactOutcome.ANSWERS, said) if said else (ContactOutcome.CLOSED, b"")


def _receive(line: socket.socket) -> bytes | None:
    """Some bytes; b"" when the other side has closed, None when it keeps silent."""
    try:
        return line.recv(MOST_BYTES)
    except TimeoutError:
        return None
