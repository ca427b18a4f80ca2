"""The command line: what is understood, and one sentence for what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from porttui import __version__
from porttui.cli import check, free, list_sockets, next_port, probe, session, wait, who
from porttui.cli.arguments import (
    COMMANDS,
    CommandModule,
    Grammar,
    Option,
    ParsedArguments,
    UsageError,
    command_module,
    help_text,
    parse,
    parse_command,
)
from porttui.cli.list_sockets import ListCommand
from porttui.host.request import SourceName
from porttui.settings import Settings
from tests.cli.running import PORTTUI, environment, run
from tests.servers import PATIENCE_S, ROOT

if sys.platform != "win32":
    import pty

MODULES: dict[str, CommandModule] = {
    "list": list_sockets,
    "who": who,
    "free": free,
    "next": next_port,
    "probe": probe,
    "wait": wait,
    "check": check,
}

BAD_USAGE = [
    (("list", "70000"), "70000 is not a port"),
    (("list", "0"), "0 is not a port"),
    (("list", "9" * 5000), "is not a port"),
    (("list", "3000-"), "3000- needs a last port"),
    (("list", "3010-3000"), "3010-3000: the first port"),
    (("list", "3000-70000"), "70000 is not a port"),
    (("list", "3*0"), "3*0: * must follow"),
    (("list", "7*", "99999*"), "no port starts with 99999"),
    (("list", ":"), ": needs a port"),
    (("list", "--unknown"), "--unknown"),
    (("list", "--listen"), "--listen"),
    (("list", "--listening", "--loopback"), "--listening and --loopback cannot be combined"),
    (("list", "--source", "guess"), "--source must be auto"),
    (("list", "--interval", "1"), "--interval"),
    (("--interval", "0"), "--interval must be"),
    (("--interval", "-1"), "--interval must be"),
    (("--interval", "abc"), "--interval must be"),
    (("--interval", "nan"), "--interval must be"),
    (("--interval", "inf"), "--interval must be"),
    (("--interval", "3601"), "--interval must be"),
    (("--interval",), "--interval"),
    (("--filter", "70000"), "70000 is not a port"),
    (("--json",), "--json"),
    (("watch",), "watch"),
]


def parse_arguments(argv: Sequence[str]) -> object:
    """The value of the command that is meant."""
    if argv and argv[0] in COMMANDS:
        module = command_module(argv[0])
        return parse_command(module.GRAMMAR, module.build_command, argv[1:])
    return parse_command(session.GRAMMAR, session.build_command, argv)


def test_each_name_stands_for_its_module() -> None:
    assert {name: command_module(name) for name in COMMANDS} == MODULES
    for name, module in MODULES.items():
        assert module.GRAMMAR.prog == f"porttui {name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_loads_no_other_commands_module(name: str) -> None:
    """Half of the time of a small command is importing."""
    code = (
        "import sys; from porttui.__main__ import main\n"
        "try: main([sys.argv[1], '--nonsense'])\n"
        "except SystemExit: pass\n"
        "print(*(each for each in sys.modules if each.startswith('porttui.cli.')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    commands = {"porttui.cli.session", *(module for module, _ in COMMANDS.values())}
    module, _ = COMMANDS[name]
    assert loaded & commands == {module}


@pytest.mark.parametrize(("argv", "said"), BAD_USAGE)
def test_bad_usage_exits_2_with_one_sentence(
    argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(argv)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    [sentence] = err.splitlines()
    assert sentence.startswith("porttui")
    assert said in sentence
    assert "--help" in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize(
    "argv", [("list", "70000"), ("list", "--unknown"), ("--interval", "0"), ("list", "3000-")]
)
def test_so_does_the_program(argv: tuple[str, ...]) -> None:
    done = run(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_hostile_argument_is_not_obeyed_by_the_terminal() -> None:
    """Scripts pass on what they were given; a terminal shows what comes back."""
    done = run("list", "--\x1b]0;owned\x07")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_the_defaults() -> None:
    assert parse_arguments([]) == Settings(SourceName.AUTO, 1.0, "")
    assert parse_arguments(["list"]) == ListCommand(
        "", only_listening=False, only_loopback=False, as_json=False, source=SourceName.AUTO
    )


@pytest.mark.parametrize("interval", ["0.2", "1", "2.5", "3600", "1e1"])
def test_intervals(interval: str) -> None:
    assert parse_arguments(["--interval", interval]) == Settings(SourceName.AUTO, float(interval))


def test_flags_of_list() -> None:
    command = parse_arguments(["list", "--json", "--listening", "--source", "psutil"])
    assert isinstance(command, ListCommand)
    assert (command.as_json, command.only_listening, command.only_loopback) == (True, True, False)
    assert command.source is SourceName.PSUTIL
    loopback = parse_arguments(["list", "--loopback"])
    assert isinstance(loopback, ListCommand)
    assert loopback.only_loopback


@pytest.mark.parametrize(
    "argv", [["list", "3000", "node"], ["list", "3000 node"], ["--filter", "3000 node"]]
)
def test_all_words_of_a_filter_are_one_filter(argv: list[str]) -> None:
    command = parse_arguments(argv)
    assert isinstance(command, ListCommand | Settings)
    assert command.filter == "3000 node"


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("command", [[], ["list"]])
def test_help_is_data(command: list[str], flag: str) -> None:
    done = run(*command, flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: porttui")
    assert "3000-3010" in done.stdout
    assert "exit status:" in done.stdout


def test_the_version_is_data() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"porttui {__version__}\n", "")


def test_without_any_terminal_the_session_ends_at_once() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "porttui: stdin is not a terminal; without a terminal use: porttui list\n"
    )


def test_the_session_is_not_even_loaded_then() -> None:
    code = (
        "import sys; from porttui.__main__ import main; main([]); "
        "assert not {'textual', 'asyncio', 'psutil'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
@pytest.mark.parametrize("missing", ["stdin", "stdout", "stderr"])
def test_one_stream_that_is_no_terminal_is_named(missing: str) -> None:
    status, said = _run_in_terminal(missing=missing, term="xterm-256color")
    assert status == 2
    if missing == "stderr":
        assert said == ""
    else:
        assert f"porttui: {missing} is not a terminal" in said
        assert "porttui list" in said


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_a_terminal_that_cannot_place_text_is_refused() -> None:
    status, said = _run_in_terminal(missing=None, term="dumb")
    assert status == 2
    assert "TERM=dumb" in said
    assert "porttui list" in said
    assert "\x1b" not in said


def _run_in_terminal(*, missing: str | None, term: str) -> tuple[int, str]:
    """Run the session in a terminal, but for one stream; what the terminal shows of it."""
    master, slave = pty.openpty()
    pipe = subprocess.PIPE
    try:
        # run() kills what does not end: a session that starts would wait for keys.
        done = subprocess.run(
            PORTTUI,
            stdin=subprocess.DEVNULL if missing == "stdin" else slave,
            stdout=pipe if missing == "stdout" else slave,
            stderr=pipe if missing == "stderr" else slave,
            cwd=ROOT,
            env=environment(TERM=term),
            timeout=PATIENCE_S,
            check=False,
        )
        os.set_blocking(master, False)
        shown = _read_all(master)
    finally:
        os.close(slave)
        os.close(master)
    if missing == "stdout":
        assert done.stdout == b""
    if missing == "stderr":
        assert b"stderr is not a terminal" in done.stderr
        assert b"porttui list" in done.stderr
    return done.returncode, shown


def _read_all(descriptor: int) -> str:
    try:
        return os.read(descriptor, 65536).decode()
    except BlockingIOError:
        return ""


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
    assert text.endswith("last words")


def test_a_very_narrow_terminal_gets_forty_columns() -> None:
    assert help_text(GRAMMAR, 1) == help_text(GRAMMAR, 40)
