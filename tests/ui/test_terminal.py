"""The session in a real terminal: however it ends, the terminal is as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import PATIENCE_S, ROOT, Servers, has_exited, until
from tests.ui.terminal import PROMPT, Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as opened:
        yield opened


def _by_signal(number: signal.Signals) -> Callable[[Terminal, int], None]:
    return lambda _, pid: os.kill(pid, number)


def _by_key(*keys: str) -> Callable[[Terminal, int], None]:
    return lambda terminal, _: terminal.press(*keys)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (_by_key("q"), 0),
        (_by_key("C-c"), 0),
        (_by_key("x", "q", "q"), 0),
        (_by_key("/", "q", "Enter", "q"), 0),
        (_by_signal(signal.SIGTERM), 143),
        (_by_signal(signal.SIGHUP), 129),
    ],
    ids=["q", "Ctrl+C", "q after a dialog", "q after the filter", "SIGTERM", "SIGHUP"],
)
def test_the_terminal_is_given_back_as_it_was(
    terminal: Terminal, end: Callable[[Terminal, int], None], status: int
) -> None:
    settings, modes = terminal.output("stty --all"), terminal.modes
    pid = terminal.start_porttui()
    assert terminal.modes["alternate_on"] == "1"
    end(terminal, pid)
    terminal.await_shell()
    assert terminal.output("echo $?") == str(status)
    assert terminal.output("stty --all") == settings
    assert terminal.modes == modes
    assert "Listening" not in terminal.screen
    assert "Traceback" not in terminal.screen
    assert has_exited(pid)


def test_a_signal_while_a_dialog_is_open_ends_it_as_well(terminal: Terminal) -> None:
    settings = terminal.output("stty --all")
    pid = terminal.start_porttui()
    terminal.press("?")
    until(lambda: "Look around" in terminal.screen)
    os.kill(pid, signal.SIGTERM)
    terminal.await_shell()
    assert terminal.output("echo $?") == "143"
    assert terminal.output("stty --all") == settings


def test_ctrl_z_suspends_and_fg_goes_on(terminal: Terminal) -> None:
    settings, modes = terminal.output("stty --all"), terminal.modes
    pid = terminal.start_porttui()
    terminal.press("C-z")
    until(lambda: _state(pid) == "T", "the stop")
    until(lambda: terminal.screen.rstrip().endswith(PROMPT.strip()), "the prompt")
    assert terminal.modes == modes
    assert terminal.output("stty --all") == settings
    terminal.type("fg")
    until(lambda: "Listening" in terminal.screen, "the session")
    assert terminal.modes["alternate_on"] == "1"
    terminal.press("?")
    until(lambda: "Look around" in terminal.screen, "an answer to a key")
    terminal.press("q", "q")
    terminal.await_shell()
    assert terminal.output("echo $?") == "0"
    assert terminal.output("stty --all") == settings


def test_the_size_of_the_terminal_is_followed(terminal: Terminal) -> None:
    terminal.start_porttui()
    assert terminal.screen.count("╭") == 3
    terminal.resize(80, 24)
    until(lambda: terminal.screen.count("╭") == 1, "the small screen")
    terminal.resize(120, 40)
    until(lambda: terminal.screen.count("╭") == 3, "the large screen")


def test_keys_that_come_all_at_once_stop_the_right_server(
    terminal: Terminal, servers: Servers
) -> None:
    """The whole way: real bytes, real terminal, real process."""
    others = [servers.listen() for _ in range(3)]
    server = servers.listen()
    terminal.start_porttui("--interval", "0.2")
    until(lambda: "1 Listening" in terminal.screen)
    terminal.press("/", *str(server.port), "Enter", "x", "y")
    until(lambda: f"port {server.port} is free" in terminal.screen, "the result")
    assert has_exited(server.pid)
    assert not any(has_exited(other.pid) for other in others)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_it_ends_when_the_terminal_is_gone_without_a_word() -> None:
    """No SIGHUP comes to a process that the terminal does not control, and Textual's writer has
    died of the first write: whatever writes next would wait for it for ever."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "porttui", "--interval", "0.2"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color"},
    ) as session:
        os.close(slave)
        try:
            seen = b""
            while b"PORT" not in seen:
                seen += os.read(master, 65536)
            os.close(master)
            assert session.wait(PATIENCE_S) == 128 + signal.SIGHUP
        finally:
            session.kill()
