"""Nothing is kept of widgets that are closed: memory stays flat over hours."""

from __future__ import annotations

import gc
import weakref

import pytest
from textual._styles_cache import StylesCache

from porttui.ui import app as application
from porttui.ui.app import PorttuiApp
from tests.scripted import developers_machine
from tests.ui.session import LARGE, lines_of, make_app, until


def painted_lines(app: PorttuiApp) -> list[weakref.ref[StylesCache]]:
    """What each widget of the screen keeps of itself."""
    return [weakref.ref(each._styles_cache) for each in app.screen.query("*")]


async def test_of_dialogs_that_are_closed_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(application, "CLEAR_CACHE_INTERVAL_S", 0.05)
    closed: list[weakref.ref[StylesCache]] = []

    def are_gone() -> bool:
        gc.collect()
        return all(each() is None for each in closed)

    app = make_app(developers_machine())
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await until(pilot, lambda: "node 4213" in "".join(lines_of(pilot)), "the first sample")
        for _ in range(3):
            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == 2, "the details")
            closed += painted_lines(app)
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1, "they are closed")
        await until(pilot, are_gone, "that they are gone")
