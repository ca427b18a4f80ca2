"""What is on the screen, and how samples come onto it."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen

from porttui.analysis.board import Board
from porttui.analysis.filter import Filter
from porttui.ui import closed_widgets
from porttui.ui.clock import clock
from porttui.ui.input_guard import BURST_S
from porttui.ui.key_order import KeysInOrder
from porttui.ui.keymap import ACTIONS
from porttui.ui.messages import SampleFailed, SampleTaken, SamplingCrashed
from porttui.ui.panes.deck import Deck
from porttui.ui.sampling_loop import SamplingLoop
from porttui.ui.screens.main_screen import MainScreen
from porttui.ui.widgets.columns import Tone
from porttui.ui.widgets.key_line import KeyLine
from porttui.ui.widgets.status_line import StatusLine
from porttui.ui.widgets.summary_line import SummaryLine

if TYPE_CHECKING:
    from porttui.sampling.boards import BoardSource
    from porttui.ui.announcing import Announcer
    from porttui.ui.widgets.filter_line import FilterLine

_LATE_S = 2.0
"""A sample that takes so much longer than it should is late."""


class Showing(KeysInOrder):
    """An application that shows boards as they come; what keys do is its subclass's part."""

    TITLE = "porttui"
    CSS_PATH = "theme.tcss"

    def __init__(
        self,
        boards: BoardSource,
        *,
        interval_s: float = 1.0,
        wanted: Filter | None = None,
        elevation: str = "sudo porttui",
        key_pause_s: float = BURST_S,
    ) -> None:
        """Begin over these boards.

        Args:
            boards: What the panes show.
            interval_s: From one sample to the next.
            wanted: The filter to begin with.
            elevation: The command that would show hidden owners.
            key_pause_s: See `KeyBurst`.
        """
        super().__init__(key_pause_s=key_pause_s)
        self._interval_s = interval_s
        self._boards = boards
        self._sampling = SamplingLoop(boards, interval_s, self.post_message)
        self._board: Board | None = None
        self._wanted = wanted or Filter()
        self._is_paused = False
        self._has_failed = False
        """What is on the screen is not of now, and that has been said."""
        self._due_at = float("inf")
        """When another sample should be there, at the latest; in monotonic seconds."""
        self._summary = SummaryLine(elevation)
        self._deck = Deck(elevation)
        self._filter_line: FilterLine | None = None
        """Not before it is opened: it would be in the way of the first frame."""
        self._status = StatusLine()
        self._keys = KeyLine([action for action in ACTIONS if action.in_footer])

    def get_default_screen(self) -> Screen[None]:
        """The screen beneath all dialogs."""
        return MainScreen(self._deck, self.size)

    def compose(self) -> ComposeResult:
        """Header, panes, status, keys."""
        yield self._summary
        yield self._deck.tabs
        yield self._deck
        yield self._status
        yield self._keys

    def on_mount(self) -> None:
        """What has been sampled while Textual was imported comes into the first frame."""
        self._deck.begin()
        self._sampling.start()
        self.set_interval(closed_widgets.EVERY_S, closed_widgets.let_go)
        self.set_interval(_LATE_S / 2, self._say_if_late)
        # After `fg` the terminal is blank, and nothing else would paint what has not changed.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def on_unmount(self) -> None:
        """No sample is begun any more."""
        self._sampling.stop()
        self._boards.close()

    # What the threads tell

    @on(SampleTaken)
    def _show_sample(self, message: SampleTaken) -> None:
        if self._board is not None:  # with the first one all else is shown, too
            begun_s = time.thread_time()
            self.call_after_refresh(lambda: self._sampling.shown(time.thread_time() - begun_s))
        self._board = message.board
        self._expect_sample(message.period_s)
        if self._has_failed:
            self._has_failed = False
            self._say("")
        with self.batch_update():
            self._show_board()
            self._summary.show(message.board.summary)
        self.call_after_refresh(lambda: self._announcer.hear(message.board.gauges))
        if message.took_s is not None:
            self._status.show_facts(self._pace(message.board, message.took_s, message.period_s))

    @on(SampleFailed)
    def _keep_old_board(self, message: SampleFailed) -> None:
        self._say_what_is_shown(f"No sample: {message.reason}.")

    def _expect_sample(self, within_s: float) -> None:
        self._due_at = time.monotonic() + within_s + 2 * self._interval_s + _LATE_S

    def _say_if_late(self) -> None:
        """What is shown is not of now: the machine, or the process that samples it, hangs."""
        if not self._has_failed and not self._is_paused and time.monotonic() > self._due_at:
            self._say_what_is_shown("The next sample is late.")

    def _say_what_is_shown(self, why: str) -> None:
        """It is not of now."""
        self._has_failed = True
        shown = f" Shown is {clock(self._board.snapshot.taken_at)}." if self._board else ""
        self._say(why + shown, Tone.ERROR)
        self._status.show_facts("not live")

    @on(SamplingCrashed)
    def _crash(self, message: SamplingCrashed) -> None:
        raise message.error

    @cached_property
    def _announcer(self) -> Announcer:
        """What runs out is on the screen: it is announced when that has been painted."""
        from porttui.ui.announcing import Announcer

        return Announcer(self)

    def _open_filter(self) -> None:
        if self._filter_line is None:
            from porttui.ui.widgets.filter_line import FilterLine

            self._filter_line = FilterLine()
            self.screen_stack[0].mount(self._filter_line, before=self._status)
        self._filter_line.open(self._wanted)

    def on_filter_line_rejected(self, message: FilterLine.Rejected) -> None:
        """Keep what is in force. (By its name, for the line is imported when it is opened.)"""
        if self._filter_line and self._filter_line.is_bad:
            self._say(f"{message.reason}; the rows of the last good filter stay", Tone.ERROR)

    def _pace(self, board: Board, took_s: float, period_s: float) -> str:
        facts = [str(problem) for problem in board.snapshot.problems]
        facts.append(f"live {self._interval_s:g} s")
        if period_s > self._interval_s * 1.05:
            facts.append(f"whole machine every {period_s:.1f} s, a sample takes {took_s:.1f} s")
        else:
            facts.append(f"{took_s * 1000:.0f} ms a sample")
        return " · ".join([*facts, board.snapshot.source])

    def _apply(self, wanted: Filter) -> None:
        self._wanted = wanted
        self._show_board()

    def _show_board(self) -> None:
        if self._board is not None:
            self._deck.show_board(self._board, self._wanted)

    def _say(self, message: str, tone: Tone = Tone.PLAIN) -> None:
        self._status.say(message, tone)
