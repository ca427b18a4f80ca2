"""The options and operands that several commands take."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.cli.arguments import Option, ParsedArguments, UsageError, seconds
from porttui.host.request import SourceName
from porttui.model.address import Address, PortQuery, Protocol
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.analysis.port_text import PortText

MAX_WORDS = 1000
"""Operands of a filter, or of a message from which a port is read."""
PORT_HELP = """\
PORT is a number, a service name (http), an address with a port (127.0.0.1:3000),
a URL, or the error message that names it
"""

_MAX_TIMEOUT_S = 86400.0


def source_option(parsed: ParsedArguments) -> SourceName:
    """Where sockets are read."""
    source: SourceName = parsed.values.get(SOURCE.name, SourceName.AUTO)
    return source


def port_query_operand(parsed: ParsedArguments, default_port: int | None = None) -> PortQuery:
    """The port of the operand, with --udp and --address.

    Raises:
        UsageError: there is no such port, or none where there is no default.
    """
    protocol = Protocol.UDP if UDP.name in parsed.values else Protocol.TCP
    if parsed.operands:
        port_query = read_port_query(one_text(parsed.operands), protocol)
    elif default_port is not None:
        port_query = PortQuery(protocol, default_port)
    else:
        raise UsageError("PORT is missing")
    addresses = port_query.addresses + address_options(parsed, ADDRESS)
    return port_query._replace(addresses=tuple(dict.fromkeys(addresses)))


def address_options(parsed: ParsedArguments, option: Option) -> tuple[Address, ...]:
    """The addresses of a repeatable option, each once."""
    lists = parsed.values.get(option.name, ())
    return tuple(dict.fromkeys(address for addresses in lists for address in addresses))


def filter_help() -> str:
    """The end of the help of a command that takes a filter."""
    from porttui.analysis.filter import SYNTAX  # not for commands that take none

    width = max(len(example) for example, _ in SYNTAX)
    lines = [f"  {example:{width}}   {meaning}" for example, meaning in SYNTAX]
    return "\n".join(
        [
            "FILTER is one or more words; all must match:",
            *lines,
            "",
            "exit status: 0 done, 1 cannot read the sockets, 2 bad usage or no terminal",
        ]
    )


def valid_filter(words: Sequence[str]) -> str:
    """A filter that can be read; "" for none.

    Raises:
        UsageError: it cannot be read.
    """
    text = " ".join(words).strip()
    if not text:
        return ""
    from porttui.analysis.filter import FilterError, parse_filter  # not for commands without one

    try:
        parse_filter(text)
    except FilterError as error:
        raise UsageError(str(error)) from error
    return text


def one_text(operands: Sequence[str]) -> str:
    """The operand; the words of a message count as one.

    Raises:
        UsageError: there is another operand.
    """
    text = " ".join(operands)
    if len(operands) > 1:
        from porttui.analysis.port_text import is_message

        if not is_message(text):
            raise UsageError(f"unexpected argument {operands[1]}")
    return text


def read_port_query(text: str, protocol: Protocol = Protocol.TCP) -> PortQuery:
    """A port, an address with its port, or the port that a message is about.

    Raises:
        UsageError: it is none of these.
    """
    if text.isalnum() or not text:
        return PortQuery(protocol, parse_port(text, protocol))
    named = _named_port(text)
    protocol = named.protocol or protocol
    port = parse_port(named.port, protocol)
    return PortQuery(protocol, port, parse_addresses(named.host) if named.host else ())


def _named_port(text: str) -> PortText:
    from porttui.analysis.port_text import named_port  # it loads `re`

    named = named_port(text)
    if named is None:
        shown = text or "''"
        raise UsageError(f"{shown} names no port: use 3000, http, 127.0.0.1:3000 or [::1]:3000")
    return named


def parse_port(text: str, protocol: Protocol = Protocol.TCP) -> int:
    """A port by number, or by the name of its service.

    Raises:
        UsageError: there is no such port.
    """
    if text.isascii() and text.isdecimal():
        digits = text.lstrip("0")
        port = int(digits) if 0 < len(digits) <= 5 else 0
        if not 1 <= port <= 65535:
            raise UsageError(f"{text[:12]} is not a port: ports are 1 to 65535")
        return port
    from porttui.host.services import service_port

    port_of_service = service_port(protocol, text) if text and not text[0].isdecimal() else None
    if port_of_service is None:
        shown = text or "''"
        raise UsageError(f"{shown} is not a port: use 1 to 65535, or a service name like http")
    return port_of_service


def parse_host_and_port(text: str) -> tuple[str, int]:
    """A name or an address without its brackets, and a port; the host may be left out.

    Raises:
        UsageError: it is no such thing.
    """
    host, port_text = "", text
    if not text.isalnum():
        named = _named_port(text)
        host, port_text = named.host, named.port
    # Nothing but what names and addresses are made of goes on to the resolver and the screen.
    if not host.isascii() or not all(
        character.isalnum() or character in "-._:%" for character in host
    ):
        raise UsageError("a host must be a name or an address, like localhost, 127.0.0.1 or [::1]")
    return host, parse_port(port_text)


def parse_addresses(text: str) -> tuple[Address, ...]:
    """An IP address, or localhost for both loopback addresses.

    Raises:
        UsageError: it is none.
    """
    if text.lower() == "localhost":
        return (Address.parse("127.0.0.1"), Address.parse("::1"))
    try:
        return (Address.parse(text),)
    except ValueError as error:
        shown = text or "''"
        raise UsageError(f"{shown} is not an IP address") from error


def _parse_source(text: str) -> SourceName:
    try:
        return SourceName(text)
    except ValueError:
        *names, last = SourceName
        raise ValueError(f"must be {', '.join(names)} or {last}") from None


SOURCE = Option(
    "--source",
    "source of the sockets: auto (best available), netlink, proc, psutil",
    "SOURCE",
    _parse_source,
)
JSON = Option("--json", "print JSON (docs/json.md)")
ADDRESS = Option(
    "--address",
    "address to bind: 127.0.0.1, ::1, localhost for both; repeatable. "
    "Default: 127.0.0.1, 0.0.0.0, ::1 and ::",
    "ADDRESS",
    parse_addresses,
    repeatable=True,
)
UDP = Option("--udp", "UDP instead of TCP")
INTERVAL = Option("--interval", "seconds between samples", "SECONDS", seconds(0.2, 3600.0))
TIMEOUT = Option(
    "--timeout", "give up after this many seconds", "SECONDS", seconds(0, _MAX_TIMEOUT_S)
)
