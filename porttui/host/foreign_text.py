"""Makes what others wrote (process names, arguments, user names) safe to show and to copy.

A terminal obeys control characters wherever they come from (ECMA-48), and bidirectional
controls make text read differently from what it is (Unicode UAX #9). So every foreign string
passes here once, where it enters porttui.
"""

from __future__ import annotations

from collections.abc import Sequence

_CUT = "…"
_LONGEST_UTF_8 = 4
"""Bytes of one character (RFC 3629)."""


def safe(raw: str | bytes, limit: int = 200) -> str:
    """`raw` in at most `limit` characters, of which every one is `str.isprintable()`.

    The others (controls, line ends, bidirectional and zero-width characters, every space but
    U+0020, private use, surrogates) are shown as `\\x1b`, `\\n` or `\\u202e`, and a byte that
    is no UTF-8 as `\\xff`. What does not fit ends in "…". Nothing is doubled: a backslash that
    was there already stays a single one.
    """
    return _fit(raw, limit)[0]


def safe_argv(argv: Sequence[str | bytes], total: int = 4096) -> tuple[str, ...]:
    """Each argument made safe, all of them and the blanks between in `total` characters.

    When something had to be left out, the last element is "…" by itself.
    """
    shown: list[str] = []
    left = total
    for argument in argv:
        text, is_whole = _fit(argument, left) if left > 0 else ("", False)
        if text or is_whole:
            shown.append(text)
        if not is_whole:
            return (*shown, _CUT)
        left -= len(text) + 1
    return tuple(shown)


def _fit(raw: str | bytes, limit: int) -> tuple[str, bool]:
    """The safe text, and whether all of `raw` is in it."""
    # An escape is never shorter than its character, so one character more than fits is enough
    # to look at: the longest argument Linux lets through has 131,071 bytes (execve(2)).
    if isinstance(raw, bytes):
        head = raw[: (limit + 1) * _LONGEST_UTF_8]
        text = head.decode("utf-8", "surrogateescape")[: limit + 1]
    else:
        text = raw[: limit + 1]
    if not text.isprintable():
        return _fit_escaped(text, limit)
    if len(text) <= limit:
        return text, True
    return text[: limit - 1] + _CUT, False


def _fit_escaped(text: str, limit: int) -> tuple[str, bool]:
    pieces = [character if character.isprintable() else _escape(character) for character in text]
    escaped = "".join(pieces)
    if len(escaped) <= limit:
        return escaped, True
    end = 0
    for piece in pieces:
        if end + len(piece) > limit - len(_CUT):
            break
        end += len(piece)
    return escaped[:end] + _CUT, False


def _escape(character: str) -> str:
    code = ord(character)
    # Python keeps an undecodable byte as U+DC80..U+DCFF (PEP 383).
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    # By repr and not by the codec unicode_escape: that would be imported at the first escape.
    return ascii(character)[1:-1]
