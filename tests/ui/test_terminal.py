"""The session in a real terminal: however it ends, the terminal is as it was."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import PATIENCE_S, ROOT, Servers, has_exited, until
from tests.ui.terminal import PROMPT, Terminal

DEADLY = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT, signal.SIGUSR1),
    *(signal.SIGUSR2, signal.SIGALRM, signal.SIGTERM, signal.SIGXCPU, signal.SIGVTALRM),
    *(signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGRTMIN, signal.SIGRTMAX),
)


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
        *((_by_signal(each), 128 + each) for each in DEADLY),
    ],
    ids=["q", "Ctrl+C", "q after a dialog", "q after the filter", *map(str, DEADLY)],
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


def test_a_signal_before_the_first_frame_leaves_the_terminal_as_it_was() -> None:
    """As soon as the terminal is changed somebody has to change it back."""
    master, slave = pty.openpty()
    settings = termios.tcgetattr(slave)
    with subprocess.Popen(
        [sys.executable, "-m", "porttui"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color"},
    ) as session:
        seen = b""
        while b"\x1b[?1049h" not in seen:
            seen += os.read(master, 4096)
        session.send_signal(signal.SIGTERM)
        while b"\x1b[?1049l" not in seen:
            seen += os.read(master, 4096)
        assert session.wait(PATIENCE_S) == 128 + signal.SIGTERM
    assert termios.tcgetattr(slave) == settings
    os.close(slave)
    os.close(master)


def test_no_variable_of_the_environment_presses_keys(
    terminal: Terminal, servers: Servers, tmp_path: Path
) -> None:
    server = servers.listen()
    log = tmp_path / "log"
    settings = f"TEXTUAL_PRESS=x,y TEXTUAL_LOG={log} TEXTUAL_COLOR_SYSTEM=odd COLUMNS=40 LINES=9"
    terminal.output(f"export {settings}")
    terminal.start_porttui("--interval", "0.2")
    until(lambda: str(server.port) in terminal.screen)
    terminal.press("?")
    until(lambda: "Look around" in terminal.screen, "the help")
    assert not has_exited(server.pid)
    assert not log.exists()
    assert max(map(len, terminal.screen.splitlines())) > 40


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


class Bare:
    """A terminal that is read and written byte by byte, with a session in it."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            environ = {**os.environ, "TERM": "xterm-256color"}
            command = [sys.executable, "-m", "porttui", *arguments]
            os.execve(sys.executable, command, environ)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.said = b""

    def read(self, within_s: float) -> None:
        """What comes, until nothing does for so long; for ten times as long at most."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        until_s = time.monotonic() + 10 * within_s
        while poll.poll(within_s * 1000) and time.monotonic() <= until_s:
            try:
                self.said += os.read(self._master, 1 << 16)
            except OSError:
                return  # ended

    def await_text(self, text: bytes) -> None:
        def is_said() -> bool:
            self.read(0.05)
            return text in self.said

        until(is_said, repr(text))

    def write(self, data: bytes) -> None:
        """All of it, while what comes back is read."""
        os.set_blocking(self._master, False)
        rest = memoryview(data)
        while rest and self.is_alive:
            try:
                rest = rest[os.write(self._master, rest) :]
            except BlockingIOError:
                self.read(0.01)
            except OSError:
                return

    @property
    def is_alive(self) -> bool:
        return not has_exited(self.pid)

    @property
    def is_cooked(self) -> bool:
        return bool(termios.tcgetattr(self._master)[3] & termios.ICANON)

    def status(self, within_s: float = PATIENCE_S) -> int:
        """The exit status; what is said meanwhile is not read."""
        until(lambda: not self.is_alive, "its end", within_s)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)


@pytest.fixture
def bare() -> Iterator[Callable[..., Bare]]:
    opened: list[Bare] = []

    def open_one(*arguments: str) -> Bare:
        opened.append(Bare(*arguments))
        opened[-1].await_text(b"a sample")
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_terminal_that_nobody_reads_does_not_make_it_deaf(
    bare: Callable[..., Bare], number: signal.Signals
) -> None:
    session = bare("--interval", "0.2")
    children = Path(f"/proc/{session.pid}/task/{session.pid}/children").read_text().split()
    # More than a terminal holds: the writer waits, and what writes next waits for the writer.
    for _ in range(40):
        fcntl.ioctl(session._master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        fcntl.ioctl(session._master, termios.TIOCSWINSZ, struct.pack("HHHH", 49, 199, 0, 0))
        time.sleep(0.02)
    os.kill(session.pid, number)
    assert session.status() == 128 + number
    assert session.is_cooked
    until(lambda: all(has_exited(int(each)) for each in children), "the children's end")


GARBAGE = {
    "Latin-1": b"\xe9",
    "an old mouse report": b"\x1b[M \xd0\x21",
    "kitty, an event type": b"\x1b[97;1:3u",
    "kitty, a number too large": b"\x1b[99999999u",
    "a character cut short": b"\xc3",
    "a page key in the palette": b"\x10\x1b[6~",
    "a page key behind a letter in the palette": b"\x10z\x1b[5~",
}


@pytest.mark.parametrize("what", GARBAGE)
def test_no_input_ends_it(bare: Callable[..., Bare], what: str) -> None:
    session = bare()
    session.write(GARBAGE[what])
    for _ in range(3):  # out of the palette
        session.read(0.5)
        session.write(b"\x1b")
    session.read(0.5)
    session.said = b""
    session.write(b"?")
    session.await_text(b"Look around")
    session.write(b"q")
    session.read(0.3)
    session.write(b"q")
    session.read(0.3)
    assert session.status() == 0


@pytest.mark.parametrize(
    "pasted",
    [b"hello \x1b[31mxy there", b"\x1b[31mxy", b"a\nxy", b"a\x1b[201~xy", b"xy", b"\x1b[Ixy"],
    ids=repr,
)
def test_a_paste_stops_nothing(bare: Callable[..., Bare], servers: Servers, pasted: bytes) -> None:
    server = servers.listen()
    session = bare("--filter", str(server.port))
    session.write(b"\x1b[200~" + pasted + b"\x1b[201~")
    session.read(0.5)
    session.write(b"y")
    session.read(0.5)
    assert not has_exited(server.pid)
    assert session.is_alive
    assert b"SIGTERM" not in session.said, "no dialog is open"


SEED = 13
KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    lambda r: r.randbytes(r.randrange(1, 30)),
    lambda r: b"\x1b[" + bytes(r.choices(b"0123456789;:?<$~uAmMtRIO[ xyf", k=r.randrange(1, 20))),
    lambda r: b"\x1b[<%d;%d;%d%c" % (*(r.randrange(300) for _ in "123"), r.choice(b"Mm")),
    lambda r: b"\x1b[%d;%d;%du" % tuple(r.randrange(130) for _ in "123"),
    lambda r: b"\x1b[200~" + r.randbytes(r.randrange(30)) + b"xy\x1b[31mxy\x1b[201~",
    lambda r: b"\x1b" + bytes(r.choices(b"[O]PX^_\x1b\x07", k=r.randrange(1, 5))) + b"xy",
    lambda r: bytes(r.choices(b"\xc3\xe2\x82\xac\xf0\x9f\xffxyf", k=r.randrange(2, 9))),
    lambda r: bytes(r.choices(b"jkgGs/123\t\x1b[A?cwt\r", k=r.randrange(1, 9))),
    lambda r: b"\x10" + bytes(r.choices(b"az\x1b[6~\x1b[5~", k=r.randrange(1, 9))),
)


def test_ten_thousand_inputs_leave_it_alive_and_signal_nobody(
    bare: Callable[..., Bare], servers: Servers
) -> None:
    """Random bytes, cut sequences, mouse, kitty, pastes, keys; where one of them means to leave,
    another session goes on."""
    rng = random.Random(SEED)
    server = servers.listen()
    session = bare("--filter", str(server.port))
    for _ in range(10_000):
        session.write(rng.choice(KINDS)(rng))
        session.read(rng.choice([0.0, 0.0, 0.001, 0.01]))
        assert not has_exited(server.pid)
        assert b"Traceback" not in session.said
        session.said = session.said[-4096:]
        if not session.is_alive:
            assert session.status() == 0
            session = bare("--filter", str(server.port))
    session.write(b"\x1b")
    until_s = time.monotonic() + 2.0
    while time.monotonic() < until_s:  # it may have something to say each second
        session.read(0.05)
    assert session.is_alive
    assert not has_exited(server.pid)
