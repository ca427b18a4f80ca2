"""The commands about one port: `who`, `free`, `next` and `wait`."""

from typing import NamedTuple

from porttui.cli.options import Given, Grammar, Option, UsageError
from porttui.host.local import SourceName
from porttui.model.address import Address, Place, Protocol

DEFAULT_GRACE_S = 3.0
DEFAULT_CONNECT_S = 2.0
LONGEST_TIMEOUT_S = 86400.0
MOST_PORTS = 100
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
    return FreeCommand(
        place=place,
        sure="--yes" in values,
        kill="--kill" in values,
        all_holders="--all-holders" in values,
        timeout_s=DEFAULT_GRACE_S if timeout_s is None else timeout_s,
        as_json=as_json,
        source=source,
    )


def _probe(given: Given, source: SourceName) -> ProbeCommand:
    if not given.operands:
        raise UsageError("where to? As in 127.0.0.1:3000, [::1]:3000 or localhost:3000")
    typed = given.operands[0]
    host, colon, last = typed.rpartition(":")
    if not colon:
        host = "localhost"
    host = host or "localhost"
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare and not host.startswith("["):
        raise UsageError(f"{typed} is ambiguous: an IPv6 address with a port is [{host}]:{last}")
    # Nothing but what names and addresses are made of goes on to the resolver and the screen.
    if not bare.isascii() or not all(sign.isalnum() or sign in "-._:%" for sign in bare):
        raise UsageError("a host is a name or an address, as in localhost, 127.0.0.1 or [::1]")
    timeout_s = given.values.get("--timeout", DEFAULT_CONNECT_S)
    assert isinstance(timeout_s, float)
    return ProbeCommand(
        host=bare,
        port=read_port(last),
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
    if host and colon and not (":" in host and not host.startswith("[")):
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


def _read_address_option(text: str) -> tuple[Address, ...]:
    try:
        return read_addresses(text)
    except UsageError as error:
        raise ValueError(str(error)) from error


def _read_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_TIMEOUT_S:
        raise ValueError(f"{text!r} is no number of seconds from 0 to {LONGEST_TIMEOUT_S:g}")
    return seconds


def _read_number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST_PORTS:
        return int(text)
    raise ValueError(f"{text!r} is no number from 1 to {MOST_PORTS}")


def _read_until(text: str) -> str:
    if text not in ("free", "listening"):
        raise ValueError(f"{text!r} is neither free nor listening")
    return text


_ADDRESS = Option(
    "--address",
    "where to bind: 127.0.0.1, ::1, localhost for both; may be given again. "
    "Otherwise 127.0.0.1, 0.0.0.0, ::1 and ::",
    "ADDRESS",
    _read_address_option,
    many=True,
)
_UDP = Option("--udp", "the UDP port, not the TCP one")
_JSON = Option("--json", "one JSON object, see the README")


def port_grammars(source: Option, words: str) -> dict[str, Grammar]:
    """What each of the commands takes; `words` tells of ports."""
    return {
        "who": Grammar(
            prog="porttui who",
            description="Say who has a port, why, and on which addresses it can be had.",
            options=(_ADDRESS, _UDP, _JSON, source),
            operands="PORT",
            most=1,
            epilog=f"{words}\nexit status: 0 held on an address, 1 not held, 2 bad usage",
        ),
        "free": Grammar(
            prog="porttui free",
            description="Stop the process that listens on a port, and prove that the port is free.",
            options=(
                _ADDRESS,
                _UDP,
                Option("--yes", "do not ask"),
                Option("--kill", "SIGKILL at once, instead of SIGTERM"),
                Option("--all-holders", "all processes that share the socket, not the top-most"),
                Option(
                    "--timeout",
                    f"how long the process has to exit, {DEFAULT_GRACE_S:g} by default",
                    "SECONDS",
                    _read_seconds,
                ),
                _JSON,
                source,
            ),
            operands="PORT",
            most=1,
            epilog=f"{words}\nexit status: 0 free now (or for a server with SO_REUSEADDR), "
            "1 not freed, 2 bad usage,\n3 not permitted, 4 refused: nothing was sent",
        ),
        "next": Grammar(
            prog="porttui next",
            description="Print the next free port after PORT, bindable on all the addresses.",
            options=(
                Option("-n", "how many, 1 by default", "NUMBER", _read_number),
                _ADDRESS,
                _UDP,
                _JSON,
                source,
            ),
            operands="[PORT]",
            most=1,
            epilog=f"{words}\nexit status: 0 found, 1 none is free, 2 bad usage",
        ),
        "probe": Grammar(
            prog="porttui probe",
            description="Try to connect, on every address that HOST stands for, and say what "
            "comes of it. Nothing is sent without --http.",
            options=(
                Option("--http", "ask with one HEAD request, where the server keeps silent"),
                Option(
                    "--timeout",
                    f"for each address, {DEFAULT_CONNECT_S:g} by default",
                    "SECONDS",
                    _read_seconds,
                ),
                _JSON,
                source,
            ),
            operands="[HOST:]PORT",
            most=1,
            epilog="exit status: 0 connected, 1 not, 2 bad usage",
        ),
        "wait": Grammar(
            prog="porttui wait",
            description="Wait until a port is free, or until something listens on it.",
            options=(
                Option("--until", "free (the default) or listening", "STATE", _read_until),
                Option("--timeout", "give up after so long", "SECONDS", _read_seconds),
                _ADDRESS,
                _UDP,
                _JSON,
                source,
            ),
            operands="PORT",
            most=1,
            epilog=f"{words}\nexit status: 0 it is so, 1 the time was over, 2 bad usage",
        ),
    }
