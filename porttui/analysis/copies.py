"""What can be copied of a server, each as it is pasted elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint, Family, Protocol
from porttui.model.process import Process
from porttui.record import NamedTuple


class Served(NamedTuple):
    """What a row's server has."""

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
        """As a browser takes it, if HTTP is what it speaks."""
        six = self.endpoint.address.family is Family.IPV6 and self.host != "localhost"
        host = f"[{self.host}]" if six else self.host
        return f"http://{host}:{self.endpoint.port}/"


class Copy(NamedTuple):
    """One thing to copy."""

    key: str
    label: str
    text: str


def copies(served: Served) -> Sequence[Copy]:
    """All of them, in the order in which they are offered."""
    port = served.endpoint.port
    is_tcp = served.protocol is Protocol.TCP
    found = [Copy("a", "address", str(served.endpoint)), Copy("p", "variable", f"PORT={port}")]
    if is_tcp:
        found.append(Copy("u", "URL", served.url))
    pids = " ".join(str(process.pid) for process in by_seniority(served.holders))
    if pids:
        found.append(Copy("k", "kill", f"kill -TERM {pids}"))
    flag, kind = ("t", "TCP") if is_tcp else ("u", "UDP")
    found.append(Copy("s", "ss", f"ss -H{flag}lnp 'sport = :{port}'"))
    listening = " -sTCP:LISTEN" if is_tcp else ""
    found.append(Copy("l", "lsof", f"lsof -nP -i{kind}:{port}{listening}"))
    return found
