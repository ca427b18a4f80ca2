"""Escapes text from outside (process names, arguments, users) for display and copying.

A terminal obeys control characters from any source (ECMA-48). Bidirectional text reorders the text
beside it (Unicode UAX #9). Invisible marks and blanks make one name look like another (UTS #39). So
every foreign string is escaped once, where it enters porttui.
"""

from __future__ import annotations

from collections.abc import Sequence

PATH_CHARACTERS = 1000
"""Enough of a path to be shown."""

_ELLIPSIS = "…"
_MAX_UTF8_BYTES = 4
"""Bytes of one character (RFC 3629)."""
_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
"""FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE: text between reorders nothing outside."""
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_MAX_MARKS = 3
"""Marks on one letter: no script needs more."""
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPE_DIGITS = {"n": 0, "r": 0, "t": 0, "x": 2, "u": 4, "U": 8}
"""Number of hexadecimal digits after each letter of an escape."""


def safe_text(raw: str | bytes, limit: int = 200) -> str:
    """`raw` in at most `limit` characters, each visible and unambiguous.

    Other characters are escaped as `\\x1b`, `\\n`, `\\u202e` or `\\U000e0041`:

    - controls, line ends, bidirectional controls, private use, bytes that are not UTF-8
    - characters without width, blanks other than U+0020, blanks at either end
    - combining marks of another script than their letter
    - letters that look like Latin ones, in words with Latin letters: Cyrillic, Greek and other
      scripts, phonetic and mathematical letters

    A backslash that would read as such an escape is doubled. A text with right-to-left letters
    stands between U+2068 and U+2069, which do not count towards the limit. A text that does not
    fit ends in "…".
    """
    return _escape_and_cut(raw, limit)[0]


def safe_argv(argv: Sequence[str | bytes], total: int = 4096) -> tuple[str, ...]:
    """Each argument made safe; all of them, with a blank between two, in `total` characters.

    If something was left out, the last element is "…" alone.
    """
    arguments: list[str] = []
    remaining = total
    for argument in argv:
        text, is_whole = _escape_and_cut(argument, remaining) if remaining > 0 else ("", False)
        if text or is_whole:
            arguments.append(text)
        if not is_whole:
            return (*arguments, _ELLIPSIS)
        remaining -= len(text) + 1
    return tuple(arguments)


def _escape_and_cut(raw: str | bytes, limit: int) -> tuple[str, bool]:
    """The safe text, and whether all of `raw` is in it."""
    # An escape is never shorter than its character, so one character more than fits is enough.
    # The longest argument on Linux has 131,071 bytes (execve(2)).
    if isinstance(raw, bytes):
        head = raw[: (limit + 1) * _MAX_UTF8_BYTES]
        text = head.decode("utf-8", "surrogateescape")[: limit + 1]
    else:
        text = raw[: limit + 1]
    is_plain = text.isascii() and text.isprintable() and "\\" not in text
    if not is_plain or text[:1] == " " or text[-1:] == " ":
        return _cut_escaped(text, limit)
    if len(text) <= limit:
        return text, True
    return text[: limit - 1] + _ELLIPSIS, False


def _cut_escaped(text: str, limit: int) -> tuple[str, bool]:
    pieces = _pieces(text)
    is_whole = sum(map(len, pieces)) <= limit
    end = len(pieces)
    if not is_whole:
        length = end = 0
        while length + len(pieces[end]) <= limit - len(_ELLIPSIS):
            length += len(pieces[end])
            end += 1
        pieces = [*pieces[:end], _ELLIPSIS]
    visible = "".join(pieces)
    if not visible.isascii():
        from unicodedata import bidirectional

        if any(bidirectional(character) in ("R", "AL") for character in visible):
            visible = f"{_ISOLATE}{visible}{_POP_ISOLATE}"
    return visible, is_whole


def _pieces(text: str) -> list[str]:
    """How each character is shown."""
    pieces, escaped = list(text), _indexes_to_escape(text)
    for index in escaped:
        pieces[index] = _escape(text[index])
    # Backslashes are doubled before an escape, and before text that looks like one: so the
    # spelling of an escape differs from the escape.
    is_before_escape = False
    for index in range(len(text) - 1, -1, -1):
        if text[index] != "\\":
            is_before_escape = index in escaped or _is_escape("".join(pieces[index : index + 9]))
        elif is_before_escape:
            pieces[index] = "\\\\"
    return pieces


def _is_escape(text: str) -> bool:
    """Whether it begins with the letter of an escape and its digits."""
    digits = _ESCAPE_DIGITS.get(text[:1])
    if digits is None:
        return False
    number = text[1 : 1 + digits]
    return len(number) == digits and all(character in "0123456789abcdef" for character in number)


def _indexes_to_escape(text: str) -> set[int]:
    """Indexes of the characters that are invisible or ambiguous."""
    indexes = {
        index
        for index, character in enumerate(text)
        if not character.isprintable() or character in _INVISIBLE_LETTERS
    }
    inner = text.strip(" ")
    if inner != text:
        start = text.index(inner) if inner else len(text)
        indexes.update(range(start), range(start + len(inner), len(text)))
    if not text.isascii():
        indexes |= _excess_mark_indexes(text)
        indexes.update(
            index for index, character in enumerate(text) if _has_ambiguous_width(character)
        )
        indexes |= _lookalike_indexes(text)
    return indexes


def _excess_mark_indexes(text: str) -> set[int]:
    """Combining marks (Unicode's Mn and Me), except a few of the same script as their letter: Thai
    vowels and Hebrew points belong to their letters."""
    from unicodedata import category

    indexes = set[int]()
    base, mark_count = "", 0
    for index, character in enumerate(text):
        if category(character) not in ("Mn", "Me"):
            base, mark_count = character, 0
            continue
        mark_count += 1
        if mark_count > _MAX_MARKS or not base or _script(base) != _script(character):
            indexes.add(index)
    return indexes


def _has_ambiguous_width(character: str) -> bool:
    """Single Hangul vowels join the letter before, and regional indicators are flags or letters:
    terminals disagree on their width."""
    code = ord(character)
    return 0x1160 <= code < 0x1200 or 0xD7B0 <= code < 0xD800 or 0x1F1E6 <= code < 0x1F200


def _lookalike_indexes(text: str) -> set[int]:
    """In words with Latin letters, the other letters that may look like Latin ones."""
    indexes, word = set[int](), list[int]()
    for index, character in enumerate(f"{text} "):
        if character.isalnum() or _spells_ascii(character):
            word.append(index)
            continue
        if any(text[index].isascii() and text[index].isalpha() for index in word):
            indexes.update(index for index in word if _looks_latin(text[index]))
        word.clear()
    return indexes


def _looks_latin(character: str) -> bool:
    """Whether it may look like an ASCII letter or sign; never an ideograph or accented letter."""
    if character.isascii():
        return False
    code = ord(character)
    is_phonetic = 0x0250 <= code < 0x02B0 or 0x1D00 <= code < 0x1DC0 or 0xA720 <= code < 0xA800
    is_other = _script(character) not in (*_DISTINCT_SCRIPTS, "LATIN") and character.isalpha()
    return _spells_ascii(character) or is_phonetic or is_other or character in "\u0131\u01c0\u01c3"


def _spells_ascii(character: str) -> bool:
    """Whether it is a compatibility form of ASCII characters (Unicode UAX #15, NFKC)."""
    if character.isascii():
        return False
    from unicodedata import normalize

    return normalize("NFKC", character).isascii()


_DISTINCT_SCRIPTS = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "ARABIC", "HEBREW", "DEVANAGARI"}
)
"""Scripts whose letters do not look Latin; many names mix them with Latin letters."""


def _script(character: str) -> str:
    """The first word of its name, its script: "LATIN", "THAI"; "COMBINING" has none."""
    if character.isascii():
        return "LATIN" if character.isalpha() else ""
    from unicodedata import name

    return name(character, "").partition(" ")[0]


def _escape(character: str) -> str:
    code = ord(character)
    # Python keeps an undecodable byte as U+DC80..U+DCFF (PEP 383).
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
