"""Copy formats of a server: address, PORT=, URL, kill, ss and lsof commands."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint, Family, Protocol
from porttui.model.process import Process
from porttui.record import NamedTuple


class ServedEndpoint(NamedTuple):
    """The server on a row: its endpoint and holders."""

    protocol: Protocol
    endpoint: Endpoint
    holders: tuple[Process, ...]

    @property
    def host(self) -> str:
        """Where a client on this machine reaches it."""
        address = self.endpoint.address
        return "localhost" if address.is_wildcard else address.text

    @property
    def url(self) -> str:
        address = self.endpoint.address
        host = "localhost" if address.is_wildcard else address.bare_text
        if address.is_link_local and address.zone:
            host += f"%25{quote(address.zone)}"  # RFC 6874
        is_ipv6 = address.family is Family.IPV6 and not address.is_wildcard
        host = f"[{host}]" if is_ipv6 else host
        return f"http://{host}:{self.endpoint.port}/"


class CopyFormat(NamedTuple):
    """One thing to copy."""

    key: str
    label: str
    text: str


def copy_formats(served: ServedEndpoint) -> Sequence[CopyFormat]:
    """All of them, in the order in which they are offered."""
    port = served.endpoint.port
    is_tcp = served.protocol is Protocol.TCP
    formats = [
        CopyFormat("a", "address", str(served.endpoint)),
        CopyFormat("p", "variable", f"PORT={port}"),
    ]
    if is_tcp:
        formats.append(CopyFormat("u", "URL", served.url))
    pids = " ".join(str(process.pid) for process in by_seniority(served.holders))
    if pids:
        formats.append(CopyFormat("k", "kill", f"kill -TERM {pids}"))
    flag, kind = ("t", "TCP") if is_tcp else ("u", "UDP")
    formats.append(CopyFormat("s", "ss", f"ss -H{flag}lnp 'sport = :{port}'"))
    listening = " -sTCP:LISTEN" if is_tcp else ""
    formats.append(CopyFormat("l", "lsof", f"lsof -nP -i{kind}:{port}{listening}"))
    return formats
