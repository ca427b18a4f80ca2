"""Foreign strings: how they are shown, and that none controls the terminal."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from porttui.host.safe_text import safe_argv, safe_text

LONGEST_ARGUMENT = 131_071
"""Bytes of one argument (execve(2), MAX_ARG_STRLEN less its NUL)."""


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nginx: worker process",
        "[/red]",
        r"C:\Program Files\Ana\app.exe",
        "naïve",
        "ภาษาไทย",
        "हिन्दी",
        "чужой",
        "日本語",
        "🦀",
        "a b",
        "λ-server",
        'it\'s "quoted" $HOME `id`',
        "…",
    ],
)
def test_printable_text_stays_as_it_is(raw: str) -> None:
    assert safe_text(raw) == raw
    assert safe_text(raw.encode()) == raw


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        pytest.param("\0", r"\x00", id="NUL"),
        pytest.param("a\nb", r"a\nb", id="newline"),
        pytest.param("a\r\n", r"a\r\n", id="carriage return"),
        pytest.param("\t", r"\t", id="tab"),
        pytest.param("\x07", r"\x07", id="BEL"),
        pytest.param("\x1b]52;c;cm0gLXJm\x07", r"\x1b]52;c;cm0gLXJm\x07", id="OSC 52"),
        pytest.param("\x1b[31m", r"\x1b[31m", id="CSI"),
        pytest.param("\x7f", r"\x7f", id="DEL"),
        pytest.param("\x9b31m", r"\x9b31m", id="C1 CSI"),
        pytest.param("\x85", r"\x85", id="NEL"),
        pytest.param("\udcff", r"\xff", id="undecodable byte"),
        pytest.param("\udc80", r"\x80", id="lowest undecodable byte"),
        pytest.param("\ud800", r"\ud800", id="lone surrogate"),
        pytest.param("\udc7f", r"\udc7f", id="surrogate that is no byte"),
        pytest.param("gpj\u202eexe", r"gpj\u202eexe", id="right-to-left override"),
        pytest.param("\u2066", r"\u2066", id="isolate"),
        pytest.param("\u061c", r"\u061c", id="Arabic letter mark"),
        pytest.param("a\u200bb\u200d", r"a\u200bb\u200d", id="zero width"),
        pytest.param("\ufeff", r"\ufeff", id="byte order mark"),
        pytest.param("\u2028\u2029", r"\u2028\u2029", id="separators"),
        pytest.param("\xa0\u3000", r"\xa0\u3000", id="spaces"),
        pytest.param("\xad", r"\xad", id="soft hyphen"),
        pytest.param("\ue000", r"\ue000", id="private use"),
        pytest.param("\U000e0041", r"\U000e0041", id="tag"),
        pytest.param("cafe\u0301", r"cafe\u0301", id="combining accent"),
        pytest.param("❤\ufe0f", r"❤\ufe0f", id="variation selector"),
        pytest.param("sshd\U000e0100", r"sshd\U000e0100", id="variation selector of a letter"),
        pytest.param("ss\u034fhd", r"ss\u034fhd", id="grapheme joiner"),
        pytest.param("sshd\u17b4", r"sshd\u17b4", id="a Khmer vowel on a Latin letter"),
        pytest.param("ก" + "\u0e34" * 5, "ก\u0e34\u0e34\u0e34" + r"\u0e34\u0e34", id="many marks"),
        pytest.param("\u0301", r"\u0301", id="a mark on nothing"),
        pytest.param("sshd\u3164\u2800", r"sshd\u3164\u2800", id="blanks that are letters"),
        pytest.param("sshd ", r"sshd\x20", id="a blank at the end"),
        pytest.param("  sshd", r"\x20\x20sshd", id="blanks at the beginning"),
        pytest.param("  ", r"\x20\x20", id="blanks alone"),
        pytest.param("s\u0455hd", r"s\u0455hd", id="a Cyrillic letter among Latin ones"),
        pytest.param("ssh\u217e", r"ssh\u217e", id="a Roman numeral"),
        pytest.param("n\u0261inx", r"n\u0261inx", id="a phonetic letter"),
        pytest.param("\U0001d5c7ode", r"\U0001d5c7ode", id="a mathematical letter"),
        pytest.param("\ua4e0ode", r"\ua4e0ode", id="a Lisu letter"),
        pytest.param("node\u2024js", r"node\u2024js", id="a leader dot"),
        pytest.param("\u1780\u17b4", "\u1780" + r"\u17b4", id="a Khmer vowel that is not seen"),
        pytest.param("\u1112\u1161\u11ab", "\u1112" + r"\u1161\u11ab", id="Hangul in pieces"),
        pytest.param("\U0001f1e9", r"\U0001f1e9", id="regional indicator"),
        pytest.param(r"a\x1b[2J", r"a\\x1b[2J", id="a spelled escape"),
        pytest.param("a\\\x1b", r"a\\\x1b", id="a backslash and an escape"),
        pytest.param(r"a\\x1b", r"a\\\\x1b", id="two backslashes and the spelling"),
        pytest.param(r"a\n", r"a\\n", id="a spelled line end"),
        pytest.param(r"a\b\u12", r"a\b\u12", id="backslashes"),
        pytest.param("אבג", "\u2068אבג\u2069", id="right to left"),
        pytest.param("a السلام", "\u2068a السلام\u2069", id="Arabic"),
    ],
)
def test_everything_else_is_escaped(raw: str, shown: str) -> None:
    assert safe_text(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\xff", r"\xff"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", r"caf\xe9"),
        (b"\xe2\x82", r"\xe2\x82"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
        (b"a\nb", r"a\nb"),
        (b"\xc2\x9b31m", r"\x9b31m"),
    ],
)
def test_bytes_are_utf_8_or_shown_one_by_one(raw: bytes, shown: str) -> None:
    assert safe_text(raw) == shown


def test_every_character_comes_out_printable() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = safe_text(every, limit=sys.maxsize // 8)
    assert shown.strip("\u2068\u2069").isprintable()
    assert shown.encode()


def read_back(shown: str) -> str:
    """The safe text; each text has its own spelling."""
    bare = shown.removeprefix("\u2068").removesuffix("\u2069")

    def one(match: re.Match[str]) -> str:
        slashes, escape = match[1], match[2]
        half = "\\" * (len(slashes) // 2)
        if len(slashes) % 2 == 0:
            return half + escape
        short = {"n": "\n", "r": "\r", "t": "\t"}
        return half + (short.get(escape) or chr(int(escape[1:], 16)))

    return re.sub(r"(\\+)([nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})", one, bare)


ALPHABET = "ab \\\\xu1bn0\x1b\n\t\u202eé\u0301\u3164א\u0455"


@pytest.mark.parametrize("seed", range(20))
def test_no_two_texts_look_the_same(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(500):
        text = "".join(rng.choices(ALPHABET, k=rng.randrange(12)))
        assert read_back(safe_text(text)) == text


@pytest.mark.parametrize(
    ("raw", "limit", "shown"),
    [
        pytest.param("abcd", 4, "abcd", id="fits"),
        pytest.param("abcde", 4, "abc…", id="one too many"),
        pytest.param("abcd", 1, "…", id="room for the mark only"),
        pytest.param("\x1b", 4, r"\x1b", id="an escape fits"),
        pytest.param("\x1b\x1b", 8, r"\x1b\x1b", id="two escapes fit"),
        pytest.param("\x1b\x1b", 7, r"\x1b…", id="half an escape is left out"),
        pytest.param("\x1b\x1b", 4, "…", id="no room for the mark beside it"),
        pytest.param("ab\nc", 4, "ab…", id="grown by its escape"),
        pytest.param("ab\n", 4, r"ab\n", id="grown, and fits"),
        pytest.param("\u202eab", 6, "…", id="long escape"),
    ],
)
def test_text_is_cut_between_characters(raw: str, limit: int, shown: str) -> None:
    assert safe_text(raw, limit) == shown
    assert safe_text(raw.encode(), limit) == shown


@pytest.mark.parametrize("character", ["a", "é", "€", "🦀", "\x1b", "\u202e"])
@pytest.mark.parametrize("limit", [1, 2, 5, 199, 200, 201])
def test_bytes_and_text_are_cut_alike(character: str, limit: int) -> None:
    for count in (limit - 1, limit, limit + 1, 10 * limit):
        shown = safe_text(character * count, limit)
        assert shown == safe_text((character * count).encode(), limit)
        assert len(shown) <= limit
        assert shown.endswith("…") == (count * len(safe_text(character)) > limit)


def test_only_the_head_of_an_endless_text_is_looked_at() -> None:
    class Watched(bytes):
        """Fails if it is read whole."""

        def decode(self, *_: str) -> str:
            raise AssertionError("read whole")

    assert safe_text(Watched(b"x" * 131_133)) == "x" * 199 + "…"
    assert safe_text("\x1b" * 131_133) == r"\x1b" * 49 + "…"


@pytest.mark.parametrize(
    ("argv", "total", "shown"),
    [
        pytest.param([], 10, (), id="empty"),
        pytest.param([""], 10, ("",), id="an empty argument"),
        pytest.param(["sh", "-c", "a\nb"], 99, ("sh", "-c", r"a\nb"), id="escapes"),
        pytest.param([b"sh", "\udcff"], 99, ("sh", r"\xff"), id="bytes and text"),
        pytest.param(["abc", "def"], 7, ("abc", "def"), id="fits, with the blank"),
        pytest.param(["abc", "defg"], 7, ("abc", "de…", "…"), id="last one cut"),
        pytest.param(["abc", "def", "g"], 7, ("abc", "def", "…"), id="one left out"),
        pytest.param(["abc", "def"], 3, ("abc", "…"), id="room for the first"),
        pytest.param(["abcd"], 3, ("ab…", "…"), id="first one cut"),
        pytest.param(["…"], 9, ("…",), id="a mark of its own"),
    ],
)
def test_arguments_share_the_room(
    argv: list[str | bytes], total: int, shown: tuple[str, ...]
) -> None:
    assert safe_argv(argv, total) == shown


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["x" * 131_133], id="one long argument"),
        pytest.param(["\x1b" * 131_133], id="one long argument of escapes"),
        pytest.param([""] * 131_133, id="many empty arguments"),
        pytest.param(["ab"] * 131_133, id="many arguments"),
    ],
)
def test_arguments_stay_within_four_kib(argv: list[str]) -> None:
    shown = safe_argv(argv)
    assert shown[-1] == "…"
    assert 4000 <= len(" ".join(shown)) <= 4096 + len(" …")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/cmdline (Linux)")
def test_arguments_of_a_real_process() -> None:
    argv: list[str | bytes] = [
        b"\x1b]0;PWNED\x07\xff",
        "-c",
        "echo ready; read line",
        "[/red]",
        "a\nb",
        "\u202egpj.exe",
        "x" * LONGEST_ARGUMENT,
    ]
    with subprocess.Popen(
        argv, executable="/bin/sh", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        # Popen returns before the kernel has set the arguments.
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        content = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.communicate(b"\n")
    shown = safe_argv(content.rstrip(b"\0").split(b"\0"))
    assert shown[:6] == (
        r"\x1b]0;PWNED\x07\xff",
        "-c",
        "echo ready; read line",
        "[/red]",
        r"a\nb",
        r"\u202egpj.exe",
    )
    assert shown[6].startswith("xxx")
    assert shown[6].endswith("x…")
    assert shown[7:] == ("…",)
    assert len(" ".join(shown)) <= 4096 + len(" …")
