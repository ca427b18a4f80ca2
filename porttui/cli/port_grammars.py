"""What each of the commands about one port takes."""

from collections.abc import Callable, Mapping

from porttui.cli.options import Grammar, Option, seconds
from porttui.cli.port_arguments import DEFAULT_CONNECT_S, DEFAULT_GRACE_S, read_addresses

LONGEST_TIMEOUT_S = 86400.0
MOST_PORTS = 100

_WORDS = """\
a port is 3000, a service as in http, or an end as in 127.0.0.1:3000
"""


def port_grammar(name: str, source: Option) -> Grammar:
    """What the command `name` takes, `--source` among it."""
    return _GRAMMARS[name](source)


def _who(source: Option) -> Grammar:
    return Grammar(
        prog="porttui who",
        description="Say who has a port, why, and on which addresses it can be had.",
        options=(_ADDRESS, _UDP, _JSON, source),
        operands="PORT",
        most=1,
        epilog=f"{_WORDS}\nexit status: 0 held on an address, 1 not held, 2 bad usage",
    )


def _free(source: Option) -> Grammar:
    return Grammar(
        prog="porttui free",
        description="Stop the process that listens on a port, and prove that the port is free.",
        options=(
            _ADDRESS,
            _UDP,
            Option("--yes", "do not ask"),
            Option("--kill", "SIGKILL at once, instead of SIGTERM"),
            Option(
                "--all-holders",
                "all processes that share the socket, not only the one that opened it",
            ),
            Option(
                "--pid",
                "this one of the processes that share the socket; may be given again",
                "PID",
                _read_pid,
                excludes="--all-holders",
                many=True,
            ),
            Option(
                "--timeout",
                f"how long the process has to exit, {DEFAULT_GRACE_S:g} by default",
                "SECONDS",
                _SECONDS,
            ),
            _JSON,
            source,
        ),
        operands="PORT",
        most=1,
        epilog=f"{_WORDS}\nexit status: 0 free now (or for a server with SO_REUSEADDR), "
        "1 not freed, 2 bad usage,\n3 not permitted, 4 refused: nothing was sent",
    )


def _next(source: Option) -> Grammar:
    return Grammar(
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
        epilog=f"{_WORDS}\nexit status: 0 found, 1 none is free, 2 bad usage",
    )


def _probe(source: Option) -> Grammar:
    return Grammar(
        prog="porttui probe",
        description="Try to connect, on every address that HOST stands for, and say what "
        "comes of it. Nothing is sent without --http.",
        options=(
            Option("--http", "ask with one HEAD request, where the server keeps silent"),
            Option(
                "--timeout",
                f"for each address, {DEFAULT_CONNECT_S:g} by default",
                "SECONDS",
                _SECONDS,
            ),
            _JSON,
            source,
        ),
        operands="[HOST:]PORT",
        most=1,
        epilog="exit status: 0 connected, 1 not, 2 bad usage",
    )


def _wait(source: Option) -> Grammar:
    return Grammar(
        prog="porttui wait",
        description="Wait until a port is free, or until something listens on it.",
        options=(
            Option("--until", "free (the default) or listening", "STATE", _read_until),
            Option("--timeout", "give up after so long", "SECONDS", _SECONDS),
            _ADDRESS,
            _UDP,
            _JSON,
            source,
        ),
        operands="PORT",
        most=1,
        epilog=f"{_WORDS}\nexit status: 0 it is so, 1 the time was over, 2 bad usage",
    )


def _read_number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST_PORTS:
        return int(text)
    raise ValueError(f"{text!r} is no number from 1 to {MOST_PORTS}")


def _read_pid(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return int(text)
    raise ValueError(f"{text!r} is no pid")


def _read_until(text: str) -> str:
    if text not in ("free", "listening"):
        raise ValueError(f"{text!r} is neither free nor listening")
    return text


_ADDRESS = Option(
    "--address",
    "where to bind: 127.0.0.1, ::1, localhost for both; may be given again. "
    "Otherwise 127.0.0.1, 0.0.0.0, ::1 and ::",
    "ADDRESS",
    read_addresses,
    many=True,
)
_SECONDS = seconds(0, LONGEST_TIMEOUT_S)
_UDP = Option("--udp", "the UDP port, not the TCP one")
_JSON = Option("--json", "one JSON object, see the README")

_GRAMMARS: Mapping[str, Callable[[Option], Grammar]] = {
    "who": _who,
    "free": _free,
    "next": _next,
    "probe": _probe,
    "wait": _wait,
}
