"""A pty that measures the time from a key to the end of the next frame.

It announces synchronized output (DEC private mode 2026), which marks the end of a frame.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence

FRAME_END = b"\x1b[?2026l"
_SYNC_QUERY = b"\x1b[?2026$p"
_SYNC_REPLY = b"\x1b[?2026;2$y"


class Terminal:
    """A program in a pty of 120 columns and 40 lines."""

    def __init__(self, argv: Sequence[str], environ: dict[str, str]) -> None:
        self.started_at = time.perf_counter()
        self.output = bytearray()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], list(argv), environ)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def read_until(self, text: bytes, within_s: float = 60.0) -> float:
        """Read until `text` and the end of its frame are there; ms since the start."""
        deadline = time.perf_counter() + within_s
        while True:
            at = self.output.find(text)
            if at >= 0 and (text == FRAME_END or self.output.find(FRAME_END, at) >= 0):
                return (time.perf_counter() - self.started_at) * 1000
            assert time.perf_counter() < deadline, f"{text!r} was never painted"
            self._read(deadline)

    def settle(self, quiet_s: float = 0.15) -> None:
        """Read until nothing comes for a while, then forget it."""
        while select.select([self._master], [], [], quiet_s)[0]:
            self._read(time.perf_counter() + quiet_s)
        self.output.clear()

    def press(self, keys: bytes) -> float:
        """Press keys; ms until the next frame has ended."""
        return self.press_until(keys, b"")[0]

    def press_until(self, keys: bytes, text: bytes) -> tuple[float, float]:
        """Press keys; ms until the next frame has ended, and until one with `text` has."""
        self.settle()
        self.started_at = time.perf_counter()
        os.write(self._master, keys)
        first = self.read_until(FRAME_END)
        return first, max(first, self.read_until(text)) if text else first

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)

    def _read(self, deadline: float) -> None:
        if not select.select([self._master], [], [], max(0.0, deadline - time.perf_counter()))[0]:
            return
        try:
            chunk = os.read(self._master, 1 << 16)
        except OSError:  # the program has ended
            chunk = b""
        assert chunk, f"the program ended: {bytes(self.output[-2000:])!r}"
        self.output += chunk
        if _SYNC_QUERY in chunk:
            os.write(self._master, _SYNC_REPLY)
