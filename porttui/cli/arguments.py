"""Parse command lines, print help, and report usage errors, from one table for each command.

argparse would do, but importing and filling it takes as long as half of Python's own start, and
a one-shot command is to be there at once. Long options only, as `--name VALUE` or `--name=VALUE`,
anywhere among the operands; `--` ends them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from porttui.cli.output import ExitStatus, write
from porttui.record import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

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

_HELP = "--help"
_MAX_ERROR_LENGTH = 400

C = TypeVar("C")


class UsageError(Exception):
    """Bad usage; the message is a sentence without a full stop."""


class Option(NamedTuple):
    """One option: with a value, or a flag."""

    name: str
    """With its dashes."""
    help: str
    metavar: str = ""
    """What stands for the value in the help; empty for a flag."""
    parse: Callable[[str], object] = str
    """The value of a text; raises UsageError, or ValueError with what the option must be."""
    excludes: str = ""
    """The name of another option that makes no sense beside this one."""
    repeatable: bool = False
    """Its value is a tuple, with an entry for each time it is given."""


class Grammar(NamedTuple):
    """What a command takes."""

    prog: str
    description: str
    options: tuple[Option, ...]
    operands: str = ""
    """What stands for them in the help: "FILTER ...", "[PORT]"; empty for none."""
    max_operands: int = 0
    """How many operands there may be."""
    commands: tuple[tuple[str, str], ...] = ()
    """Name and help of each command under this one."""
    epilog: str = ""
    host_error_status: ExitStatus = ExitStatus.UNREADABLE
    """The status where the machine cannot be read."""
    report_usage_error: Callable[[str, Sequence[str]], int] | None = None
    """Reports bad usage in the command's own way: message and argv to exit status."""


class ParsedArguments(NamedTuple):
    """What was found on a command line."""

    values: Mapping[str, Any]
    """By the option's name: what its `parse` returned; True for a flag."""
    operands: tuple[str, ...]
    wants_help: bool = False


class CommandModule(Protocol):
    """A module about one command."""

    GRAMMAR: Grammar

    def build_command(self, parsed: ParsedArguments) -> Any:
        """The command's value.

        Raises:
            UsageError: the words make no command.
        """

    def run(self, command: Any, out: TextIO | None, err: TextIO) -> int:
        """Carry it out: data to `out`, words to `err`; the exit status.

        Raises:
            HostError, SampleError: the machine cannot be read.
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
        if grammar.report_usage_error:
            raise SystemExit(grammar.report_usage_error(message, argv)) from None
        if sys.stderr is not None:
            print(f"{grammar.prog}: {message}", file=sys.stderr)
        raise SystemExit(ExitStatus.USAGE) from None
    write(help_text(grammar, _terminal_columns()), sys.stdout)
    raise SystemExit(ExitStatus.OK)


def parse(grammar: Grammar, argv: Sequence[str]) -> ParsedArguments:
    """Read the options and operands of a command.

    Raises:
        UsageError: it does not take them so.
    """
    known = {option.name: option for option in grammar.options}
    values: dict[str, Any] = {}
    operands: list[str] = []
    remaining = list(reversed(argv))
    while remaining:
        word = remaining.pop()
        if word == "--":
            operands += reversed(remaining)
            break
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        name, equals, text = word.partition("=")
        if name in (_HELP, "-h"):
            return ParsedArguments({}, (), wants_help=True)
        option = known.get(name)
        if option is None:
            raise UsageError(f"unknown option {name}")
        if not option.metavar:
            if equals:
                raise UsageError(f"{name} takes no value")
            values[name] = True
            continue
        if not equals:
            if not remaining:
                raise UsageError(f"{name} needs a value: {name} {option.metavar}")
            text = remaining.pop()
        value = _parse_value(option, text)
        values[name] = (*values.get(name, ()), value) if option.repeatable else value
    for option in grammar.options:
        if option.name in values and option.excludes in values:
            raise UsageError(f"{option.excludes} and {option.name} cannot be combined")
    if len(operands) > grammar.max_operands:
        raise UsageError(f"unexpected argument {operands[grammar.max_operands]}")
    return ParsedArguments(values, tuple(operands))


def _parse_value(option: Option, text: str) -> object:
    try:
        return option.parse(text)
    except ValueError as error:
        raise UsageError(f"{option.name} {error}") from error
    except UsageError as error:
        raise UsageError(f"{option.name}: {error}") from error


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Reads a time, for `Option.parse`."""

    def parse_seconds(text: str) -> float:
        value = number(text)
        if not least <= value <= most:
            raise ValueError(f"must be {least:g} to {most:g} seconds")
        return value

    return parse_seconds


def number(text: str) -> float:
    """Not a number where it is not written in ASCII digits, as every other number here is."""
    try:
        return float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        return float("nan")


def help_text(grammar: Grammar, columns: int) -> str:
    """The help, in lines of at most so many columns."""
    import textwrap

    columns = max(columns, 40)
    options = [
        (f"{option.name} {option.metavar}".rstrip(), option.help)
        for option in (*grammar.options, Option(_HELP, "show this help and exit"))
    ]
    usage = [f"[{option}]" for option, _ in options]
    usage += [grammar.operands] if grammar.operands else []
    usage += ["[COMMAND ...]"] if grammar.commands else []
    parts = [
        _wrap(f"usage: {grammar.prog}", usage, columns),
        textwrap.fill(grammar.description, columns),
        _section("commands:", grammar.commands, columns),
        _section("options:", options, columns),
        grammar.epilog,
    ]
    return "\n\n".join(part for part in parts if part)


def _wrap(start: str, words: Sequence[str], columns: int) -> str:
    """Words that are never broken, in lines; those after the first are indented."""
    lines = [start]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > columns:
            lines.append(" " * len(start))
        lines[-1] += f" {word}"
    return "\n".join(lines)


def _section(title: str, pairs: Sequence[tuple[str, str]], columns: int) -> str:
    import textwrap

    if not pairs:
        return ""
    width = max(len(left) for left, _ in pairs) + 4
    lines = [title]
    for left, right in pairs:
        first, *others = textwrap.wrap(right, max(columns - width, 20))
        lines.append(f"  {left}".ljust(width) + first)
        lines += [" " * width + line for line in others]
    return "\n".join(lines)


def _terminal_columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        return 80
