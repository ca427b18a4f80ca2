"""Filters terminal input: only what Textual 8.2.8 parses correctly reaches it.

Textual's parser crashes at invalid UTF-8 and at some reports of the kitty keyboard protocol. It
turns unknown sequences, and text after an escape inside a paste, into keys; here a key can stop a
process. The guard splits input by ECMA-48 (5.4) into characters, control sequences and pastes. An
unknown sequence is dropped, with the keys before it in the same read and everything after it in
the same burst: they may be parts of it.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from itertools import zip_longest

from textual.constants import DISABLE_KITTY_KEY

BURST_S = 0.05
"""Input with shorter pauses is one burst: faster than anybody types, as a paste or a report is."""
ESCAPE_S = 0.1
"""An escape followed by nothing for this time is the Escape key. Textual's own ESCDELAY."""
PASTE_EXIT_PAUSE_S = 1.0
"""Escape or Ctrl+C alone after this pause leaves a paste whose end mark is lost."""
_MAX_KEYS_PER_READ = 64
"""Keys in one read. More is text pasted into a terminal without bracketed paste, which would be
executed key by key."""
_MAX_PASTE_BYTES = 1 << 16
_MAX_SEQUENCE_BYTES = 64
_MAX_STRING_BYTES = 1 << 12

_ESC, _BEL, _CTRL_C = 0x1B, 0x07, 0x03
_PASTE_BEGIN, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_NON_KEY_PREFIXES = (_PASTE_BEGIN, b"\x1b[I", b"\x1b[O", b"\x1b[<", b"\x1b[?")
"""Prefixes of pastes and of reports of focus, mouse and modes."""
_ESCAPE_KEY = b"\x1b" if DISABLE_KITTY_KEY else b"\x1b[27;1u"
"""The kitty protocol's Escape is parsed at once; after a single ESC byte Textual waits."""
_PASTE_EXIT_KEYS = re.compile(
    rb"(?P<escape>\x1b(?:\[27(?:;\d*(?::[12])?)?u)?)|\x03|\x1b\[99;(?P<modifiers>\d+)(?::[12])?u"
)
"""Escape and Ctrl+C, also as the kitty protocol has them."""
_CTRL = 4
_MOTION = b"\x1b[<35;"
"""Mouse motion without a button (xterm: 32 for motion, 3 for none)."""

_LETTER_KEYS = frozenset("ABCDFHPQRS")
"""Arrows, End, Home, F1 to F4: CSI letter, CSI 1 ; modifiers letter, SS3 letter (xterm)."""
_TILDE_KEYS = frozenset({*range(1, 9), *range(11, 16), *range(17, 22), 23, 24})
"""Home, Insert, Delete, End, page keys, F1 to F12: CSI number ~, CSI number ; modifiers ~."""
_MODE_REPORT = re.compile(r"\?(?!2048;)\d{1,5};\d\$y")
"""Except mode 2048 (in-band sizes): sizes come from the kernel, with SIGWINCH."""
_MOUSE_REPORT = re.compile(r"<\d{1,3};[1-9]\d{0,4};[1-9]\d{0,4}[mM]")
_MEANINGLESS_REPORT = re.compile(r"[<\d;-]*[mM]|\d+;\d+R|\?[\d;]*c|\?\d+;\d\$y|48;[\d;:]*t")
"""Other reports of mouse, cursor, device, modes and sizes: complete, but not requested."""
_ONE_REPORT = re.compile(rb"\x1b\[(?:<\d{1,3};[1-9]\d{0,4};[1-9]\d{0,4}[mM]|[IO])")
_ONLY_REPORTS = re.compile(rb"(?:%b)+" % _ONE_REPORT.pattern)
"""Mouse and focus reports: they arrive between keys and belong to none."""
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
    """A state machine from terminal bytes to the bytes that Textual may read."""

    def __init__(self) -> None:
        self._state = _State.GROUND
        self._pending = bytearray()
        """An incomplete character, sequence or paste."""
        self._is_muted = False
        """Until the burst is over."""
        self._has_dropped = False
        """An unknown sequence was dropped in this read."""
        self.last_input_at = float("-inf")
        """When a possible key was last read, in monotonic seconds."""

    def feed(self, data: bytes, now: float) -> bytes:
        """Filter bytes read at `now`, in monotonic seconds."""
        output = self.poll(now)
        if self._state is _State.GROUND and not self._pending and _ONLY_REPORTS.fullmatch(data):
            reports = b"".join(_without_overtaken_motion(_ONE_REPORT.findall(data)))
            return output if self._is_muted else output + reports
        pause_s, self.last_input_at = now - self.last_input_at, now
        if self._state is _State.PASTE and pause_s >= PASTE_EXIT_PAUSE_S:
            key = _paste_exit_key(data)
            if key:
                self._enter(_State.GROUND)
                return output + key
        self._has_dropped = False
        # Byte by byte: read(2) may cut a sequence anywhere.
        outputs = [item for item in map(self._handle_byte, data) if item]
        if sum(not item.startswith(_NON_KEY_PREFIXES) for item in outputs) > _MAX_KEYS_PER_READ:
            self._is_muted = self._has_dropped = True
        if self._has_dropped:
            outputs = [item for item in outputs if item.startswith(_NON_KEY_PREFIXES)]
        return output + b"".join(_without_overtaken_motion(outputs))

    def poll(self, now: float) -> bytes:
        """The output due to silence, such as a lone Escape; call it every few milliseconds."""
        silence_s = now - self.last_input_at
        if silence_s >= BURST_S:
            self._is_muted = False
        if silence_s < ESCAPE_S or self._state in (_State.GROUND, _State.PASTE):
            if silence_s >= ESCAPE_S and self._state is _State.GROUND:
                self._pending.clear()  # of a character that was cut short
            return b""
        is_key = self._state is _State.ESCAPE
        self._enter(_State.GROUND)
        return _ESCAPE_KEY if is_key else b""

    def _handle_byte(self, byte: int) -> bytes:
        match self._state:
            case _State.PASTE:
                return self._handle_pasted(byte)
            case _State.ESCAPE:
                return self._handle_escaped(byte)
            case _State.CONTROL:
                return self._handle_control(byte)
            case _State.SINGLE_SHIFT:
                letter = chr(byte)
                if letter in _LETTER_KEYS:
                    return self._emit(f"\x1bO{letter}")
                return self._drop()
            case _State.STRING:
                self._pending.append(byte)
                is_complete = byte == _BEL or self._pending.endswith(b"\x1b\\")
                return (
                    self._drop() if is_complete or len(self._pending) > _MAX_STRING_BYTES else b""
                )
            case _State.OLD_MOUSE:
                self._pending.append(byte)
                return self._ignore() if len(self._pending) == 3 else b""
            case _State.CONSOLE_KEY:
                return self._ignore()
            case _:
                return self._handle_character(byte)

    def _handle_character(self, byte: int) -> bytes:
        if byte == _ESC:
            if self._pending:
                self._drop()  # a character that was cut short
            self._enter(_State.ESCAPE)
            return b""
        self._pending.append(byte)
        try:
            text = self._pending.decode()
        except UnicodeDecodeError as error:
            is_cut = error.reason == "unexpected end of data"
            return b"" if is_cut else self._drop()
        if 0x80 <= ord(text) < 0xA0:
            return self._drop()
        return self._emit(text)

    def _handle_escaped(self, byte: int) -> bytes:
        if byte == _ESC:  # the first one was the Escape key
            return b"" if self._is_muted else _ESCAPE_KEY
        states = {
            "[": _State.CONTROL,
            "O": _State.SINGLE_SHIFT,
            **dict.fromkeys("]PX^_", _State.STRING),
        }
        next_state = states.get(chr(byte))
        if next_state is None:
            return self._drop()  # with Alt: no key of porttui's
        self._enter(next_state)
        return b""

    def _handle_control(self, byte: int) -> bytes:
        if not 0x20 <= byte < 0x7F or len(self._pending) >= _MAX_SEQUENCE_BYTES:
            return self._drop()
        if byte < 0x40:
            self._pending.append(byte)
            return b""
        if not self._pending and byte in b"M[":
            self._enter(_State.OLD_MOUSE if byte == ord("M") else _State.CONSOLE_KEY)
            return b""
        sequence = self._pending.decode("ascii") + chr(byte)
        if sequence == "200~":
            self._enter(_State.PASTE)
            return b""
        if sequence in ("I", "O", "Z") or any(
            report.fullmatch(sequence) for report in (_MODE_REPORT, _MOUSE_REPORT)
        ):
            return self._emit(f"\x1b[{sequence}")
        if _MEANINGLESS_REPORT.fullmatch(sequence):
            return self._ignore()
        key = _KEY.fullmatch(sequence)
        return self._handle_key(key) if key else self._drop()

    def _handle_key(self, key: re.Match[str]) -> bytes:
        code, modifiers, event, text, final = key.groups(default="")
        if event == _RELEASE:
            return self._ignore()
        modifier_code = int(modifiers or "1")
        if not 1 <= modifier_code <= 256:
            return self._drop()
        if final == "u":
            if _is_typable(code) and (not text or _is_typable(text)):
                text_field = f";{int(text)}" if text else ""
                return self._emit(f"\x1b[{int(code)};{modifier_code}{text_field}u")
        elif final == "~":
            if code and len(code) < 4 and int(code) in _TILDE_KEYS:
                return self._emit(
                    f"\x1b[{int(code)};{modifier_code}~" if modifiers else f"\x1b[{code}~"
                )
        elif final in _LETTER_KEYS and code in ("", "1"):
            return self._emit(f"\x1b[1;{modifier_code}{final}" if modifiers else f"\x1b[{final}")
        return self._drop()

    def _handle_pasted(self, byte: int) -> bytes:
        self._pending.append(byte)
        if not self._pending.endswith(_PASTE_END):
            if len(self._pending) > 2 * _MAX_PASTE_BYTES:
                # What is too much for a filter is not kept; its end may be half there.
                del self._pending[_MAX_PASTE_BYTES : -len(_PASTE_END)]
            return b""
        pasted = self._pending[: -len(_PASTE_END)].decode("utf-8", "ignore")[:_MAX_PASTE_BYTES]
        plain = _SEQUENCE_IN_TEXT.sub("", pasted)
        text = "".join(character if character.isprintable() else " " for character in plain)
        output = b"" if self._is_muted or not text else _PASTE_BEGIN + text.encode() + _PASTE_END
        self._enter(_State.GROUND)
        # What follows without a pause was in the paste, after an end mark inside it.
        self._is_muted = True
        return output

    def _enter(self, state: _State) -> None:
        self._state = state
        self._pending.clear()

    def _emit(self, text: str) -> bytes:
        self._enter(_State.GROUND)
        return b"" if self._is_muted else text.encode()

    def _ignore(self) -> bytes:
        """Drop a complete report that was not requested."""
        self._enter(_State.GROUND)
        return b""

    def _drop(self) -> bytes:
        """Drop an unknown sequence and the rest of the burst, which may belong to it."""
        self._enter(_State.GROUND)
        self._is_muted = self._has_dropped = True
        return b""


def _without_overtaken_motion(outputs: list[bytes]) -> list[bytes]:
    """Drop mouse motion that is followed by other motion: only the last position counts."""
    return [
        item
        for item, after in zip_longest(outputs, outputs[1:], fillvalue=b"")
        if not (item.startswith(_MOTION) and after.startswith(_MOTION))
    ]


def _paste_exit_key(data: bytes) -> bytes:
    """The key that leaves a paste; b"" for any other input."""
    key = _PASTE_EXIT_KEYS.fullmatch(data)
    if key is None or (key["modifiers"] and not int(key["modifiers"]) - 1 & _CTRL):
        return b""
    return _ESCAPE_KEY if key["escape"] else bytes([_CTRL_C])


def _is_typable(number: str) -> bool:
    """Whether a decimal code is that of a typable character."""
    if not number or len(number) > 7 or not number.isdecimal():
        return False
    code = int(number)
    return code < 0x110000 and not 0xD800 <= code < 0xE000 and not 0x80 <= code < 0xA0
