"""`c`: what is copied, by what means, and that the words say no more than is known."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from porttui.host.clipboard import CopyOutcome
from tests.making import listener, process
from tests.scripted import ScriptedClipboard, ScriptedMachine, developers_machine
from tests.ui.session import ScriptedSession, scripted_session

NODE = process(4213, "node")


@contextmanager
def written_by(session: ScriptedSession) -> Iterator[list[str]]:
    """What is written to the terminal meanwhile."""
    driver = session.app._driver
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
    async with scripted_session(
        ScriptedMachine([listener(address, 3000, held_by=[NODE])])
    ) as session:
        await session.press("c")
        await session.await_status(f"Copied {copied} (xclip)")
        assert session.clipboard.copied == [copied]


async def test_c_copies_the_servers_end_of_a_connection_and_the_ports_of_a_range() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("2", "c")
        await session.until(lambda: session.clipboard.copied == ["127.0.0.1:3000"])
        await session.press("3", "c")
        await session.until(lambda: session.clipboard.copied[1:] == ["32768-60999"])


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
    async with scripted_session(developers_machine(), clipboard=clipboard) as session:
        await session.press("c")
        await session.await_status(_WORDS[outcome])
        said_copied = "Copied" in session.text
        assert said_copied == (outcome is CopyOutcome.CONFIRMED), "only what is sure is 'copied'"


@pytest.mark.parametrize("outcome", list(CopyOutcome))
async def test_osc_52_is_sent_only_where_the_terminal_is_to_take_it(outcome: CopyOutcome) -> None:
    clipboard = ScriptedClipboard(outcome)
    async with scripted_session(developers_machine(), clipboard=clipboard) as session:
        with written_by(session) as written:
            await session.press("c")
            await session.await_status(_WORDS[outcome])
        code = base64.b64encode(b"127.0.0.1:3000").decode()
        sent = [text for text in written if "\x1b]52;" in text]
        expected = [f"\x1b]52;c;{code}\a"] if outcome is CopyOutcome.TERMINAL else []
        assert sent == expected


@pytest.mark.parametrize("outcome", list(CopyOutcome))
async def test_the_text_is_shown_to_be_selected_only_where_nothing_takes_it(
    outcome: CopyOutcome,
) -> None:
    clipboard = ScriptedClipboard(outcome)
    async with scripted_session(developers_machine(), clipboard=clipboard) as session:
        await session.press("c")
        await session.await_status(_WORDS[outcome])
        await session.pilot.pause()
        if outcome is CopyOutcome.UNAVAILABLE:
            assert session.dialog == "ManualCopyDialog"
            await session.await_text("Not copied: there is no display here; no OSC 52 either.")
            assert "127.0.0.1:3000" in session.dialog_lines, "alone on its line, to be selected"
            await session.press("escape")
        assert session.dialog == ""


async def test_c_says_that_there_is_nothing_to_copy() -> None:
    async with scripted_session(ScriptedMachine()) as session:
        await session.press("c")
        await session.await_status("There is no row here to copy")
        assert session.clipboard.copied == []


async def test_escape_clears_the_message() -> None:
    async with scripted_session(developers_machine()) as session:
        await session.press("c")
        await session.await_status("Copied")
        await session.press("escape")
        assert "Copied" not in session.text


async def test_c_copies_what_is_gone_but_still_shown() -> None:
    async with scripted_session(
        ScriptedMachine([listener("127.0.0.1", 3000, held_by=[NODE])])
    ) as session:
        await session.sample()
        await session.press("c")
        await session.await_status("Copied 127.0.0.1:3000")
