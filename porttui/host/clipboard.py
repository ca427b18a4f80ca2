"""The system clipboard, and what can honestly be said about it after a copy."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum

from porttui.light_typing import NamedTuple


class CopyOutcome(StrEnum):
    """How sure it is that the text can now be pasted."""

    CONFIRMED = "confirmed"
    """It was read back from the clipboard and is the same."""
    HANDED_OVER = "handed over"
    """A tool took it without complaint; whether it can be pasted elsewhere is not known."""
    TERMINAL = "terminal"
    """No tool took it. The terminal may, if the user interface sends it by OSC 52."""
    UNAVAILABLE = "unavailable"
    """No tool took it, and this terminal knows no OSC 52 either."""


class CopyResult(NamedTuple):
    """What became of one copy."""

    outcome: CopyOutcome
    via: str
    """"xclip", "pbcopy", "wl-copy", "Windows clipboard", "tmux buffer", "OSC 52" or ""."""
    detail: str
    """Why it is no more than that, in words; "" when it is confirmed."""


class SystemClipboard:
    """Copies by the best means there is: the display's tool, tmux, the terminal (OSC 52)."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        platform: str = sys.platform,
        timeout: float = 1.5,
    ) -> None:
        """`timeout`: seconds for each of the two means that are tried, the display and tmux."""
        self._environ = environ
        self._platform = platform
        self._timeout = timeout

    def copy(self, text: str) -> CopyResult:
        """Copy `text`. Blocks, so it belongs in a worker thread; fails in words only.

        Raises:
            ValueError: `text` is empty or not `str.isprintable()`. A pasted line end would run
                the line in a shell; `foreign_text.safe` makes text that may be copied.
        """
        if not text or not text.isprintable():
            raise ValueError("only printable text on a single line can be copied")
        in_the_way: list[str] = []
        if self._is_remote:
            in_the_way.append("over SSH the display's clipboard is another machine's")
        elif self._has_display:
            result = self._copy_by_pyperclip(text)
            if result.outcome is not CopyOutcome.UNAVAILABLE:
                return result
            in_the_way.append(result.detail)
        else:
            in_the_way.append("there is no display here")
        if self._environ.get("TMUX"):
            result = self._copy_by_tmux(text)
            if result.outcome is not CopyOutcome.UNAVAILABLE:
                return result
            in_the_way.append(result.detail)
        return self._leave_to_terminal(in_the_way)

    @property
    def _is_remote(self) -> bool:
        return bool(self._environ.get("SSH_CONNECTION") or self._environ.get("SSH_TTY"))

    @property
    def _has_display(self) -> bool:
        if self._platform in ("darwin", "win32"):
            return True
        # Under WSL the clipboard is that of Windows, with or without a display of its own.
        displays = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
        return any(self._environ.get(name) for name in displays)

    def _copy_by_pyperclip(self, text: str) -> CopyResult:
        deadline = time.monotonic() + self._timeout
        # pyperclip waits for its tool without end and lets it write its complaints onto the
        # screen. In a process of its own it can be ended and kept quiet. It ignores the tool's
        # exit status as well, so only what is read back counts.
        python = [sys.executable, "-P", "-c"]
        copying = _run([*python, _COPY], text, self._environ, deadline)
        if copying.status == _NO_TOOL:
            return _unavailable("the display has no clipboard tool (xclip, xsel or wl-clipboard)")
        if copying.status != 0:
            return _unavailable(f"the display's clipboard tool {copying.failure}")
        reading = _run([*python, _COMPARE], text, self._environ, deadline, keeps_output=True)
        tool = reading.output.decode("ascii", "replace").strip()
        via = _TOOL_NAMES.get(tool, "the display's clipboard tool")
        if reading.status == 0:
            return CopyResult(CopyOutcome.CONFIRMED, via, "")
        if reading.status == _DIFFERENT:
            return _unavailable(f"{via} did not keep the text")
        return CopyResult(CopyOutcome.HANDED_OVER, via, "it could not be read back")

    def _copy_by_tmux(self, text: str) -> CopyResult:
        deadline = time.monotonic() + self._timeout
        detail = "whether your terminal took it too is not known"
        # -w passes it on to the outer terminal. It came with tmux 3.2.
        loading = _run(["tmux", "load-buffer", "-w", "-"], text, self._environ, deadline)
        if loading.status:
            detail = "this tmux keeps it to itself"
            loading = _run(["tmux", "load-buffer", "-"], text, self._environ, deadline)
        if loading.status != 0:
            return _unavailable(f"tmux {loading.failure}")
        show = ["tmux", "show-buffer"]
        showing = _run(show, "", self._environ, deadline, keeps_output=True)
        if showing.status != 0:
            detail = "it could not be read back"
        elif showing.output != text.encode():
            return _unavailable("tmux did not keep the text")
        return CopyResult(CopyOutcome.HANDED_OVER, "tmux buffer", detail)

    def _leave_to_terminal(self, in_the_way: Sequence[str]) -> CopyResult:
        term = self._environ.get("TERM", "")
        # On Windows no terminal sets TERM, and Windows Terminal does know OSC 52.
        is_bare = term in ("linux", "dumb") or (not term and self._platform != "win32")
        if is_bare or self._environ.get("TERM_PROGRAM") == "Apple_Terminal":
            no_terminal = "this terminal cannot take it either (no OSC 52)"
            return _unavailable("; ".join([*in_the_way, no_terminal]))
        return CopyResult(CopyOutcome.TERMINAL, "OSC 52", "; ".join(in_the_way))


_GRACE = 0.2
"""Seconds a killed process has to be gone."""

_NO_TOOL = 3
_DIFFERENT = 4

_COPY = f"""
import sys, pyperclip
copy, _ = pyperclip.determine_clipboard()
if not copy:
    sys.exit({_NO_TOOL})
copy(sys.stdin.buffer.read().decode())
"""

# Read more than once: xclip returns a moment before the display knows about the text.
_COMPARE = f"""
import sys, time, pyperclip
copy, paste = pyperclip.determine_clipboard()
print(copy.__name__, flush=True)
text = sys.stdin.buffer.read().decode()
for _ in range(5):
    if paste() == text:
        sys.exit(0)
    time.sleep(0.02)
sys.exit({_DIFFERENT})
"""

_TOOL_NAMES = {
    "copy_xclip": "xclip",
    "copy_xsel": "xsel",
    "copy_wl": "wl-copy",
    "copy_klipper": "Klipper",
    "copy_qt": "Qt",
    "copy_osx_pbcopy": "pbcopy",
    "copy_osx_pyobjc": "macOS pasteboard",
    "copy_windows": "Windows clipboard",
    "copy_wsl": "Windows clipboard",
}
"""pyperclip's functions (1.9 to 1.11) and what people call what they use."""


class _Run(NamedTuple):
    """A command that has ended."""

    status: int | None
    """Exit status; None when there is none, and then `failure` says why."""
    output: bytes
    failure: str


def _unavailable(detail: str) -> CopyResult:
    return CopyResult(CopyOutcome.UNAVAILABLE, "", detail)


def _run(
    command: list[str],
    text: str,
    environ: Mapping[str, str],
    deadline: float,
    *,
    keeps_output: bool = False,
) -> _Run:
    """Run `command` with `text` as its input; at the deadline it and its children are killed."""
    # Imported here, not above: nobody needs it before the first copy.
    import subprocess

    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            # The xclip that stays behind to serve the text keeps this open: a pipe of a copy
            # would never come to its end.
            stdout=subprocess.PIPE if keeps_output else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            # A session of its own can be killed whole, and that xclip outlives this terminal.
            start_new_session=True,
        )
    except OSError as error:
        return _Run(None, b"", f"cannot be run ({error.strerror})")
    try:
        output, _ = process.communicate(text.encode(), max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill_group(process.pid)
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            output, _ = process.communicate(timeout=_GRACE)
            return _Run(None, output or b"", "did not answer in time")
        return _Run(None, b"", "did not answer in time and cannot be killed")
    return _Run(process.returncode, output or b"", f"failed (exit status {process.returncode})")


def _kill_group(leader: int) -> None:
    """Kill the process `leader`, which is a child of this one and not reaped, and its children."""
    if sys.platform != "win32":
        # macOS answers EPERM when only zombies are left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
