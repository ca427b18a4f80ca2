"""`c`: what is copied, by what means, and that the words say no more than is known."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from porttui.host.clipboard import CopyOutcome
from tests.making import listener, process
from tests.scripted import ScriptedClipboard, ScriptedMachine, developers_machine
from tests.ui.stage import ScriptedStage, on_stage

NODE = process(4213, "node")


@contextmanager
def written_by(stage: ScriptedStage) -> Iterator[list[str]]:
    """What is written to the terminal meanwhile."""
    driver = stage.app._driver
    assert driver is not None
    written: list[str] = []
    write = driver.write
    driver.write = written.append  # type: ignore[method-assign,assignment]
    try:
        yield written
    finally:
        driver.write = write  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("address", "copied"),
    [
        ("127.0.0.1", "127.0.0.1:3000"),
        ("::1", "[::1]:3000"),
        ("0.0.0.0", "0.0.0.0:3000"),
        ("fe80::1%eth0", "[fe80::1%eth0]:3000"),
        ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]:3000"),
    ],
)
async def test_c_copies_the_address_of_the_row(address: str, copied: str) -> None:
    async with on_stage(ScriptedMachine([listener(address, 3000, held_by=[NODE])])) as stage:
        await stage.press("c")
        await stage.say(f"Copied {copied} (xclip)")
        assert stage.clipboard.copied == [copied]


async def test_c_copies_the_servers_end_of_a_connection_and_the_ports_of_a_range() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("2", "c")
        await stage.until(lambda: stage.clipboard.copied == ["127.0.0.1:3000"])
        await stage.press("3", "c")
        await stage.until(lambda: stage.clipboard.copied[1:] == ["32768-60999"])


_WORDS = {
    CopyOutcome.CONFIRMED: "Copied 127.0.0.1:3000 (xclip)",
    CopyOutcome.UNCONFIRMED: (
        "Sent 127.0.0.1:3000 to the tmux buffer; your terminal may have it, too"
    ),
    CopyOutcome.TERMINAL: ("Sent 127.0.0.1:3000 to the terminal's clipboard (OSC 52, unconfirmed)"),
    CopyOutcome.UNAVAILABLE: "No clipboard here; select it: 127.0.0.1:3000",
}


@pytest.mark.parametrize("outcome", list(CopyOutcome))
async def test_each_outcome_has_its_words(outcome: CopyOutcome) -> None:
    clipboard = ScriptedClipboard(outcome)
    async with on_stage(developers_machine(), clipboard=clipboard) as stage:
        await stage.press("c")
        await stage.say(_WORDS[outcome])
        said_copied = "Copied" in stage.text
        assert said_copied == (outcome is CopyOutcome.CONFIRMED), "only what is sure is 'copied'"


@pytest.mark.parametrize("outcome", list(CopyOutcome))
async def test_osc_52_is_sent_only_where_the_terminal_is_to_take_it(outcome: CopyOutcome) -> None:
    clipboard = ScriptedClipboard(outcome)
    async with on_stage(developers_machine(), clipboard=clipboard) as stage:
        with written_by(stage) as written:
            await stage.press("c")
            await stage.say(_WORDS[outcome])
        code = base64.b64encode(b"127.0.0.1:3000").decode()
        sent = [text for text in written if "\x1b]52;" in text]
        expected = [f"\x1b]52;c;{code}\a"] if outcome is CopyOutcome.TERMINAL else []
        assert sent == expected


@pytest.mark.parametrize("outcome", list(CopyOutcome))
async def test_the_text_is_shown_to_be_selected_only_where_nothing_takes_it(
    outcome: CopyOutcome,
) -> None:
    clipboard = ScriptedClipboard(outcome)
    async with on_stage(developers_machine(), clipboard=clipboard) as stage:
        await stage.press("c")
        await stage.say(_WORDS[outcome])
        await stage.pilot.pause()
        if outcome is CopyOutcome.UNAVAILABLE:
            assert stage.dialog == "ShowText"
            await stage.see("Not copied: there is no display here; no OSC 52 either.")
            assert "127.0.0.1:3000" in stage.box, "alone on its line, to be selected"
            await stage.press("escape")
        assert stage.dialog == ""


async def test_c_says_that_there_is_nothing_to_copy() -> None:
    async with on_stage(ScriptedMachine()) as stage:
        await stage.press("c")
        await stage.say("There is no row here to copy")
        assert stage.clipboard.copied == []


async def test_escape_clears_the_message() -> None:
    async with on_stage(developers_machine()) as stage:
        await stage.press("c")
        await stage.say("Copied")
        await stage.press("escape")
        assert "Copied" not in stage.text


async def test_c_copies_what_is_gone_but_still_shown() -> None:
    async with on_stage(ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])) as stage:
        await stage.sample()
        await stage.press("c")
        await stage.say("Copied 127.0.0.1:3000")
