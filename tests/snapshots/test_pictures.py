"""The screen to the cell and the colour. To accept a change: `pytest --snapshot-update`, and look.

The machine is scripted and its time stands still, so nothing but the code changes a picture.
A picture is for a layout or a look; what the session says and does is asserted in tests/ui.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from textual.pilot import Pilot

from tests.making import TAKEN_AT, listener, process
from tests.scripted import NODE, WEB, ScriptedClock, ScriptedMachine, developers_machine
from tests.ui.session import LARGE, SMALL, lines_of, make_app, until

Compare = Callable[..., bool]


Change = Callable[[ScriptedMachine], object]


class Picture(NamedTuple):
    """What to press, and what must be on the screen before the picture is taken."""

    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    shows: str = "PORT"
    machine: Change | None = None
    """Makes the machine another one before it is looked at."""
    then: Change | None = None
    """What happens to it after the first look."""


def changes_hands(machine: ScriptedMachine) -> None:
    """Node restarts, uvicorn is gone, deno is new."""
    kept = [each for each in machine.sockets if not {NODE, WEB} & set(each.holders)]
    machine.sockets = (
        *kept,
        listener("127.0.0.1", 3000, held_by=[process(15001, "node", age_s=1)]),
        listener("127.0.0.1", 4000, held_by=[process(15002, "deno", age_s=1)]),
    )


def runs_low(machine: ScriptedMachine) -> None:
    """Nine ephemeral ports of ten are in use."""
    machine.ephemeral = machine.ephemeral and machine.ephemeral._replace(first=52000, last=52012)


PICTURES = {
    "main-120x40": Picture(LARGE),
    "main-160x50": Picture((160, 50)),
    "listening-80x24": Picture(SMALL),
    "main-40x12": Picture((40, 12)),
    "main-20x5": Picture((20, 5)),
    "marks-120x40": Picture(LARGE, ("r",), "deno", then=changes_hands),
    "low-120x40": Picture(LARGE, ("3",), machine=runs_low),
    "typing-120x40": Picture(LARGE, ("slash", *"node"), " /node"),
    "stop-120x40": Picture(LARGE, ("x",), "Stop node"),
    "stopped-120x40": Picture(LARGE, ("x", "y"), "LISTEN 8"),
    "details-120x40": Picture(LARGE, ("enter",), "Esc close"),
    "help-120x40": Picture(LARGE, ("question_mark",), "Look around"),
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedClock]:
    """Every clock that anything on the screen is taken from, in one time zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield ScriptedClock()
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name: str, clock: ScriptedClock, snap_compare: Compare) -> None:
    picture = PICTURES[name]
    machine = developers_machine()
    machine.on_read = lambda: clock.move(0.012)
    machine.now = lambda: TAKEN_AT
    if picture.machine is not None:
        picture.machine(machine)

    async def arrive(pilot: Pilot[Any]) -> None:
        def shown() -> str:
            return "\n".join(lines_of(pilot))

        await until(pilot, lambda: "PORT" in shown() and "scanning" not in shown(), "a sample")
        if picture.then is not None:
            picture.then(machine)
        await pilot.press(*picture.keys)
        await until(pilot, lambda: picture.shows in shown(), picture.shows)

    app = make_app(machine, interval_s=1.0, clock=clock)
    assert snap_compare(app, run_before=arrive, terminal_size=picture.size)
