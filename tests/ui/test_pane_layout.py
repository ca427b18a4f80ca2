"""Where panes and lines lie: the whole screen is theirs, and no place is two's."""

from __future__ import annotations

import pytest
from textual.geometry import Region

from porttui.ui.panes.pane import Pane
from porttui.ui.panes.pane_layout import PaneLayout
from tests.scripted import developers_machine
from tests.ui.session import ScriptedSession, scripted_session

TITLES = ("1 Listening", "2 Loopback", "3 Ranges")


def in_view(session: ScriptedSession) -> list[Region]:
    """Lines and panes that lie on the screen, but for toasts and tooltips, which float."""
    lines = [
        each
        for each in session.app.screen_stack[0].children
        if type(each).__module__.startswith("porttui.ui.") and not isinstance(each, PaneLayout)
    ]
    return [each.region for each in (*lines, *session.app.query(Pane)) if each.display]


def frames(session: ScriptedSession) -> int:
    """Upper edges of panes."""
    return sum(line.count("╭") for line in session.lines)


@pytest.mark.parametrize(
    "size", [(200, 60), (121, 41), (120, 40), (112, 33), (111, 33), (112, 32), (80, 24), (30, 8)]
)
async def test_the_whole_screen_is_shared_out_and_no_place_twice(size: tuple[int, int]) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        for keys in ((), ("slash",), ("escape",), ("3",)):
            await session.press(*keys)
            regions = in_view(session)
            assert sum(each.area for each in regions) == size[0] * size[1], keys
            for at, one in enumerate(regions):
                assert not any(one.overlaps(other) for other in regions[at + 1 :]), keys
                assert Region(0, 0, *size).contains_region(one), keys


async def test_panes_have_their_proportions() -> None:
    async with scripted_session(developers_machine(), size=(121, 40)) as session:
        above, left, right = (pane.region for pane in session.app.query(Pane))
        assert (above.width, above.height) == (121, 18)
        assert (left.height, right.height) == (19, 19)
        assert (left.width, right.width) == (60, 61)


@pytest.mark.parametrize(
    ("size", "panes", "has_tabs"),
    [
        ((112, 33), 3, False),
        ((111, 33), 1, True),
        ((112, 32), 1, True),
        ((80, 13), 1, True),
        ((80, 12), 0, True),
        ((80, 7), 0, True),
    ],
)
async def test_what_fits_is_in_view(size: tuple[int, int], panes: int, has_tabs: bool) -> None:
    async with scripted_session(developers_machine(), size=size) as session:
        assert frames(session) == panes
        assert any(all(title in line for title in TITLES) for line in session.lines) is has_tabs
        assert ("LISTEN 10" in session.text) is (size[1] >= 8)
        await session.pilot.resize_terminal(120, 40)
        assert frames(session) == 3
        await session.pilot.resize_terminal(*size)
        assert frames(session) == panes


async def test_the_line_of_the_filter_takes_its_room_and_gives_it_back() -> None:
    async with scripted_session(developers_machine(), size=(112, 33)) as session:
        before = [pane.region for pane in session.app.query(Pane)]
        await session.press("slash")
        assert sum(pane.region.area for pane in session.app.query(Pane)) == 112 * 29
        await session.press("escape")
        assert [pane.region for pane in session.app.query(Pane)] == before


async def test_a_click_into_a_pane_makes_it_the_active_one() -> None:
    async with scripted_session(developers_machine(), size=(120, 40)) as session:
        for number, pane in ((2, "#loopback"), (3, "#ranges"), (1, "#listening")):
            region = session.app.query_one(pane).region
            await session.pilot.click(offset=(region.x + 2, region.bottom - 2))
            await session.pilot.pause()
            assert session.pane == number
