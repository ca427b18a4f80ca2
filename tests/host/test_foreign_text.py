"""Foreign strings: what is shown of them, and that nothing in them reaches the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from porttui.host.foreign_text import safe, safe_argv

LONGEST_ARGUMENT = 131_071
"""Bytes of one argument (execve(2), MAX_ARG_STRLEN less its NUL)."""


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nginx: worker process",
        "[/red]",
        r"C:\Program Files\node.exe",
        "naïve",
        "cafe\u0301",
        "日本語",
        "עברית",
        "🦀",
        "❤\ufe0f",
        'it\'s "quoted" $HOME `id`',
        "…",
    ],
)
def test_printable_text_stays_as_it_is(raw: str) -> None:
    assert safe(raw) == raw
    assert safe(raw.encode()) == raw


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
    ],
)
def test_everything_else_is_escaped(raw: str, shown: str) -> None:
    assert safe(raw) == shown


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
    assert safe(raw) == shown


def test_every_character_comes_out_printable() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = safe(every, limit=sys.maxsize // 8)
    assert shown.isprintable()
    assert shown.encode()


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
    assert safe(raw, limit) == shown
    assert safe(raw.encode(), limit) == shown


@pytest.mark.parametrize("character", ["a", "é", "€", "🦀", "\x1b", "\u202e"])
@pytest.mark.parametrize("limit", [1, 2, 5, 199, 200, 201])
def test_bytes_and_text_are_cut_alike(character: str, limit: int) -> None:
    for count in (limit - 1, limit, limit + 1, 10 * limit):
        shown = safe(character * count, limit)
        assert shown == safe((character * count).encode(), limit)
        assert len(shown) <= limit
        assert shown.endswith("…") == (count * len(safe(character)) > limit)


def test_only_the_head_of_an_endless_text_is_looked_at() -> None:
    class Watched(bytes):
        """Fails when it is read whole."""

        def decode(self, *_: str) -> str:
            raise AssertionError("read whole")

    assert safe(Watched(b"x" * 131_133)) == "x" * 199 + "…"
    assert safe("\x1b" * 131_133) == r"\x1b" * 49 + "…"


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


def test_escaping_imports_nothing() -> None:
    """A process that gave up root may no longer reach its interpreter's library."""
    program = """
import sys
from porttui.host.foreign_text import safe
before = set(sys.modules)
assert safe("\\x1b\\n\\u202e") == r"\\x1b\\n\\u202e"
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stdout == b"\n", done


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
        # Popen returns before the kernel has put the arguments in their place.
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
