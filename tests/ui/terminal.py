"""A real terminal with a shell in it: tmux, driven from outside."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.host.tools import require_tool
from tests.servers import PATIENCE_S, ROOT, until

PROMPT = "ready> "


class Terminal:
    """A tmux server of its own, with one window of 120 columns and 40 lines."""

    def __init__(self) -> None:
        self._tmux = require_tool("tmux")
        self._directory = tempfile.TemporaryDirectory()
        self._files = 0

    def __enter__(self) -> Self:
        shell = ["env", f"PS1={PROMPT}", "bash", "--norc", "--noprofile", "-i"]
        self._run("new-session", "-d", "-x", "120", "-y", "40", "-c", str(ROOT), *shell)
        until(lambda: self.screen.startswith(PROMPT.strip()), "the shell's prompt")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._run("kill-server")
        self._directory.cleanup()

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self._run("capture-pane", "-p")

    @property
    def modes(self) -> dict[str, str]:
        """What a program can leave behind in a terminal."""
        names = ("alternate_on", "cursor_flag", "mouse_any_flag", "keypad_cursor_flag")
        values = self._run("display-message", "-p", " ".join(f"#{{{name}}}" for name in names))
        return dict(zip(names, values.split(), strict=True))

    @property
    def jobs(self) -> list[int]:
        """The pids of the shell's children."""
        shell = self._run("display-message", "-p", "#{pane_pid}").strip()
        return [
            int(pid) for pid in Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        ]

    def press(self, *keys: str) -> None:
        """Press keys, in tmux's spelling."""
        self._run("send-keys", *keys)

    def type(self, line: str) -> None:
        """Type a line, with Enter."""
        self._run("send-keys", "-l", line)
        self.press("Enter")

    def resize(self, columns: int, lines: int) -> None:
        """Make the window so large."""
        self._run("resize-window", "-x", str(columns), "-y", str(lines))

    def start_porttui(self, *arguments: str) -> int:
        """Type the command, wait for its first sample, and give its pid."""
        command = [sys.executable, "-m", "porttui", *arguments]
        self.type(shlex.join(command))
        until(lambda: "a sample" in self.screen, "porttui's first sample")
        [pid] = self.jobs
        return pid

    def output(self, command: str) -> str:
        """What a command of the shell's writes, by way of a file: the screen may be anything."""
        self._files += 1
        file = Path(self._directory.name, str(self._files))
        self.type(f"{{ {command}; }} > {file}.part; mv {file}.part {file}")
        until(file.exists, f"{command!r} in the shell")
        return file.read_text().strip()

    def await_shell(self) -> None:
        """Wait until the shell has the terminal again."""
        until(lambda: not self.jobs, "porttui's end")

    def _run(self, *arguments: str) -> str:
        command = [self._tmux, "-S", f"{self._directory.name}/tmux", "-f", "/dev/null", *arguments]
        environ = {name: value for name, value in os.environ.items() if name != "TMUX"}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environ, timeout=PATIENCE_S, check=True
        )
        return done.stdout
