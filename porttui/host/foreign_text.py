"""Makes what others wrote (process names, arguments, user names) safe to show and to copy.

A terminal obeys control characters wherever they come from (ECMA-48), bidirectional text turns
round what stands beside it (Unicode UAX #9), and marks and blanks that are not seen make one name
look like another (UTS #39). So every foreign string passes here once, where it enters porttui.
"""

from __future__ import annotations

from collections.abc import Sequence

_CUT = "…"
_LONGEST_UTF_8 = 4
"""Bytes of one character (RFC 3629)."""
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
"""FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE: what is between them turns nothing round."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_MOST_MARKS = 3
"""On one letter: no script needs more."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_DIGITS = {"n": 0, "r": 0, "t": 0, "x": 2, "u": 4, "U": 8}
"""How many hexadecimal digits follow each letter of an escape."""


def safe(raw: str | bytes, limit: int = 200) -> str:
    """`raw` in at most `limit` characters, each of which is seen as what it is.

    Others are written out as `\\x1b`, `\\n`, `\\u202e` or `\\U000e0041`: controls, line ends,
    bidirectional controls, what has no width, blanks but U+0020 and those at either end, combining
    marks of another script than their letter, letters that look like Latin ones among those (of
    Cyrillic, Greek and other scripts, phonetic and mathematical ones), private use, bytes that are
    no UTF-8. A backslash that would read as such an escape is doubled. A text
    with letters that are written from right to left stands between U+2068 and U+2069, beyond the
    limit. What does not fit ends in "…".
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
    is_plain = text.isascii() and text.isprintable() and "\\" not in text
    if not is_plain or text[:1] == " " or text[-1:] == " ":
        return _fit_escaped(text, limit)
    if len(text) <= limit:
        return text, True
    return text[: limit - 1] + _CUT, False


def _fit_escaped(text: str, limit: int) -> tuple[str, bool]:
    pieces = _pieces(text)
    is_whole = sum(map(len, pieces)) <= limit
    end = len(pieces)
    if not is_whole:
        taken = end = 0
        while taken + len(pieces[end]) <= limit - len(_CUT):
            taken += len(pieces[end])
            end += 1
        pieces = [*pieces[:end], _CUT]
    shown = "".join(pieces)
    if not shown.isascii():
        from unicodedata import bidirectional

        if any(bidirectional(sign) in ("R", "AL") for sign in shown):
            shown = f"{_ISOLATE}{shown}{_END_OF_ISOLATE}"
    return shown, is_whole


def _pieces(text: str) -> list[str]:
    """What each character is shown as."""
    pieces, hidden = list(text), _hidden(text)
    for at in hidden:
        pieces[at] = _escape(text[at])
    # Backslashes are doubled where an escape, or what looks like one, stands behind them: so the
    # spelling of an escape is told from the escape.
    is_before_escape = False
    for at in range(len(text) - 1, -1, -1):
        if text[at] != "\\":
            is_before_escape = at in hidden or _is_escape("".join(pieces[at : at + 9]))
        elif is_before_escape:
            pieces[at] = "\\\\"
    return pieces


def _is_escape(text: str) -> bool:
    """Whether it begins with the letter of an escape, and its digits."""
    digits = _DIGITS.get(text[:1])
    if digits is None:
        return False
    number = text[1 : 1 + digits]
    return len(number) == digits and all(sign in "0123456789abcdef" for sign in number)


def _hidden(text: str) -> set[int]:
    """The places of the characters that would not be seen as what they are."""
    found = {at for at, sign in enumerate(text) if not sign.isprintable() or sign in _BLANK_LETTERS}
    inner = text.strip(" ")
    if inner != text:
        start = text.index(inner) if inner else len(text)
        found.update(range(start), range(start + len(inner), len(text)))
    if not text.isascii():
        found |= _odd_marks(text)
        found.update(at for at, sign in enumerate(text) if _has_no_fixed_width(sign))
        found |= _letters_of_another_script(text)
    return found


def _odd_marks(text: str) -> set[int]:
    """Combining marks (Unicode's Mn and Me) but for a few of the script of the letter they are on:
    Thai vowels and Hebrew points belong to their letters."""
    from unicodedata import category

    found = set[int]()
    base, number = "", 0
    for at, sign in enumerate(text):
        if category(sign) not in ("Mn", "Me"):
            base, number = sign, 0
            continue
        number += 1
        if number > _MOST_MARKS or not base or _script(base) != _script(sign):
            found.add(at)
    return found


def _has_no_fixed_width(sign: str) -> bool:
    """Vowels of Hangul that stand by themselves join the letter before, and regional indicators are
    flags or letters: terminals do not agree on their cells."""
    code = ord(sign)
    return 0x1160 <= code < 0x1200 or 0xD7B0 <= code < 0xD800 or 0x1F1E6 <= code < 0x1F200


def _letters_of_another_script(text: str) -> set[int]:
    """The letters of a word with Latin ones that are none of these, and may look like them."""
    found, word = set[int](), list[int]()
    for at, sign in enumerate(f"{text} "):
        if sign.isalnum() or _spells_ascii(sign):
            word.append(at)
            continue
        if any(text[each].isascii() and text[each].isalpha() for each in word):
            found.update(each for each in word if _looks_latin(text[each]))
        word.clear()
    return found


def _looks_latin(sign: str) -> bool:
    """Whether it may be taken for an ASCII letter or sign; no ideograph and no accented letter."""
    if sign.isascii():
        return False
    code = ord(sign)
    is_phonetic = 0x0250 <= code < 0x02B0 or 0x1D00 <= code < 0x1DC0 or 0xA720 <= code < 0xA800
    is_other = _script(sign) not in (*_UNLIKE, "LATIN") and sign.isalpha()
    return _spells_ascii(sign) or is_phonetic or is_other or sign in "\u0131\u01c0\u01c3"


def _spells_ascii(sign: str) -> bool:
    """Whether it is another form of ASCII characters (Unicode UAX #15, NFKC)."""
    if sign.isascii():
        return False
    from unicodedata import normalize

    return normalize("NFKC", sign).isascii()


_UNLIKE = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "ARABIC", "HEBREW", "DEVANAGARI"}
)
"""Scripts whose letters nobody takes for Latin ones; they stand beside these in many names."""


def _script(sign: str) -> str:
    """The first word of its name, which is its script: "LATIN", "THAI", "COMBINING" for none."""
    if sign.isascii():
        return "LATIN" if sign.isalpha() else ""
    from unicodedata import name

    return name(sign, "").partition(" ")[0]


def _escape(character: str) -> str:
    code = ord(character)
    # Python keeps an undecodable byte as U+DC80..U+DCFF (PEP 383).
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
