"""Runs the application over a scripted machine, presses keys and reads the screen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual._context import visible_screen_stack
from textual.geometry import Region
from textual.keys import _character_to_key
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from porttui.analysis.filter import Filter
from porttui.host.clock import SYSTEM_CLOCK, Clock
from porttui.model.address import PortQuery
from porttui.model.socket import Socket
from porttui.sampling.sampler import Sampler
from porttui.settings import Settings
from porttui.stopping.stopper import Stopper
from porttui.ui.app import PorttuiApp
from porttui.ui.messages import SampleTaken
from porttui.ui.services import Services
from porttui.ui.widgets.keyed_table import KeyedTable
from tests.local_dashboards import LocalDashboards
from tests.making import TAKEN_AT
from tests.scripted import ScriptedClipboard, ScriptedMachine

LARGE = (120, 40)
SMALL = (80, 24)

TABLES = ("#listening-table", "#loopback-table", "#ranges-table")

NEVER_S = 86400.0
"""An interval after which no test samples by itself."""


def make_app(
    machine: ScriptedMachine,
    clipboard: ScriptedClipboard | None = None,
    *,
    interval_s: float = NEVER_S,
    wanted: Filter | None = None,
    elevation: str = "sudo porttui",
    watch_s: float = 0.0,
    port_query: PortQuery | None = None,
    key_pause_s: float = 0.0,
    clock: Clock = SYSTEM_CLOCK,
) -> PorttuiApp:
    """The application over a scripted machine; keys are pressed more quickly than by a person."""
    host = machine.host()
    sampler = Sampler(host, now=lambda: TAKEN_AT)
    return PorttuiApp(
        LocalDashboards(sampler, clock),
        lambda: Services(
            host,
            sampler,
            Stopper(host, sampler, watch_s=watch_s, clock=clock),
            clipboard or ScriptedClipboard(),
            lambda url: machine.open_url(url),
            lambda: machine.now(),
        ),
        Settings(
            interval_s=interval_s,
            filter=wanted.text if wanted is not None else "",
            port_query=port_query,
        ),
        elevation=elevation,
        key_pause_s=key_pause_s,
        clock=clock,
    )


async def until(
    pilot: Pilot[Any], condition: Callable[[], object], what: str = "", within_s: float = 20.0
) -> None:
    """Wait until the condition holds; fail with the screen as it is when it never does."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            screen = "\n".join(lines_of(pilot))
            # Not pytest.fail(): what that raises is no Exception, and would leave Textual hanging.
            raise AssertionError(f"{what or 'it'} did not come true within {within_s} s:\n{screen}")
        await pilot.pause()


def lines_of(pilot: Pilot[Any], region: Region | None = None) -> list[str]:
    """The lines of the screen on top, or of a part of it, as they are painted.

    What is drawn here is kept and painted later: without the screens behind it, which Textual
    hands over when it paints by itself, a dialog drawn here first would keep a blank background.
    """
    visible_screen_stack.set(pilot.app._background_screens)
    strips = pilot.app.screen._compositor.render_strips()
    if region is not None:
        strips = [strip.crop(region.x, region.right) for strip in strips[region.y : region.bottom]]
    return [strip.text for strip in strips]


class Session:
    """A running session."""

    def __init__(self, app: PorttuiApp, pilot: Pilot[int], messages: Sequence[Message]) -> None:
        """`messages`: the messages that the application has got."""
        self.app = app
        self.pilot = pilot
        self._messages = messages

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return lines_of(self.pilot)

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines)

    @property
    def flat_text(self) -> str:
        """The screen with its frames and line ends as blanks, and no blank doubled."""
        return " ".join(self.text.translate(_FRAMES).split())

    @property
    def footer(self) -> str:
        """The last line."""
        return self.lines[-1]

    @property
    def status(self) -> str:
        """The line above the footer."""
        return self.lines[-2]

    @property
    def dialog(self) -> str:
        """The name of the dialog on top, "" without one."""
        is_main = self.app.screen is self.app.screen_stack[0]
        return "" if is_main else type(self.app.screen).__name__

    @property
    def dialog_lines(self) -> list[str]:
        """The lines inside the frame of the dialog on top, without the blanks around them."""
        return self._lines_in(self.app.screen.query_one(".dialog").region.shrink((1, 1, 1, 1)))

    @property
    def dialog_text(self) -> str:
        """All that the dialog on top says that is in view, in one line."""
        return " ".join(" ".join(self.dialog_lines).split())

    @property
    def toasts(self) -> str:
        """What the toasts say, in one line."""
        lines = [
            line for toast in self.app.screen.query(Toast) for line in self._lines_in(toast.region)
        ]
        return " ".join(" ".join(lines).split())

    def _lines_in(self, region: Region) -> list[str]:
        return [line.strip(" ▌") for line in lines_of(self.pilot, region)]

    def table(self, number: int = 1) -> KeyedTable[Any]:
        """The table of a pane."""
        return self.app.screen_stack[0].query_one(TABLES[number - 1], KeyedTable)

    @property
    def ports(self) -> list[int]:
        """The ports of the listening pane's rows, from above."""
        return [marked.row.local.port for marked in self.table().rows]

    @property
    def port(self) -> int | None:
        """The port under the listening pane's cursor."""
        marked = self.table().selected
        return None if marked is None else int(marked.row.local.port)

    @property
    def pane(self) -> int:
        """The pane that has the keys."""
        for number in (1, 2, 3):
            if self.table(number).has_focus:
                return number
        return 0

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the one before is done."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Press the keys of a text, as quickly as they come."""
        await self.send_and_wait(*text)

    async def send_and_wait(self, *keys: str) -> None:
        """Send keys all at once and wait until they are done with."""
        self.send_keys(*keys)
        await self.pilot.pause()
        await self.pilot.pause()

    def send_keys(self, *keys: str) -> None:
        """Send keys all at once, as a terminal does that was busy, or a person who is quick."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            driver.send_message(events.Key(name, key if len(key) == 1 else None))

    async def paste(self, text: str) -> None:
        """Paste, as a terminal tells it."""
        driver = self.app._driver
        assert driver is not None
        driver.send_message(events.Paste(text))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until the condition holds."""
        await until(self.pilot, condition, what)

    async def await_text(self, *texts: str) -> None:
        """Wait until all of the texts are on the screen."""
        await self.until(lambda: all(text in self.flat_text for text in texts), repr(texts))

    async def await_status(self, *texts: str) -> None:
        """Wait until all of the texts are in the status line."""
        await self.until(lambda: all(text in self.status for text in texts), repr(texts))

    @property
    def sample_count(self) -> int:
        """How many samples have come to the application."""
        return sum(isinstance(message, SampleTaken) for message in self._messages)


class ScriptedSession(Session):
    """A running session over a scripted machine."""

    def __init__(
        self,
        app: PorttuiApp,
        pilot: Pilot[int],
        messages: Sequence[Message],
        machine: ScriptedMachine,
        clipboard: ScriptedClipboard,
    ) -> None:
        super().__init__(app, pilot, messages)
        self.machine = machine
        self.clipboard = clipboard

    async def sample(self, *sockets: Socket) -> None:
        """Have the machine look so from now on, and the screen show it."""
        self.machine.sockets = sockets
        count_before = self.sample_count
        self.app.action_refresh()
        await self.until(lambda: self.sample_count > count_before, "a new sample")
        await self.pilot.pause()


_FRAMES = str.maketrans("│╭╮╰╯─█▁▔", " " * 9)


@asynccontextmanager
async def scripted_session(
    machine: ScriptedMachine,
    *,
    size: tuple[int, int] = LARGE,
    clipboard: ScriptedClipboard | None = None,
    interval_s: float = NEVER_S,
    wanted: Filter | None = None,
    elevation: str = "sudo porttui",
    sampled: bool = True,
    port_query: PortQuery | None = None,
    key_pause_s: float = 0.0,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[ScriptedSession]:
    """A session with its first sample on the screen, unless it is not `sampled` yet."""
    messages: list[Message] = []
    clipboard = clipboard or ScriptedClipboard()
    app = make_app(
        machine,
        clipboard,
        interval_s=interval_s,
        wanted=wanted,
        elevation=elevation,
        port_query=port_query,
        key_pause_s=key_pause_s,
        clock=clock,
    )
    async with app.run_test(size=size, notifications=True, message_hook=messages.append) as pilot:
        session = ScriptedSession(app, pilot, messages, machine, clipboard)
        try:
            if sampled:
                await session.until(lambda: session.sample_count, "the first sample")
                await pilot.pause()
            yield session
        finally:
            machine.may_read.set()
            machine.may_exit.set()
            machine.may_name.set()
