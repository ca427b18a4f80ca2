"""Toasts when a resource runs low, and when it has recovered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.app import App

from porttui.analysis.gauge_history import Alarms, Announcement
from porttui.forecast.gauges import WARN, Gauge
from porttui.model.forecast import Level
from porttui.text import session as session_text
from porttui.text.forecast import left_text, title, verdict
from porttui.ui.keymap import key_text

_TIMEOUT_S = 10


class AlarmToasts:
    """Shows every alarm once."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._alarms = Alarms()

    def update(self, gauges: Sequence[Gauge]) -> None:
        """Announce what changed; `gauges`: of the next forecast, worst first."""
        self._alarms, announcements = self._alarms.update(gauges, WARN)
        self._notify(
            [announcement for announcement in announcements if not announcement.has_recovered],
            "warning",
        )
        self._notify(
            [announcement for announcement in announcements if announcement.has_recovered],
            "information",
        )

    def _notify(
        self, announcements: Sequence[Announcement], severity: Literal["warning", "information"]
    ) -> None:
        if announcements:
            others = (
                session_text.more_alarms(len(announcements) - 1, key_text("pane(3)"))
                if len(announcements) > 1
                else ""
            )
            message = _message(announcements[0]) + others
            self._app.notify(message, severity=severity, timeout=_TIMEOUT_S, markup=False)


def _message(announcements: Announcement) -> str:
    gauge = announcements.gauge
    if announcements.is_gone:
        return session_text.no_longer_worst(title(gauge))
    if announcements.has_recovered:
        return session_text.recovered(title(gauge), left_text(gauge))
    message = verdict(gauge)
    return (
        message
        if gauge.level is Level.EXHAUSTED
        else f"{gauge.level.value.capitalize()}: {message}"
    )
