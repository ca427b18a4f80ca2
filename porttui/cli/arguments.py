"""Choose the command, print its help, report usage errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from porttui.cli.options import Grammar, ParsedArguments, UsageError, help_text, parse
from porttui.cli.output import ExitStatus
from porttui.record import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from typing import Any, TextIO

COMMANDS: Mapping[str, tuple[str, str]] = {
    "list": ("porttui.cli.list_sockets", "print the sockets once and exit"),
    "who": ("porttui.cli.who", "show who holds a port and whether it can be bound"),
    "free": ("porttui.cli.free", "stop the holder of a port and verify that it is free"),
    "next": ("porttui.cli.next_port", "print the next free port"),
    "probe": ("porttui.cli.probe", "try to connect: refused, timed out, silent or answered"),
    "wait": ("porttui.cli.wait", "wait until a port is free or has a listener"),
    "check": ("porttui.cli.check", "show whether connect() and bind() will still find a port"),
}
"""The `CommandModule` and the help of each; the session (`cli.session`) has no name."""

_MAX_ERROR_LENGTH = 400

C = TypeVar("C")


class CommandModule(Protocol):
    """A module about one command."""

    GRAMMAR: Grammar
    HOST_ERROR_STATUS: ExitStatus
    """The status where the machine cannot be read."""

    def build_command(self, parsed: ParsedArguments) -> Any:
        """The command's value.

        Raises:
            UsageError: the words make no command.
        """

    def run(self, command: Any, out: TextIO | None, err: TextIO) -> int:
        """Carry it out: data to `out`, words to `err`; the exit status.

        Raises:
            HostError: the machine cannot be read.
            OutputError: `out` cannot be written.
        """


def command_module(name: str) -> CommandModule:
    """The module of a command of `COMMANDS`. No other command's is loaded."""
    module, _ = COMMANDS[name]
    loaded: Any = import_module(module)
    return loaded  # type: ignore[no-any-return]


def parse_command(
    grammar: Grammar, build: Callable[[ParsedArguments], C], argv: Sequence[str]
) -> C:
    """The command that `argv` (without the program's and the command's name) asks for.

    Raises:
        SystemExit: for bad usage, and with 0 after --help.
    """
    try:
        parsed = parse(grammar, argv)
        if not parsed.wants_help:
            return build(parsed)
    except UsageError as error:
        from porttui.host.safe_text import safe_text

        message = f"{safe_text(str(error), _MAX_ERROR_LENGTH)} (see {grammar.prog} --help)"
        report = grammar.report_usage_error or _report_usage_error
        raise SystemExit(report(grammar.prog, message, argv)) from None
    from porttui.cli.output import write

    write(help_text(grammar, _terminal_columns()).removesuffix("\n"), sys.stdout)
    raise SystemExit(ExitStatus.OK)


def _report_usage_error(prog: str, message: str, argv: Sequence[str]) -> int:  # noqa: ARG001
    if sys.stderr is not None:
        print(f"{prog}: {message}", file=sys.stderr)
    return ExitStatus.USAGE


def _terminal_columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        return 80
