"""The options and operands that several commands take."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.cli.options import Given, Option, UsageError, seconds
from porttui.host.asking import SourceName
from porttui.model.address import Address, Place, Protocol

MOST_WORDS = 1000
"""Words of a filter."""
PORT_WORDS = """\
a port is 3000, a service as in http, or an end as in 127.0.0.1:3000
"""

_LONGEST_TIMEOUT_S = 86400.0


def given_source(given: Given) -> SourceName:
    """Where sockets are read."""
    source: SourceName = given.values.get(SOURCE.name, SourceName.AUTO)
    return source


def given_place(given: Given) -> Place | None:
    """The port of the operand with the addresses of --address; None without an operand.

    Raises:
        UsageError: there is no such port or address.
    """
    if not given.operands:
        return None
    place = read_place(given.operands[0], given_protocol(given))
    return place._replace(addresses=tuple(dict.fromkeys(place.addresses + given_addresses(given))))


def needed_place(given: Given) -> Place:
    """As `given_place`, for a command that needs one.

    Raises:
        UsageError: there is no such port or address, or none was given.
    """
    place = given_place(given)
    if place is None:
        raise UsageError("which port?")
    return place


def given_protocol(given: Given) -> Protocol:
    """UDP with --udp."""
    return Protocol.UDP if UDP.name in given.values else Protocol.TCP


def given_addresses(given: Given) -> tuple[Address, ...]:
    """Those of --address, each once."""
    groups = given.values.get(ADDRESS.name, ())
    return tuple(dict.fromkeys(address for group in groups for address in group))


def filter_help() -> str:
    """The end of the help of a command that takes a filter."""
    from porttui.analysis.filter import SYNTAX  # not for commands that take none

    width = max(len(example) for example, _ in SYNTAX)
    lines = [f"  {example:{width}}   {meaning}" for example, meaning in SYNTAX]
    return "\n".join(
        [
            "a filter is one or more words, all of which must fit:",
            *lines,
            "",
            "exit status: 0 done, 1 the machine could not be read, 2 bad usage or no terminal",
        ]
    )


def read_filter(words: Sequence[str]) -> str:
    """A filter that can be read; "" for none.

    Raises:
        UsageError: it cannot be read.
    """
    typed = " ".join(words).strip()
    if not typed:
        return ""
    # Not for commands that have none: it would be a tenth of their start.
    from porttui.analysis.filter_grammar import FilterError, parse_filter

    try:
        parse_filter(typed)
    except FilterError as error:
        raise UsageError(str(error)) from error
    return typed


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


def _read_source(text: str) -> SourceName:
    try:
        return SourceName(text)
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(SourceName)}") from None


SOURCE = Option(
    "--source",
    "where sockets are read: auto (the best there is), netlink, proc, psutil",
    "SOURCE",
    _read_source,
)
JSON = Option("--json", "one JSON object, see the README")
ADDRESS = Option(
    "--address",
    "where to bind: 127.0.0.1, ::1, localhost for both; may be given again. "
    "Otherwise 127.0.0.1, 0.0.0.0, ::1 and ::",
    "ADDRESS",
    read_addresses,
    many=True,
)
UDP = Option("--udp", "the UDP port, not the TCP one")
TIMEOUT = Option("--timeout", "give up after so long", "SECONDS", seconds(0, _LONGEST_TIMEOUT_S))
