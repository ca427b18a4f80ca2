"""What is written can be read, whatever the theme."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from textual.app import App, ComposeResult
from textual.theme import BUILTIN_THEMES

from porttui.model.kernel import PortRange, RangeName
from porttui.ui.widgets.columns import Cell, Column, Tone
from porttui.ui.widgets.keyed_table import KeyedTable
from porttui.ui.widgets.range_strip import RangeStrip


class Port(NamedTuple):
    """A row."""

    key: int


class StripApp(App[None]):
    """The picture of the port space alone."""

    CSS = "RangeStrip { background: $surface; color: $foreground; }"

    def compose(self) -> ComposeResult:
        yield RangeStrip()


@pytest.mark.parametrize("theme", BUILTIN_THEMES)
async def test_every_label_of_the_port_space_differs_from_its_ground(theme: str) -> None:
    app = StripApp()
    async with app.run_test(size=(100, 10)) as pilot:
        app.theme = theme
        strip = app.query_one(RangeStrip)
        strip.show(PortRange(RangeName.EPHEMERAL, 32768, 60999, ()), [1] * 64)
        await pilot.pause()
        written = [
            segment
            for y in range(4)
            for segment in strip.render_line(y)
            if segment.text.strip() and segment.style
        ]
        assert any("ephemeral" in segment.text for segment in written)
        for segment in written:
            assert segment.style is not None
            color, ground = segment.style.color, segment.style.bgcolor
            assert color is not None
            # The terminal's default colour is another one for text than for its ground.
            assert color != ground or color.is_default, segment.text


async def test_styles_are_of_the_theme_of_the_moment() -> None:
    app = StripApp()
    async with app.run_test(size=(100, 10)) as pilot:
        strip = app.query_one(RangeStrip)
        seen = set()
        for theme in ("textual-dark", "textual-light", "dracula"):
            app.theme = theme
            await pilot.pause()
            seen.add(next(segment.style for segment in strip.render_line(1)))
        assert len(seen) == 3


async def test_a_persons_style_sheet_reaches_the_parts() -> None:
    class Restyled(StripApp):
        CSS = """
        RangeStrip > .range-strip--scale { color: #123456; }
        KeyedTable > .table--error { color: #654321; }
        """

        def compose(self) -> ComposeResult:
            yield RangeStrip()
            yield KeyedTable([Column[Port]("port", "PORT", 6, lambda _: Cell("80", Tone.ERROR))])

    app = Restyled()
    async with app.run_test(size=(100, 10)) as pilot:
        table: KeyedTable[Port] = app.query_one(KeyedTable)
        table.show([Port(80)])
        await pilot.pause()
        for line, color in (
            (app.query_one(RangeStrip).render_line(0), "#123456"),
            (table.render_line(1), "#654321"),
        ):
            colors = {
                segment.style.color.name
                for segment in line
                if segment.style and segment.style.color
            }
            assert color in colors
