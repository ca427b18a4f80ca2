"""Toasts: once when something begins to run out, and once when that is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.app import App

from porttui.analysis.alarms import Alarms, Announcement
from porttui.forecast.gauges import WARN, Gauge
from porttui.model.forecast import Level
from porttui.text.forecast import left_text, title, verdict
from porttui.text.numbers import count
from porttui.ui.keymap import shown_key

_SHOWN_S = 10


class Announcer:
    """Remembers for one application what has been announced."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._alarms = Alarms()

    def hear(self, gauges: Sequence[Gauge]) -> None:
        """Of another forecast, the worst first."""
        self._alarms, announcements = self._alarms.update(gauges, WARN)
        self._tell([each for each in announcements if not each.has_recovered], "warning")
        self._tell([each for each in announcements if each.has_recovered], "information")

    def _tell(
        self, announcements: Sequence[Announcement], severity: Literal["warning", "information"]
    ) -> None:
        if announcements:
            rest = (
                f" (and {count(len(announcements) - 1)} more, key {shown_key('pane(3)')})"
                if len(announcements) > 1
                else ""
            )
            words = _words(announcements[0]) + rest
            self._app.notify(words, severity=severity, timeout=_SHOWN_S, markup=False)


def _words(announcements: Announcement) -> str:
    gauge = announcements.gauge
    if announcements.is_gone:
        return f"Over: {title(gauge)} is no longer among the worst"
    if announcements.has_recovered:
        return f"Recovered: {title(gauge)}: {left_text(gauge)}"
    said = verdict(gauge)
    return said if gauge.level is Level.EXHAUSTED else f"{gauge.level.value.capitalize()}: {said}"
