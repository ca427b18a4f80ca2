"""The commands about one port: `who`, `free`, `next`, `wait` and `probe`."""

from __future__ import annotations

from typing import NamedTuple

from porttui.cli.options import Given, UsageError
from porttui.host.asking import SourceName
from porttui.model.address import Address, Place, Protocol

DEFAULT_GRACE_S = 3.0
DEFAULT_CONNECT_S = 2.0
USUAL_START = 2999
"""`next` without a port begins with 3000."""


class WhoCommand(NamedTuple):
    """`porttui who`: who has a port, and whether it can be had."""

    place: Place
    as_json: bool
    source: SourceName


class FreeCommand(NamedTuple):
    """`porttui free`: stop who has a port."""

    place: Place
    sure: bool
    """Do not ask."""
    kill: bool
    """SIGKILL instead of SIGTERM."""
    all_holders: bool
    pids: tuple[int, ...]
    """Those of the holders that are to be stopped; none for the one that opened the port."""
    timeout_s: float
    as_json: bool
    source: SourceName


class NextCommand(NamedTuple):
    """`porttui next`: another port."""

    place: Place
    """The ports after this one."""
    number: int
    as_json: bool
    source: SourceName


class WaitCommand(NamedTuple):
    """`porttui wait`: until a port is free, or served."""

    place: Place
    until_listening: bool
    timeout_s: float | None
    as_json: bool
    source: SourceName


class ProbeCommand(NamedTuple):
    """`porttui probe`: can a client connect?"""

    host: str
    """Safe to print."""
    port: int
    speak_http: bool
    timeout_s: float
    as_json: bool
    source: SourceName


PortCommand = WhoCommand | FreeCommand | NextCommand | WaitCommand | ProbeCommand


def read_command(name: str, given: Given, source: SourceName) -> PortCommand:
    """The command of what was found on the command line.

    Raises:
        UsageError: there is no such port or address.
    """
    values = given.values
    as_json = "--json" in values
    if name == "next":
        place = _place(given, needed=False)
        number = values.get("-n", 1)
        assert isinstance(number, int)
        return NextCommand(place, number, as_json, source)
    if name == "probe":
        return _probe(given, source)
    place = _place(given, needed=True)
    if name == "who":
        return WhoCommand(place, as_json, source)
    timeout_s = values.get("--timeout")
    assert timeout_s is None or isinstance(timeout_s, float)
    if name == "wait":
        until_listening = values.get("--until", "free") == "listening"
        return WaitCommand(place, until_listening, timeout_s, as_json, source)
    pids = values.get("--pid", ())
    assert isinstance(pids, tuple)
    return FreeCommand(
        place=place,
        sure="--yes" in values,
        kill="--kill" in values,
        all_holders="--all-holders" in values,
        pids=pids,
        timeout_s=DEFAULT_GRACE_S if timeout_s is None else timeout_s,
        as_json=as_json,
        source=source,
    )


def _probe(given: Given, source: SourceName) -> ProbeCommand:
    if not given.operands:
        raise UsageError("where to? As in 127.0.0.1:3000, [::1]:3000 or localhost:3000")
    host, port = read_host_and_port(given.operands[0])
    timeout_s = given.values.get("--timeout", DEFAULT_CONNECT_S)
    assert isinstance(timeout_s, float)
    return ProbeCommand(
        host=host or "localhost",
        port=port,
        speak_http="--http" in given.values,
        timeout_s=max(timeout_s, 0.05),
        as_json="--json" in given.values,
        source=source,
    )


def _place(given: Given, *, needed: bool) -> Place:
    protocol = Protocol.UDP if "--udp" in given.values else Protocol.TCP
    addresses = given.values.get("--address", ())
    assert isinstance(addresses, tuple)
    wanted = tuple(dict.fromkeys(each for group in addresses for each in group))
    if not given.operands:
        if needed:
            raise UsageError("which port?")
        return Place(protocol, USUAL_START, wanted)
    place = read_place(given.operands[0], protocol)
    return place._replace(addresses=tuple(dict.fromkeys((*place.addresses, *wanted))))


def read_place(typed: str, protocol: Protocol = Protocol.TCP) -> Place:
    """A port, or an address with its port.

    Raises:
        UsageError: it is neither.
    """
    # As it is pasted from an error: "address already in use 127.0.0.1:3000".
    host, colon, last = typed.rpartition(":")
    if host and colon:
        _refuse_ambiguous(typed, host, last)
        return Place(protocol, read_port(last, protocol), read_addresses(host))
    return Place(protocol, read_port(typed.removeprefix(":"), protocol))


def read_port(text: str, protocol: Protocol = Protocol.TCP) -> int:
    """A port by number, or by the name of its service.

    Raises:
        UsageError: there is no such port.
    """
    if text.isascii() and text.isdecimal():
        digits = text.lstrip("0")
        port = int(digits) if 0 < len(digits) <= 5 else 0
        if not 1 <= port <= 65535:
            raise UsageError(f"{text[:12]} is no port: ports go from 1 to 65535")
        return port
    from porttui.host.services import service_port

    found = service_port(protocol, text) if text and not text[0].isdecimal() else None
    if found is None:
        said = text or "an empty word"
        raise UsageError(f"{said} is no port: a number from 1 to 65535, or a service as in http")
    return found


def read_host_and_port(typed: str) -> tuple[str, int]:
    """A name or an address without its brackets, and a port; the host may be left out.

    Raises:
        UsageError: it is no such thing.
    """
    host, _, last = typed.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    # Nothing but what names and addresses are made of goes on to the resolver and the screen.
    if not bare.isascii() or not all(sign.isalnum() or sign in "-._:%" for sign in bare):
        raise UsageError("a host is a name or an address, as in localhost, 127.0.0.1 or [::1]")
    _refuse_ambiguous(typed, host, last)
    return bare, read_port(last)


def _refuse_ambiguous(typed: str, host: str, last: str) -> None:
    if ":" in host and not host.startswith("["):
        raise UsageError(f"{typed} is ambiguous: an IPv6 address with a port is [{host}]:{last}")


def read_addresses(text: str) -> tuple[Address, ...]:
    """An IP address, or localhost for both loopback addresses.

    Raises:
        ValueError: it is none.
    """
    if text.lower() == "localhost":
        return (Address.parse("127.0.0.1"), Address.parse("::1"))
    try:
        return (Address.parse(text),)
    except ValueError as error:
        raise UsageError(
            f"{text or 'an empty word'} is no address as in 127.0.0.1 or ::1"
        ) from error
