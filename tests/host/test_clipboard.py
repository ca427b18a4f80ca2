"""Copying to a real X display, to a real tmux, and without either."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from porttui.host.clipboard import CopyOutcome, CopyResult, SystemClipboard
from porttui.host.programs import RunAs
from tests.host.tools import require_tool

pytestmark = [
    pytest.mark.usefixtures("fakes_are_trusted"),
    pytest.mark.skipif(
        sys.platform != "linux",
        reason="elsewhere this would overwrite the clipboard of whoever runs the tests",
    ),
]

TEXT = "http://[::1]:3000/?q=naïve 🦀"
TIMEOUT = 0.5
"""Seconds; for tools that never answer."""


@pytest.fixture
def environ() -> dict[str, str]:
    """A session in a capable terminal, without display, tmux or SSH."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TERM": "xterm"}


@pytest.fixture
def display() -> Iterator[str]:
    """A real, invisible X display; the value of its DISPLAY."""
    xvfb = require_tool("Xvfb")
    reading, writing = os.pipe()
    command = [xvfb, "-displayfd", str(writing), "-noreset", "-nolisten", "tcp"]
    with (
        os.fdopen(reading) as chosen,
        subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server,
    ):
        os.close(writing)
        # The server writes the number when it is ready to serve.
        number = chosen.readline().strip()
        assert number.isdigit(), "Xvfb did not start"
        yield f":{number}"
        server.terminate()


@pytest.fixture
def tmux() -> Iterator[list[str]]:
    """A real tmux server; the command that talks to it."""
    program = require_tool("tmux")
    start = ["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 600"]
    environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
    # Not tmp_path: the path of a socket has 107 bytes at most (unix(7)).
    with tempfile.TemporaryDirectory(prefix="porttui-") as directory:
        command = [program, "-S", f"{directory}/socket", "-f", "/dev/null"]
        subprocess.run([*command, *start], env=environment, check=True, timeout=10)
        yield command
        subprocess.run([*command, "kill-server"], check=True, timeout=10)


def tmux_value(tmux: list[str]) -> str:
    """The value of TMUX from this server (tmux(1): socket path, pid, session)."""
    answer = subprocess.run(
        [*tmux, "display-message", "-p", "#{socket_path},#{pid},0"],
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return answer.stdout.strip()


def tmux_buffer(tmux: list[str]) -> str:
    answer = subprocess.run([*tmux, "show-buffer"], check=True, capture_output=True, timeout=10)
    return answer.stdout.decode()


def write_fake(directory: Path, name: str, lines: str) -> None:
    """Install a fake of the program `name`, a shell script."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(0o755)


def has_ended(pid: int) -> bool:
    """Whether it ends within two seconds. A zombie has ended: its parent may never reap it."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def read_x_clipboard(environ: dict[str, str]) -> str:
    xclip = require_tool("xclip")
    answer = subprocess.run(
        [xclip, "-selection", "clipboard", "-o"],
        env=environ,
        check=True,
        capture_output=True,
        timeout=10,
    )
    return answer.stdout.decode()


@pytest.mark.parametrize("text", [TEXT, "3000", "x" * 100_000, 'it\'s "quoted" $HOME `id`'])
def test_real_display_has_the_text(environ: dict[str, str], display: str, text: str) -> None:
    require_tool("xclip")
    environ["DISPLAY"] = display
    result = SystemClipboard(RunAs(environ), "linux", timeout=10).copy(text)
    assert result == CopyResult(CopyOutcome.CONFIRMED, "xclip", "")
    assert read_x_clipboard(environ) == text


def test_second_copy_replaces_the_first(environ: dict[str, str], display: str) -> None:
    require_tool("xclip")
    environ["DISPLAY"] = display
    clipboard = SystemClipboard(RunAs(environ), "linux", timeout=10)
    for text in ("first", "second"):
        assert clipboard.copy(text).outcome is CopyOutcome.CONFIRMED
        assert read_x_clipboard(environ) == text


def test_display_that_is_gone_leaves_the_screen_alone(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    require_tool("xclip")
    environ["DISPLAY"] = ":65000"
    result = SystemClipboard(RunAs(environ), "linux", timeout=10).copy(TEXT)
    assert result == CopyResult(CopyOutcome.TERMINAL, "OSC 52", "xclip did not store the text")
    # xclip complains about the display; on the terminal that would paint over porttui.
    assert capfd.readouterr() == ("", "")


def test_real_tmux_has_the_text(environ: dict[str, str], tmux: list[str]) -> None:
    environ["TMUX"] = tmux_value(tmux)
    result = SystemClipboard(RunAs(environ), "linux", timeout=10).copy(TEXT)
    assert result.outcome is CopyOutcome.UNCONFIRMED
    assert result.method == "the tmux buffer"
    assert result.detail == "your terminal may have it, too"
    assert tmux_buffer(tmux) == TEXT


def test_display_goes_before_tmux(environ: dict[str, str], display: str, tmux: list[str]) -> None:
    require_tool("xclip")
    environ |= {"DISPLAY": display, "TMUX": tmux_value(tmux)}
    assert SystemClipboard(RunAs(environ), "linux", timeout=10).copy(TEXT).method == "xclip"


@pytest.mark.parametrize("sign", ["SSH_CONNECTION", "SSH_TTY"])
def test_display_is_not_used_over_ssh(
    environ: dict[str, str], display: str, tmux: list[str], sign: str
) -> None:
    require_tool("xclip")
    environ["DISPLAY"] = display
    clipboard = SystemClipboard(RunAs(environ), "linux", timeout=10)
    assert clipboard.copy("before").method == "xclip"
    environ[sign] = "192.0.2.1 50000 192.0.2.2 22"
    result = clipboard.copy("after")
    assert result.outcome is CopyOutcome.TERMINAL
    assert result.detail == "over SSH the display's clipboard is another machine's"
    environ["TMUX"] = tmux_value(tmux)
    assert clipboard.copy("after").method == "the tmux buffer"
    assert read_x_clipboard(environ) == "before"


def test_old_tmux_without_the_option(
    environ: dict[str, str], tmux: list[str], tmp_path: Path
) -> None:
    """A fake of tmux before 3.2: it refuses -w, and otherwise runs the real one."""
    refusal = '[ "$2" = -w ] && { echo "usage: load-buffer [-b buffer-name] path" >&2; exit 1; }'
    write_fake(tmp_path, "tmux", f'{refusal}\nexec {tmux[0]} "$@"')
    environ |= {"TMUX": tmux_value(tmux), "PATH": f"{tmp_path}:{environ['PATH']}"}
    result = SystemClipboard(RunAs(environ), "linux", timeout=10).copy(TEXT)
    assert result.outcome is CopyOutcome.UNCONFIRMED
    assert result.detail == "this tmux does not pass it to the terminal"
    assert tmux_buffer(tmux) == TEXT


@pytest.mark.parametrize(
    ("script", "outcome", "detail"),
    [
        ("exec sleep 60", CopyOutcome.TERMINAL, "tmux did not answer in time"),
        ("exit 1", CopyOutcome.TERMINAL, "tmux failed (exit status 1)"),
        (
            "[ $1 = show-buffer ] && echo other; exit 0",
            CopyOutcome.TERMINAL,
            "tmux did not store the text",
        ),
        (
            "[ $1 = show-buffer ] && exit 1; exit 0",
            CopyOutcome.UNCONFIRMED,
            "it could not be read back",
        ),
    ],
    ids=["hanging", "failing", "forgetful", "silent"],
)
def test_fake_tmux(
    environ: dict[str, str], tmp_path: Path, script: str, outcome: CopyOutcome, detail: str
) -> None:
    write_fake(tmp_path, "tmux", script)
    environ |= {"TMUX": "/nowhere,1,0", "PATH": f"{tmp_path}:{environ['PATH']}"}
    result = SystemClipboard(RunAs(environ), "linux", TIMEOUT).copy(TEXT)
    assert result.outcome is outcome
    assert result.detail.endswith(detail)


def test_tmux_that_is_not_installed(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {"TMUX": "/nowhere,1,0", "PATH": str(tmp_path)}
    result = SystemClipboard(RunAs(environ), "linux", TIMEOUT).copy(TEXT)
    assert result.outcome is CopyOutcome.TERMINAL
    assert result.detail.endswith("tmux is not installed")


def test_hanging_tool_is_ended_and_the_next_means_tried(
    environ: dict[str, str], tmp_path: Path, tmux: list[str]
) -> None:
    """A fake xclip that never answers, beside a real tmux."""
    write_fake(tmp_path / "bin", "xclip", f"echo $$ > {tmp_path}/pid\nsleep 60\nexit 1")
    environ |= {"DISPLAY": ":65000", "PATH": f"{tmp_path}/bin:{environ['PATH']}"}
    clipboard = SystemClipboard(RunAs(environ), "linux", TIMEOUT)
    started = time.monotonic()
    result = clipboard.copy(TEXT)
    assert time.monotonic() - started < TIMEOUT + 1
    assert result.outcome is CopyOutcome.TERMINAL
    assert result.detail == "the display's clipboard tool did not answer in time"
    assert has_ended(int((tmp_path / "pid").read_text()))
    environ["TMUX"] = tmux_value(tmux)
    assert clipboard.copy(TEXT).method == "the tmux buffer"


def test_tool_that_hangs_on_reading_only(environ: dict[str, str], tmp_path: Path) -> None:
    """A fake xclip that takes the text and never returns it."""
    write_fake(tmp_path, "xclip", '[ "$3" = -o ] && sleep 60\nexec cat >/dev/null')
    environ |= {"DISPLAY": ":65000", "PATH": f"{tmp_path}:{environ['PATH']}"}
    result = SystemClipboard(RunAs(environ), "linux", TIMEOUT).copy(TEXT)
    assert result == CopyResult(CopyOutcome.UNCONFIRMED, "xclip", "it could not be read back")


def test_display_without_a_tool(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {"DISPLAY": ":65000", "PATH": str(tmp_path)}
    result = SystemClipboard(RunAs(environ), "linux", timeout=10).copy(TEXT)
    assert result.outcome is CopyOutcome.TERMINAL
    assert result.detail.startswith("the display has no clipboard tool")


def test_python_that_cannot_be_started(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    environ["DISPLAY"] = ":65000"
    result = SystemClipboard(RunAs(environ), "linux", timeout=10).copy(TEXT)
    assert result.outcome is CopyOutcome.TERMINAL
    assert "cannot be run (No such file or directory)" in result.detail


@pytest.mark.parametrize(
    ("changes", "platform", "outcome"),
    [
        pytest.param({}, "linux", CopyOutcome.TERMINAL, id="headless"),
        pytest.param({"TERM": "linux"}, "linux", CopyOutcome.UNAVAILABLE, id="Linux console"),
        pytest.param({"TERM": "dumb"}, "linux", CopyOutcome.UNAVAILABLE, id="dumb"),
        pytest.param({"TERM": ""}, "linux", CopyOutcome.UNAVAILABLE, id="no TERM"),
        pytest.param(
            {"SSH_TTY": "/dev/pts/0", "TERM_PROGRAM": "Apple_Terminal"},
            "darwin",
            CopyOutcome.UNAVAILABLE,
            id="macOS Terminal.app",
        ),
        pytest.param({"SSH_TTY": "x"}, "darwin", CopyOutcome.TERMINAL, id="macOS over SSH"),
        pytest.param(
            {"SSH_TTY": "x", "TERM": ""}, "win32", CopyOutcome.TERMINAL, id="Windows over SSH"
        ),
    ],
)
def test_without_any_tool_it_is_up_to_the_terminal(
    environ: dict[str, str], changes: dict[str, str], platform: str, outcome: CopyOutcome
) -> None:
    result = SystemClipboard(RunAs(environ | changes), platform, TIMEOUT).copy(TEXT)
    assert result.outcome is outcome
    assert result.method == ("OSC 52" if outcome is CopyOutcome.TERMINAL else "")
    assert result.detail


def test_tool_of_another_platform_is_looked_for_without_a_display(environ: dict[str, str]) -> None:
    """macOS has a clipboard without DISPLAY; this Linux, posing as macOS, has no tool for it."""
    result = SystemClipboard(RunAs(environ), "darwin", timeout=10).copy(TEXT)
    assert result.detail.startswith("the display has no clipboard tool")


@pytest.mark.parametrize(
    "text",
    ["", "rm -rf /\n", "a\rb", "a\tb", "\x1b[31m", "\x7f", "\x9b", "\udcff", "\u202e", "\u2028"],
)
def test_text_that_a_paste_would_obey_is_refused(environ: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match="only printable text on a single line"):
        SystemClipboard(RunAs(environ), "linux", TIMEOUT).copy(text)
