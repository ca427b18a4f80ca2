"""Copies to the system clipboard and verifies the copy."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property

from porttui.host.programs import (
    ProgramResult,
    RunAs,
    isolated_python,
    run_as_invoking_user,
    run_program,
)
from porttui.record import NamedTuple


class CopyOutcome(StrEnum):
    """How certain it is that the text can be pasted."""

    CONFIRMED = "confirmed"
    """The clipboard was read back and holds the text."""
    UNCONFIRMED = "handed over"
    """A tool reported success; whether the text can be pasted elsewhere is unknown."""
    TERMINAL = "terminal"
    """No tool succeeded. The terminal may, if the user interface sends OSC 52."""
    UNAVAILABLE = "unavailable"
    """No tool succeeded, and this terminal has no OSC 52."""


class CopyResult(NamedTuple):
    """Result of a copy."""

    outcome: CopyOutcome
    method: str
    """"xclip", "pbcopy", "wl-copy", "Windows clipboard", "tmux buffer", "OSC 52" or ""."""
    detail: str
    """Why it is not confirmed, in words; "" if it is."""


class SystemClipboard:
    """Copies by the first that works: the display's tool, tmux, the terminal (OSC 52)."""

    def __init__(
        self,
        run_as: RunAs | None = None,
        platform: str = sys.platform,
        timeout: float = 1.5,
    ) -> None:
        """Copy for a user.

        Args:
            run_as: Owner of the clipboard; by default the user who called sudo, or porttui's own.
            platform: As `sys.platform`.
            timeout: Seconds for the display, and again for tmux.
        """
        self._explicit_run_as = run_as
        self._platform = platform
        self._timeout = timeout

    @cached_property
    def _run_as(self) -> RunAs:
        # Late, in a worker: a name service may be slow to find the account.
        return self._explicit_run_as or run_as_invoking_user()

    def copy(self, text: str) -> CopyResult:
        """Copy `text`. It blocks, so call it in a worker thread; failures are in the result.

        Raises:
            ValueError: `text` is empty or not `str.isprintable()`. A pasted line end would run
                the line in a shell; `safe_text` makes text that may be copied.
        """
        if not text or not text.isprintable():
            raise ValueError("only printable text on a single line can be copied")
        reasons: list[str] = []
        environ = self._run_as.environ
        if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
            reasons.append("over SSH the display's clipboard is another machine's")
        elif self._has_display:
            result = self._copy_by_pyperclip(text)
            if result.outcome is not CopyOutcome.UNAVAILABLE:
                return result
            reasons.append(result.detail)
        else:
            reasons.append("there is no display here")
        if environ.get("TMUX"):
            result = self._copy_by_tmux(text)
            if result.outcome is not CopyOutcome.UNAVAILABLE:
                return result
            reasons.append(result.detail)
        return self._copy_by_terminal(reasons)

    @property
    def _has_display(self) -> bool:
        if self._platform in ("darwin", "win32"):
            return True
        # WSL uses the clipboard of Windows, with or without a display.
        displays = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
        return any(self._run_as.environ.get(name) for name in displays)

    def _copy_by_pyperclip(self, text: str) -> CopyResult:
        deadline = time.monotonic() + self._timeout
        # pyperclip waits for its tool without limit, and the tool's errors reach the screen. A
        # separate process can be ended and silenced. pyperclip also ignores the tool's exit
        # status, so only the text that is read back counts.
        copied = self._run(isolated_python(_COPY_SCRIPT), text, deadline)
        if copied.status == _NO_TOOL:
            return _unavailable("the display has no clipboard tool (xclip, xsel or wl-clipboard)")
        if copied.status != 0:
            return _unavailable(f"the display's clipboard tool {copied.failure}")
        compared = self._run(
            isolated_python(_COMPARE_SCRIPT), text, deadline, max_bytes=_MAX_NAME_BYTES
        )
        function_name = compared.output.decode("ascii", "replace").strip()
        tool_name = _TOOL_NAMES.get(function_name, "the display's clipboard tool")
        if compared.status == 0:
            return CopyResult(CopyOutcome.CONFIRMED, tool_name, "")
        if compared.status == _DIFFERENT:
            return _unavailable(f"{tool_name} did not store the text")
        return CopyResult(CopyOutcome.UNCONFIRMED, tool_name, "it could not be read back")

    def _copy_by_tmux(self, text: str) -> CopyResult:
        deadline = time.monotonic() + self._timeout
        detail = "your terminal may have it, too"
        # -w passes the text to the outer terminal, since tmux 3.2.
        loaded = self._run(["tmux", "load-buffer", "-w", "-"], text, deadline)
        if loaded.status:
            detail = "this tmux does not pass it to the terminal"
            loaded = self._run(["tmux", "load-buffer", "-"], text, deadline)
        if loaded.status != 0:
            return _unavailable(f"tmux {loaded.failure}")
        max_bytes = len(text.encode()) + 1
        read_back = self._run(["tmux", "show-buffer"], "", deadline, max_bytes=max_bytes)
        if read_back.status != 0:
            detail = "it could not be read back"
        elif read_back.output != text.encode():
            return _unavailable("tmux did not store the text")
        return CopyResult(CopyOutcome.UNCONFIRMED, "the tmux buffer", detail)

    def _run(
        self, command: Sequence[str], text: str, deadline: float, *, max_bytes: int = 0
    ) -> ProgramResult:
        timeout_s = deadline - time.monotonic()
        stdin = text.encode()
        return run_program(
            command, self._run_as, timeout_s=timeout_s, stdin=stdin, max_bytes=max_bytes
        )

    def _copy_by_terminal(self, reasons: Sequence[str]) -> CopyResult:
        term = self._run_as.environ.get("TERM", "")
        # On Windows no terminal sets TERM, and Windows Terminal has OSC 52.
        is_bare = term in ("linux", "dumb") or (not term and self._platform != "win32")
        if is_bare or self._run_as.environ.get("TERM_PROGRAM") == "Apple_Terminal":
            no_terminal = "this terminal cannot take it either (no OSC 52)"
            return _unavailable("; ".join([*reasons, no_terminal]))
        return CopyResult(CopyOutcome.TERMINAL, "OSC 52", "; ".join(reasons))


_MAX_NAME_BYTES = 200
"""Enough for the name of pyperclip's function."""
_NO_TOOL = 3
_DIFFERENT = 4

_COPY_SCRIPT = f"""
import sys, pyperclip
copy, _ = pyperclip.determine_clipboard()
if not copy:
    sys.exit({_NO_TOOL})
copy(sys.stdin.buffer.read().decode())
"""

# Repeated: xclip returns a moment before the display has the text.
_COMPARE_SCRIPT = f"""
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
"""pyperclip's functions (1.9 to 1.11) and the usual names of their tools."""


def _unavailable(detail: str) -> CopyResult:
    return CopyResult(CopyOutcome.UNAVAILABLE, "", detail)
