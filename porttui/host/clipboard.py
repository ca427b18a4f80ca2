"""The system clipboard, and what can honestly be said about it after a copy."""

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
    """How sure it is that the text can now be pasted."""

    CONFIRMED = "confirmed"
    """It was read back from the clipboard and is the same."""
    UNCONFIRMED = "handed over"
    """A tool took it without complaint; whether it can be pasted elsewhere is not known."""
    TERMINAL = "terminal"
    """No tool took it. The terminal may, if the user interface sends it by OSC 52."""
    UNAVAILABLE = "unavailable"
    """No tool took it, and this terminal knows no OSC 52 either."""


class CopyResult(NamedTuple):
    """What became of one copy."""

    outcome: CopyOutcome
    method: str
    """"xclip", "pbcopy", "wl-copy", "Windows clipboard", "tmux buffer", "OSC 52" or ""."""
    detail: str
    """Why it is no more than that, in words; "" when it is confirmed."""


class SystemClipboard:
    """Copies by the best means there is: the display's tool, tmux, the terminal (OSC 52)."""

    def __init__(
        self,
        run_as: RunAs | None = None,
        platform: str = sys.platform,
        timeout: float = 1.5,
    ) -> None:
        """Copy for a person.

        Args:
            run_as: Whose clipboard it is; by default the person's who sits here.
            platform: As `sys.platform`.
            timeout: Seconds for each of the two means that are tried, the display and tmux.
        """
        self._explicit_run_as = run_as
        self._platform = platform
        self._timeout = timeout

    @cached_property
    def _run_as(self) -> RunAs:
        # Not before it is needed, in a worker: a name service may be slow to tell who that is.
        return self._explicit_run_as or run_as_invoking_user()

    def copy(self, text: str) -> CopyResult:
        """Copy `text`. Blocks, so it belongs in a worker thread; fails in words only.

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
        # Under WSL the clipboard is that of Windows, with or without a display of its own.
        displays = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
        return any(self._run_as.environ.get(name) for name in displays)

    def _copy_by_pyperclip(self, text: str) -> CopyResult:
        deadline = time.monotonic() + self._timeout
        # pyperclip waits for its tool without end and lets it write its complaints onto the
        # screen. In a process of its own it can be ended and kept quiet. It ignores the tool's
        # exit status as well, so only what is read back counts.
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
            return _unavailable(f"{tool_name} did not keep the text")
        return CopyResult(CopyOutcome.UNCONFIRMED, tool_name, "it could not be read back")

    def _copy_by_tmux(self, text: str) -> CopyResult:
        deadline = time.monotonic() + self._timeout
        detail = "your terminal may have it, too"
        # -w passes it on to the outer terminal. It came with tmux 3.2.
        loaded = self._run(["tmux", "load-buffer", "-w", "-"], text, deadline)
        if loaded.status:
            detail = "this tmux keeps it to itself"
            loaded = self._run(["tmux", "load-buffer", "-"], text, deadline)
        if loaded.status != 0:
            return _unavailable(f"tmux {loaded.failure}")
        max_bytes = len(text.encode()) + 1
        read_back = self._run(["tmux", "show-buffer"], "", deadline, max_bytes=max_bytes)
        if read_back.status != 0:
            detail = "it could not be read back"
        elif read_back.output != text.encode():
            return _unavailable("tmux did not keep the text")
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
        # On Windows no terminal sets TERM, and Windows Terminal does know OSC 52.
        is_bare = term in ("linux", "dumb") or (not term and self._platform != "win32")
        if is_bare or self._run_as.environ.get("TERM_PROGRAM") == "Apple_Terminal":
            no_terminal = "this terminal cannot take it either (no OSC 52)"
            return _unavailable("; ".join([*reasons, no_terminal]))
        return CopyResult(CopyOutcome.TERMINAL, "OSC 52", "; ".join(reasons))


_MAX_NAME_BYTES = 200
"""Of the name that pyperclip has for what it uses."""
_NO_TOOL = 3
_DIFFERENT = 4

_COPY_SCRIPT = f"""
import sys, pyperclip
copy, _ = pyperclip.determine_clipboard()
if not copy:
    sys.exit({_NO_TOOL})
copy(sys.stdin.buffer.read().decode())
"""

# Read more than once: xclip returns a moment before the display knows about the text.
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
"""pyperclip's functions (1.9 to 1.11) and what people call what they use."""


def _unavailable(detail: str) -> CopyResult:
    return CopyResult(CopyOutcome.UNAVAILABLE, "", detail)
