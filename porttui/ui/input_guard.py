"""Lets through of a terminal's input only what Textual 8.2.8 reads as what it is.

Its parser ends the application at a byte that is no UTF-8 and at some reports of the kitty keyboard
protocol; it takes an unknown sequence apart into keys, and what follows an escape inside a paste,
too. Here a key can stop a process. So the input is divided here as ECMA-48 (5.4) divides it:
characters, whole control sequences, pastes. What means nothing is dropped, with the keys before it
in the same read and all that follows in the same burst: they may be parts of it.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from itertools import zip_longest

from textual.constants import DISABLE_KITTY_KEY

BURST_S = 0.05
"""Input that comes with no longer pause than this is one burst: nobody types so fast, and what a
terminal sends by itself, or pastes, comes so."""
ESCAPE_S = 0.1
"""An escape that nothing follows for so long is the key. Textual's own ESCDELAY."""
WAY_OUT_S = 1.0
"""Escape or Ctrl+C, alone after such a pause, end a paste whose end has been lost."""
_MOST_TYPED = 64
"""Keys in one read: with more it is text that was pasted into a terminal without bracketed paste,
and would be carried out key by key."""
_MOST_PASTED = 1 << 16
_MOST_IN_SEQUENCE = 64
_MOST_IN_STRING = 1 << 12

_ESC, _BEL, _CTRL_C = 0x1B, 0x07, 0x03
_PASTE_BEGIN, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_NO_KEY = (_PASTE_BEGIN, b"\x1b[I", b"\x1b[O", b"\x1b[<", b"\x1b[?")
"""How pastes and reports begin: who has the focus, the mouse, modes."""
_ESCAPE_KEY = b"\x1b" if DISABLE_KITTY_KEY else b"\x1b[27;1u"
"""Of the kitty protocol: read as the key at once, where a bare escape is waited upon."""
_WAYS_OUT = re.compile(
    rb"(?P<escape>\x1b(?:\[27(?:;\d*(?::[12])?)?u)?)|\x03|\x1b\[99;(?P<modifiers>\d+)(?::[12])?u"
)
"""Escape and Ctrl+C, also as the kitty protocol has them."""
_CTRL = 4
_MOTION = b"\x1b[<35;"
"""Of the mouse, with no button pressed (xterm: 32 for motion, 3 for none)."""

_LETTER_KEYS = frozenset("ABCDFHPQRS")
"""Arrows, End, Home, F1 to F4: CSI letter, CSI 1 ; modifiers letter, SS3 letter (xterm)."""
_TILDE_KEYS = frozenset({*range(1, 9), *range(11, 16), *range(17, 22), 23, 24})
"""Home, Insert, Delete, End, page keys, F1 to F12: CSI number ~, CSI number ; modifiers ~."""
_MODE_REPORT = re.compile(r"\?(?!2048;)\d{1,5};\d\$y")
"""Not of mode 2048, sizes told by the terminal: SIGWINCH tells them, and the kernel bounds them."""
_MOUSE_REPORT = re.compile(r"<\d{1,3};[1-9]\d{0,4};[1-9]\d{0,4}[mM]")
_MEANINGLESS_REPORT = re.compile(r"[<\d;-]*[mM]|\d+;\d+R|\?[\d;]*c|\?\d+;\d\$y|48;[\d;:]*t")
"""Mouse reports of other forms, cursor positions, device attributes, modes, sizes: nobody asked for
them, and they are no tail of anything."""
_ONE_REPORT = re.compile(rb"\x1b\[(?:<\d{1,3};[1-9]\d{0,4};[1-9]\d{0,4}[mM]|[IO])")
_ONLY_REPORTS = re.compile(rb"(?:%b)+" % _ONE_REPORT.pattern)
"""The mouse and the focus: they come while somebody types, and are no part of what is typed."""
_KEY = re.compile(r"(\d*)[:\d]*(?:;(\d*)(?::(\d))?[:\d]*(?:;([\d:]*))?)?([A-Zu~])")
"""Key code, modifiers, event type, text, final: CSI as xterm and the kitty protocol have it."""
_RELEASE = "3"
_SEQUENCE_IN_TEXT = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
)


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    CONTROL = auto()
    """Behind CSI."""
    SINGLE_SHIFT = auto()
    """Behind SS3: one more character."""
    STRING = auto()
    """Behind OSC, DCS, SOS, PM, APC."""
    OLD_MOUSE = auto()
    """Behind CSI M: three bytes of any value (xterm's X10 report)."""
    CONSOLE_KEY = auto()
    """Behind CSI [: one more character, F1 to F5 of the Linux console."""
    PASTE = auto()


class InputGuard:
    """Fed with what is read from the terminal, it gives what may go on, of the same kind."""

    def __init__(self) -> None:
        self._state = _State.GROUND
        self._pending = bytearray()
        """What is not whole yet: of a character, a sequence or a paste."""
        self._is_muted = False
        """Until the burst is over."""
        self._has_dropped = False
        """Something that means nothing, in this read."""
        self.heard_at = float("-inf")
        """When something was read last that may be a key, in monotonic seconds."""

    def feed(self, data: bytes, now: float) -> bytes:
        """What has been read at a moment, in monotonic seconds."""
        passed = self.pause(now)
        if self._state is _State.GROUND and not self._pending and _ONLY_REPORTS.fullmatch(data):
            reports = b"".join(_last_moves(_ONE_REPORT.findall(data)))
            return passed if self._is_muted else passed + reports
        pause_s, self.heard_at = now - self.heard_at, now
        if self._state is _State.PASTE and pause_s >= WAY_OUT_S:
            key = _way_out(data)
            if key:
                self._begin(_State.GROUND)
                return passed + key
        self._has_dropped = False
        # Byte by byte, for there is no telling where a sequence is cut by read(2).
        told = [each for each in map(self._take, data) if each]
        if sum(not each.startswith(_NO_KEY) for each in told) > _MOST_TYPED:
            self._is_muted = self._has_dropped = True
        if self._has_dropped:
            told = [each for each in told if each.startswith(_NO_KEY)]
        return passed + b"".join(_last_moves(told))

    def pause(self, now: float) -> bytes:
        """What is known because nothing more has come up to now; to be called now and then."""
        silence_s = now - self.heard_at
        if silence_s >= BURST_S:
            self._is_muted = False
        if silence_s < ESCAPE_S or self._state in (_State.GROUND, _State.PASTE):
            if silence_s >= ESCAPE_S and self._state is _State.GROUND:
                self._pending.clear()  # of a character that was cut short
            return b""
        is_key = self._state is _State.ESCAPE
        self._begin(_State.GROUND)
        return _ESCAPE_KEY if is_key else b""

    def _take(self, byte: int) -> bytes:
        match self._state:
            case _State.PASTE:
                return self._take_pasted(byte)
            case _State.ESCAPE:
                return self._take_escaped(byte)
            case _State.CONTROL:
                return self._take_control(byte)
            case _State.SINGLE_SHIFT:
                letter = chr(byte)
                if letter in _LETTER_KEYS:
                    return self._pass(f"\x1bO{letter}")
                return self._drop()
            case _State.STRING:
                self._pending.append(byte)
                ends = byte == _BEL or self._pending.endswith(b"\x1b\\")
                return self._drop() if ends or len(self._pending) > _MOST_IN_STRING else b""
            case _State.OLD_MOUSE:
                self._pending.append(byte)
                return self._ignore() if len(self._pending) == 3 else b""
            case _State.CONSOLE_KEY:
                return self._ignore()
            case _:
                return self._take_character(byte)

    def _take_character(self, byte: int) -> bytes:
        if byte == _ESC:
            if self._pending:
                self._drop()  # a character that was cut short
            self._begin(_State.ESCAPE)
            return b""
        self._pending.append(byte)
        try:
            text = self._pending.decode()
        except UnicodeDecodeError as error:
            is_cut = error.reason == "unexpected end of data"
            return b"" if is_cut else self._drop()
        if 0x80 <= ord(text) < 0xA0:
            return self._drop()
        return self._pass(text)

    def _take_escaped(self, byte: int) -> bytes:
        if byte == _ESC:  # the first one was the key
            return b"" if self._is_muted else _ESCAPE_KEY
        states = {
            "[": _State.CONTROL,
            "O": _State.SINGLE_SHIFT,
            **dict.fromkeys("]PX^_", _State.STRING),
        }
        following = states.get(chr(byte))
        if following is None:
            return self._drop()  # with Alt: no key of porttui's
        self._begin(following)
        return b""

    def _take_control(self, byte: int) -> bytes:
        if not 0x20 <= byte < 0x7F or len(self._pending) >= _MOST_IN_SEQUENCE:
            return self._drop()
        if byte < 0x40:
            self._pending.append(byte)
            return b""
        if not self._pending and byte in b"M[":
            self._begin(_State.OLD_MOUSE if byte == ord("M") else _State.CONSOLE_KEY)
            return b""
        sequence = self._pending.decode("ascii") + chr(byte)
        if sequence == "200~":
            self._begin(_State.PASTE)
            return b""
        if sequence in ("I", "O", "Z") or any(
            each.fullmatch(sequence) for each in (_MODE_REPORT, _MOUSE_REPORT)
        ):
            return self._pass(f"\x1b[{sequence}")
        if _MEANINGLESS_REPORT.fullmatch(sequence):
            return self._ignore()
        key = _KEY.fullmatch(sequence)
        return self._take_key(key) if key else self._drop()

    def _take_key(self, key: re.Match[str]) -> bytes:
        code, modifiers, event, text, final = key.groups(default="")
        if event == _RELEASE:
            return self._ignore()
        pressed = int(modifiers or "1")
        if not 1 <= pressed <= 256:
            return self._drop()
        if final == "u":
            if _is_character(code) and (not text or _is_character(text)):
                said = f";{int(text)}" if text else ""
                return self._pass(f"\x1b[{int(code)};{pressed}{said}u")
        elif final == "~":
            if code and len(code) < 4 and int(code) in _TILDE_KEYS:
                return self._pass(f"\x1b[{int(code)};{pressed}~" if modifiers else f"\x1b[{code}~")
        elif final in _LETTER_KEYS and code in ("", "1"):
            return self._pass(f"\x1b[1;{pressed}{final}" if modifiers else f"\x1b[{final}")
        return self._drop()

    def _take_pasted(self, byte: int) -> bytes:
        self._pending.append(byte)
        if not self._pending.endswith(_PASTE_END):
            if len(self._pending) > 2 * _MOST_PASTED:
                # What is too much for a filter is not kept; its end may be half there.
                del self._pending[_MOST_PASTED : -len(_PASTE_END)]
            return b""
        pasted = self._pending[: -len(_PASTE_END)].decode("utf-8", "ignore")[:_MOST_PASTED]
        bare = _SEQUENCE_IN_TEXT.sub("", pasted)
        text = "".join(each if each.isprintable() else " " for each in bare)
        passed = b"" if self._is_muted or not text else _PASTE_BEGIN + text.encode() + _PASTE_END
        self._begin(_State.GROUND)
        # What follows without a pause was in the paste, behind an end mark of its own.
        self._is_muted = True
        return passed

    def _begin(self, state: _State) -> None:
        self._state = state
        self._pending.clear()

    def _pass(self, text: str) -> bytes:
        self._begin(_State.GROUND)
        return b"" if self._is_muted else text.encode()

    def _ignore(self) -> bytes:
        """A whole report that nobody asked for."""
        self._begin(_State.GROUND)
        return b""

    def _drop(self) -> bytes:
        """Something that means nothing: what follows without a pause may be its rest."""
        self._begin(_State.GROUND)
        self._is_muted = self._has_dropped = True
        return b""


def _last_moves(told: list[bytes]) -> list[bytes]:
    """Without the motion of the mouse that other motion follows: where it is now is all that
    counts, and it comes faster than it can be drawn."""
    return [
        each
        for each, after in zip_longest(told, told[1:], fillvalue=b"")
        if not (each.startswith(_MOTION) and after.startswith(_MOTION))
    ]


def _way_out(data: bytes) -> bytes:
    """The key that ends a paste; b"" for anything else."""
    key = _WAYS_OUT.fullmatch(data)
    if key is None or (key["modifiers"] and not int(key["modifiers"]) - 1 & _CTRL):
        return b""
    return _ESCAPE_KEY if key["escape"] else bytes([_CTRL_C])


def _is_character(number: str) -> bool:
    """Whether a decimal number is that of one character that can be typed."""
    if not number or len(number) > 7 or not number.isdecimal():
        return False
    code = int(number)
    return code < 0x110000 and not 0xD800 <= code < 0xE000 and not 0x80 <= code < 0xA0
