"""Snapshots of a machine with ten ephemeral ports, under Linux' usual rules."""

from __future__ import annotations

from porttui.forecast import bind
from porttui.forecast.bind import WILDCARD_4
from porttui.forecast.connect import TIME_WAIT_MS
from porttui.forecast.forecast import forecast
from porttui.model.address import Address, Protocol
from porttui.model.forecast import ConnectPath, Destination, Forecast, Headroom
from porttui.model.kernel import PortRange, RangeName, TcpRules
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from tests.making import at, connection, made, snapshot

SMALL = PortRange(RangeName.EPHEMERAL, 40000, 40009)
LINUX = TcpRules(tw_reuse=2, timestamps=True, tw_reuse_delay_ms=1000, autobind_reuse=False)

SERVER = "127.0.0.1:8001"


def taken(
    *sockets: Socket, rules: TcpRules | None = LINUX, ephemeral: PortRange | None = SMALL
) -> Snapshot:
    """What netlink tells of these sockets."""
    found = snapshot(*sockets, ephemeral=ephemeral)
    return found._replace(lists_bound_inactive=True, tcp_rules=rules)


def client(port: int, to: str = SERVER, source: str = "127.0.0.1") -> Socket:
    """A connection that was made here."""
    return connection(f"{source}:{port}", to)


def waiting(
    port: int, age_ms: int | None = 0, to: str = SERVER, source: str = "127.0.0.1"
) -> Socket:
    """A connection that was made here and ended so long ago."""
    expires_ms = None if age_ms is None else TIME_WAIT_MS - age_ms
    closed = connection(f"{source}:{port}", to, state=TcpState.TIME_WAIT)
    return closed._replace(expires_ms=expires_ms)


def idle(address: str, port: int, *, v6only: bool | None = None) -> Socket:
    """A socket that is bound and does not listen."""
    spelled = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return made(Protocol.TCP, TcpState.CLOSE, spelled)._replace(v6only=v6only)


def accepted(local: str, remote: str) -> Socket:
    """The server's end of a connection."""
    return connection(local, remote, ownership=Ownership.HIDDEN)


def path(to: str = SERVER, source: str = "127.0.0.1") -> ConnectPath:
    """From this machine to there."""
    return ConnectPath(Address.parse(source), at(to))


def connect_headroom(machine: Snapshot, path: ConnectPath) -> Headroom | None:
    """How many connections of a path are left."""
    whole = forecast(machine, [path], binds=(), top=0)
    return whole.destinations[0].headroom if whole else None


def bind_headroom(machine: Snapshot, address: Address) -> Headroom | None:
    """How many sockets can bind port 0 of an address."""
    whole = forecast(machine, binds=[address], top=0)
    return whole.binds[0].headroom if whole and whole.binds else None


def udp_headroom(machine: Snapshot, address: Address = WILDCARD_4) -> Headroom | None:
    """How many unbound UDP sockets get a port."""
    if machine.ephemeral is None or machine.tcp_rules is None:
        return None
    return bind.udp_headroom(machine.sockets, machine.ephemeral, address)


def connects(found: Snapshot, to: str = SERVER, source: str = "127.0.0.1") -> Headroom:
    """The headroom of a path."""
    headroom = connect_headroom(found, path(to, source))
    assert headroom is not None
    return headroom


def binds(found: Snapshot, address: str) -> Headroom:
    """The headroom of an address."""
    headroom = bind_headroom(found, Address.parse(address))
    assert headroom is not None
    return headroom


def of(found: Snapshot, *wanted: ConnectPath, top: int = 10) -> Forecast:
    """The whole forecast."""
    whole = forecast(found, wanted, top=top)
    assert whole is not None
    return whole


def destination(found: Snapshot, wanted: ConnectPath) -> Destination:
    """What is forecast of one path."""
    whole = of(found, wanted)
    return next(each for each in whole.destinations if (each.local, each.remote) == wanted)
