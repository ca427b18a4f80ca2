"""Options of a command line: read, refused in one sentence, and shown in the help."""

from __future__ import annotations

import pytest

from porttui.cli.options import Grammar, Option, ParsedArguments, UsageError, help_text, parse

GRAMMAR = Grammar(
    prog="tool",
    description="Does what a tool does, and says so at some length, so that it has to be wrapped.",
    options=(
        Option("--times", "how often", "NUMBER", int),
        Option("--name", "what it is called", "TEXT"),
        Option("--quiet", "say nothing", excludes="--loud"),
        Option("--loud", "say it all, and more than anybody asked for, again and again"),
    ),
    operands="[WORD ...]",
    max_operands=2,
    commands=(("run", "do it"),),
    epilog="last words",
)


@pytest.mark.parametrize(
    ("typed", "values", "operands"),
    [
        ("", {}, ()),
        ("--times 3", {"--times": 3}, ()),
        ("--times=3", {"--times": 3}, ()),
        ("--name --loud", {"--name": "--loud"}, ()),
        ("--name=a=b", {"--name": "a=b"}, ()),
        ("--name=", {"--name": ""}, ()),
        ("--times -3", {"--times": -3}, ()),
        ("--loud a b", {"--loud": True}, ("a", "b")),
        ("a --loud b", {"--loud": True}, ("a", "b")),
        ("--times 1 --times 2", {"--times": 2}, ()),
        ("-- --loud", {}, ("--loud",)),
        ("a -- -- b", {}, ("a", "--", "b")),
        ("-", {}, ("-",)),
    ],
)
def test_what_is_understood(
    typed: str, values: dict[str, object], operands: tuple[str, ...]
) -> None:
    if len(operands) > GRAMMAR.max_operands:
        assert parse(GRAMMAR._replace(max_operands=3), typed.split()) == ParsedArguments(
            values, operands
        )
    else:
        assert parse(GRAMMAR, typed.split()) == ParsedArguments(values, operands)


@pytest.mark.parametrize("typed", ["--help", "-h", "a --help", "--loud -h --nonsense"])
def test_help_is_asked_for(typed: str) -> None:
    assert parse(GRAMMAR, typed.split()).wants_help


def test_help_behind_two_dashes_is_an_operand() -> None:
    assert parse(GRAMMAR, ["--", "--help"]) == ParsedArguments({}, ("--help",))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("--tim 3", "unknown option --tim"),
        ("--nonsense=3", "unknown option --nonsense"),
        ("-x", "unknown option -x"),
        ("--times", "--times needs a value: --times NUMBER"),
        ("--times x", "--times invalid literal"),
        ("--loud=1", "--loud takes no value"),
        ("--loud --quiet", "--loud and --quiet cannot be combined"),
        ("a b c", "unexpected argument c"),
    ],
)
def test_what_is_refused(typed: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse(GRAMMAR, typed.split())


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_help_has_everything_and_keeps_to_its_width(columns: int) -> None:
    text = help_text(GRAMMAR, columns)
    assert max(len(line) for line in text.splitlines()) <= columns
    whole = " ".join(text.split())
    for option in GRAMMAR.options:
        assert f"{option.name} {option.metavar}".rstrip() in whole
        assert option.help in whole
    for said in (
        "usage: tool [--times NUMBER]",
        "[WORD ...]",
        GRAMMAR.description,
        "do it",
        "--help",
    ):
        assert said in whole
    assert text.endswith("last words\n")


def test_a_very_narrow_terminal_gets_forty_columns() -> None:
    assert help_text(GRAMMAR, 1) == help_text(GRAMMAR, 40)
