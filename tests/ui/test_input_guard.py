"""Input from a terminal: what Textual's parser gets, and that it can read all of it."""

from __future__ import annotations

import random

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from porttui.ui.input_guard import BURST_S, ESCAPE_S, PASTE_EXIT_PAUSE_S, InputGuard


class Typist:
    """Feeds a guard, with a clock of its own, and Textual's parser with what the guard lets by."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.guard = InputGuard()
        self._parser = XTermParser()

    def type(self, data: bytes, after_s: float = 1.0) -> list[Message]:
        """What the application would be told of it, and of the pause behind it."""
        self.now += after_s
        passed = self.guard.feed(data, self.now)
        return self._parsed(passed)

    def wait(self, seconds: float) -> list[Message]:
        self.now += seconds
        return self._parsed(self.guard.poll(self.now))

    def _parsed(self, passed: bytes) -> list[Message]:
        return list(self._parser.feed(passed.decode())) if passed else []


def keys(told: list[Message]) -> list[str]:
    return [each.key for each in told if isinstance(each, events.Key)]


def pasted(told: list[Message]) -> list[str]:
    return [each.text for each in told if isinstance(each, events.Paste)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x", ["x"]),
        (b"/3000\r", ["slash", "3", "0", "0", "0", "enter"]),
        ("é漢🦀".encode(), ["é", "漢", "crab"]),
        (b"\x03\x04\x10\t\x7f", ["ctrl+c", "ctrl+d", "ctrl+p", "tab", "backspace"]),
        (b"\x1b[A\x1b[B\x1bOC\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[F", ["pageup", "pagedown", "home", "end"]),
        (b"\x1b[1~\x1b[4~\x1b[3~\x1b[Z", ["home", "end", "delete", "shift+tab"]),
        (b"\x1b[1;5C\x1b[1;2A\x1b[3;5~", ["ctrl+right", "shift+up", "ctrl+delete"]),
        (b"\x1bOP\x1b[15~\x1b[24~", ["f1", "f5", "f12"]),
        # The kitty keyboard protocol
        (b"\x1b[97u\x1b[97;5u\x1b[13;1u", ["a", "ctrl+a", "enter"]),
        (b"\x1b[97;;97u\x1b[97:65;2;65u", ["a", "A"]),
        (b"\x1b[97;1:1u\x1b[97;1:2u\x1b[97;1:3u", ["a", "a"]),
        (b"\x1b[1;1:1A\x1b[1;1:3A\x1b[27u", ["up", "escape"]),
    ],
)
def test_keys_are_keys(data: bytes, expected: list[str]) -> None:
    assert keys(Typist().type(data)) == expected


def test_an_escape_is_the_key_when_nothing_follows() -> None:
    typist = Typist()
    assert typist.type(b"\x1b") == []
    assert typist.wait(ESCAPE_S / 2) == []
    assert keys(typist.wait(ESCAPE_S)) == ["escape"]
    assert keys(typist.type(b"\x1b\x1b") + typist.wait(ESCAPE_S)) == ["escape", "escape"]


def test_a_sequence_that_is_cut_by_a_read_is_whole() -> None:
    typist = Typist()
    told = [typist.type(bytes([byte]), 0.01) for byte in b"\x1b[1;5C\xe6\xbc\xa2"]
    assert [keys(each) for each in told if each] == [["ctrl+right"], ["漢"]]


@pytest.mark.parametrize(
    "data",
    [
        b"\xe9",
        b"\xff\xfe",
        b"\xc3",
        b"\xc2\x9b31m",
        b"\xed\xa0\x80",
        b"\x1b[M \xd0\x21",
        b"\x1b[99999999u",
        b"\x1b[55296u",
        b"\x1b[;u",
        b"\x1b[97;1;120:121u",
        b"\x1b[121~",
        b"\x1b[97;999u",
        b"\x1b[8;9999;9999t",
        b"\x1b[48;40;120;0;0t",
        b"\x1b[48;99999;99999;1;1t",
        b"\x1b[?2048;2$y",
        b"\x1b[?1;2c",
        b"\x1b[12;40R",
        b"\x1b]11;rgb:ffff/ffff/ffff\x07",
        b"\x1b]52;c;eHk=\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b[<999999999999;1;1M",
        b"\x1b[<;;M",
        b"\x1b[<-1;-1;-1M",
        b"\x1b[[A",
        b"\x1bOx",
        b"\x1bx",
        b"\x1b[31",
        b"\x1b[" + b"1;" * 100,
    ],
)
def test_what_means_nothing_is_dropped(data: bytes) -> None:
    typist = Typist()
    assert [*typist.type(data), *typist.wait(ESCAPE_S)] == []
    assert keys(typist.type(b"y")) == ["y"], "it is over"


@pytest.mark.parametrize(
    "data", [b"\xe9", b"yf\x1b[8;1;1t", b"\x1b]0;t\x07", b"\x1bx", b"\x1b[121~"]
)
def test_the_rest_of_a_burst_behind_something_unknown_is_no_key(data: bytes) -> None:
    for more in (b"xy", b"\x1b[121u", b"\x1bOA", b"\x1b[200~xy\x1b[201~xy"):
        typist = Typist()
        told = typist.type(data + more) + typist.type(b"y", BURST_S / 2)
        assert (keys(told), pasted(told)) == ([], [])
        assert keys(typist.type(b"y", BURST_S * 2)) == ["y"]


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (b"3000", "3000"),
        (b"hello \x1b[31mxy there\x1b[0m", "hello xy there"),
        (b"\x1b[31mxy", "xy"),
        (b"a\nxy\r\n", "a xy  "),
        (b"\x1b[Ixy", "xy"),
        (b"\x1b]0;title\x07xy", "xy"),
        (b"\x1b]0;title\x1b\\xy", "xy"),
        (b"a\x1b", "a"),
        (b"a\x00\xe9\xff b", "a  b"),
        ("naïve 🦀".encode(), "naïve 🦀"),
        (b"\x1b[200~x", "x"),
    ],
)
def test_a_paste_is_text_until_its_end_mark(inside: bytes, text: str) -> None:
    told = Typist().type(b"\x1b[200~" + inside + b"\x1b[201~")
    assert (pasted(told), keys(told)) == ([text], [])


def test_a_paste_in_many_reads_is_one() -> None:
    typist = Typist()
    assert typist.type(b"\x1b[200~") == []
    told = [typist.type(bytes([each]), 0.2) for each in b"x \x1b[31my\x1b[201~"]
    assert [keys(each) for each in told if keys(each)] == []
    assert [pasted(each) for each in told if pasted(each)] == [["x y"]]


def test_what_follows_a_paste_in_its_burst_is_no_key() -> None:
    typist = Typist()
    told = typist.type(b"\x1b[200~a\x1b[201~xy\x1b[201~") + typist.type(b"y", BURST_S / 2)
    assert (pasted(told), keys(told)) == (["a"], [])
    assert keys(typist.type(b"y", BURST_S * 2)) == ["y"]


def test_a_paste_whose_end_is_lost_can_be_left() -> None:
    typist = Typist()
    assert typist.type(b"\x1b[200~abc") == []
    assert typist.type(b"y", 0.5) == typist.type(b"xy", 5.0) == []
    assert typist.type(b"\x03", PASTE_EXIT_PAUSE_S / 2) == []
    assert keys(typist.type(b"\x1b", PASTE_EXIT_PAUSE_S)) == ["escape"]
    assert keys(typist.type(b"x")) == ["x"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b[27u", ["escape"]),
        (b"\x1b[27;129:1u", ["escape"]),
        (b"\x1b[99;5u", ["ctrl+c"]),
        (b"\x1b[99;69:1u", ["ctrl+c"]),
        (b"\x1b[99;2u", []),
        (b"\x1b[27;1:3u", []),
    ],
)
def test_the_ways_out_of_a_paste_are_those_of_the_kitty_protocol_too(
    data: bytes, expected: list[str]
) -> None:
    typist = Typist()
    typist.type(b"\x1b[200~abc")
    assert keys(typist.type(data, PASTE_EXIT_PAUSE_S)) == expected


def test_a_paste_of_a_megabyte_is_cut() -> None:
    typist = Typist()
    [text] = pasted(typist.type(b"\x1b[200~" + b"A 3000 \x1b[31m\n" * 80000 + b"\x1b[201~"))
    assert len(text) < 1 << 17
    assert keys(typist.type(b"x")) == ["x"]


def test_reports_of_the_terminal_are_told() -> None:
    told = Typist().type(b"\x1b[I\x1b[O\x1b[<0;5;7M\x1b[<35;9;9m\x1b[?2026;2$y")
    assert [type(each).__name__ for each in told] == [
        "AppFocus",
        "AppBlur",
        "MouseDown",
        "MouseMove",
        "TerminalSupportsSynchronizedOutput",
    ]


def test_the_mouse_does_not_prolong_a_burst() -> None:
    """Motion is reported all the time, and is no part of what is typed or pasted."""
    typist = Typist()
    typist.type(b"\x1b[200~a\x1b[201~xy")
    last_input_at = typist.guard.last_input_at
    for _ in range(3):
        typist.type(b"\x1b[<35;9;9M\x1b[I", BURST_S / 2)
    assert typist.guard.last_input_at == last_input_at
    assert keys(typist.type(b"q", 0.001)) == ["q"]


SEEDS = range(20)
KINDS = (
    lambda r: bytes(r.randrange(256) for _ in range(r.randrange(1, 40))),
    lambda r: b"\x1b[" + bytes(r.choices(b"0123456789;:?<$~uAmMtRIO[ ", k=r.randrange(1, 20))),
    lambda r: b"\x1b[200~" + bytes(r.randrange(256) for _ in range(r.randrange(30))),
    lambda _: b"\x1b[201~",
    lambda r: b"\x1b" + bytes(r.choices(b"[O]PX^_\x1b\x07", k=r.randrange(1, 5))),
    lambda r: bytes(r.choices(b"\xc3\xe2\x82\xac\xf0\x9f\xff", k=r.randrange(1, 9))),
)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_comes_in_textual_reads_what_goes_on(seed: int) -> None:
    """10,000 inputs in all; the parser never raises, and takes nothing apart."""
    rng = random.Random(seed)
    typist = Typist()
    for _ in range(500):
        data = rng.choice(KINDS)(rng)
        for told in (typist.type(data, rng.choice([0.001, 0.03, 0.2, 2.0])), typist.wait(0.2)):
            # An escape sequence that Textual does not know becomes this, and then its characters.
            assert "circumflex_accent" not in keys(told) or b"^" in data
    typist.type(b"\x1b", PASTE_EXIT_PAUSE_S)
    typist.wait(1.0)
    assert keys(typist.type(b"j", 2.0)) == ["j"], "it hears as before"


def test_what_nobody_can_have_typed_is_no_row_of_keys() -> None:
    """A terminal without bracketed paste: a text would be carried out letter by letter."""
    typist = Typist()
    told = typist.type(b"the quick brown fox jumps over the lazy dog. " * 2 + b"\rxy")
    assert (told, typist.type(b"y", BURST_S / 2)) == ([], [])
    assert keys(typist.type(b"/300", BURST_S * 2)) == ["slash", "3", "0", "0"]


def test_of_motion_without_a_pause_the_last_is_told() -> None:
    moves = b"".join(b"\x1b[<35;%d;7M" % column for column in range(1, 80))
    for data in (moves, b"a" + moves):
        told = [each for each in Typist().type(data) if isinstance(each, events.MouseMove)]
        assert [each.x for each in told] == [78]
