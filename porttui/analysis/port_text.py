"""Finds the port in an error message, a URL, or an endpoint as another program prints it."""

from __future__ import annotations

import re

from porttui.model.address import PORTS, Address, Protocol
from porttui.record import NamedTuple

MAX_TEXT = 4096
"""Characters that are read: a pasted message is shorter."""

_SCHEME_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443", "postgres": "5432"}
"""Ports of URLs that name none."""

_PORT = r"(?P<port>\d{1,5})"
_NO_MORE_DIGITS = r"(?![\d.]*\d)"
_IPV4 = r"\d{1,3}(?:\.\d{1,3}){3}(?:%[\w.-]+)?"
_IPV6 = r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?"
_ZONED_PORT = rf":{_PORT}{_NO_MORE_DIGITS}"

_MESSAGE_PATTERNS = (
    # Python: ('127.0.0.1', 8000)
    rf"\(\s*'(?P<host>[^']*)'\s*,\s*{_PORT}\b",
    # [::]:80, [fe80::1%eth0]:80, [127.0.0.1]:8080 (OpenSSH)
    rf"\[(?P<host>{_IPV6}|{_IPV4})\]{_ZONED_PORT}",
    # Node, netstat: :::3000, ::1:3000
    rf"(?<![\w:.%])(?P<host>::1?){_ZONED_PORT}",
    # 127.0.0.1:3000, 127.0.0.53%lo:53, 0.0.0.0/0.0.0.0:8080 (Java)
    rf"(?<![\w.])(?P<host>{_IPV4}){_ZONED_PORT}",
    # localhost:3000
    rf"\b(?P<host>localhost){_ZONED_PORT}",
    # "127.0.0.1" port 3000, (127.0.0.1), port 5432, localhost port 3000
    rf"(?P<host>{_IPV4}|localhost)[\")]*,?\s+port\s+{_PORT}\b",
    # :3000, *:3000, tcp *:6379; not the minutes of a time
    rf"(?<![\w:.\])*])(?P<host>\*?){_ZONED_PORT}(?!:\d)",
    # port 3000, port: 3306, port=8000
    rf"(?i:\bport)[\s:='\"]*{_PORT}\b",
    # 3000/tcp
    rf"(?<![\w.:-]){_PORT}/(?:tcp|udp)\b",
)
"""What a message says of a port, the most telling first."""

_MESSAGE_PHRASES = (
    "address already in use",
    "address in use",
    "addrinuse",
    "already allocated",
    "is in use",
    "already in use",
    "connection refused",
    "connection in use",
    "econnrefused",
    "bind()",
    "failed to bind",
    "could not bind",
    "cannot listen",
    "unable to listen",
    "failed to listen",
    "failed to connect",
    "listen tcp",
    "listen udp",
    "dial tcp",
    "already running on port",
)
"""What messages about a port say, in lower case."""


class PortText(NamedTuple):
    """A port that a text names."""

    port: str
    """Digits, or the name of a service."""
    host: str = ""
    """A name or an IP address without brackets; "" where it is any address."""
    protocol: Protocol | None = None
    """None where the text does not say."""


def named_port(text: str) -> PortText | None:
    """The port that an endpoint, a URL or a message names; None if it names none."""
    return port_in_message(text) if len(text.split()) > 1 else port_in_endpoint(text)


def is_message(text: str) -> bool:
    """Whether this is a message about a port, and not a filter or an endpoint."""
    lower = text[:MAX_TEXT].lower()
    return " " in text.strip() and any(phrase in lower for phrase in _MESSAGE_PHRASES)


def port_in_message(text: str) -> PortText | None:
    """The port that a message is about; None if it names none."""
    text = text[:MAX_TEXT]
    for pattern in _MESSAGE_PATTERNS:
        for match in re.finditer(pattern, text):
            host = (match.groupdict().get("host") or "").replace("*", "")
            if _is_port(match["port"]) and _is_host(host):
                return PortText(match["port"], host, _protocol_beside(text, match))
    return None


def port_in_endpoint(text: str) -> PortText | None:
    """The port of an endpoint or a URL, as programs write them; None if it is none."""
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if separator:
        return _of_url(scheme.lower(), rest)
    bare, slash, name = text.rpartition("/")
    if slash and name.lower() in ("tcp", "udp", "tcp4", "tcp6", "udp4", "udp6"):
        inner = port_in_endpoint(bare)
        return inner and inner._replace(protocol=Protocol(name[:3].lower()))
    host, _, port = _without_java_name(text).rpartition(":")
    return _port_text(host, port)


def _without_java_name(text: str) -> str:
    """Java writes an endpoint as name/address:port; the name may be empty."""
    name, slash, rest = text.partition("/")
    return rest if slash and ":" in rest and ":" not in name else text


def _of_url(scheme: str, rest: str) -> PortText | None:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    protocol = Protocol(scheme[:3]) if scheme[:3] in ("tcp", "udp") else Protocol.TCP
    host, colon, port = authority.rpartition(":")
    if not colon or (authority.startswith("[") and authority.endswith("]")):
        host, port = authority, _SCHEME_PORTS.get(scheme, "")
    return _port_text(host, port, protocol)


def _port_text(host: str, port: str, protocol: Protocol | None = None) -> PortText | None:
    # `ss` writes [fe80::1]%eth0.
    inner = host.replace("]%", "%") if host.startswith("[") else host
    bare = inner.removeprefix("[").removesuffix("]").replace("*", "")
    # "::1" is an address without a port, though "1" is behind a colon.
    is_address_alone = ":" in bare and not _is_host(bare)
    return None if is_address_alone or not port else PortText(port, bare, protocol)


def _protocol_beside(text: str, match: re.Match[str]) -> Protocol | None:
    """As in `listen udp :53` and `0.0.0.0:53/udp`."""
    before, behind = text[: match.start()].lower(), text[match.end() :].lower()
    named = re.search(r"\b(tcp|udp)[46]?(?:://)?\s*[\[*]*$", before) or re.match(
        r"/(tcp|udp)\b", behind
    )
    if named is None:
        named = re.match(r".*/(tcp|udp)$", match[0].lower())
    return Protocol(named[1]) if named else None


def _is_port(digits: str) -> bool:
    return 0 < int(digits) < len(PORTS)


def _is_host(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        Address.parse(host)
    except ValueError:
        return False
    return True
