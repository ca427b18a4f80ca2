"""Toasts: once when something begins to run out, and once when that is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.app import App

from porttui.analysis.alarms import Alarms, News
from porttui.forecast.gauges import WARN, Gauge
from porttui.model.forecast import Level
from porttui.text.forecast import left_words, title, verdict
from porttui.text.numbers import count

_SHOWN_S = 10


class Announcer:
    """Remembers for one application what has been announced."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._alarms = Alarms()

    def hear(self, gauges: Sequence[Gauge]) -> None:
        """Of another forecast, the worst first."""
        self._alarms, news = self._alarms.then(gauges, WARN)
        self._tell([each for each in news if not each.is_over], "warning")
        self._tell([each for each in news if each.is_over], "information")

    def _tell(self, news: Sequence[News], severity: Literal["warning", "information"]) -> None:
        if news:
            rest = f" (and {count(len(news) - 1)} more, key 3)" if len(news) > 1 else ""
            words = _words(news[0]) + rest
            self._app.notify(words, severity=severity, timeout=_SHOWN_S, markup=False)


def _words(news: News) -> str:
    gauge = news.gauge
    if news.is_gone:
        return f"Over: {title(gauge)} is no longer among the worst"
    if news.is_over:
        return f"Recovered: {title(gauge)}: {left_words(gauge)}"
    said = verdict(gauge)
    return said if gauge.level is Level.EXHAUSTED else f"{gauge.level.value.capitalize()}: {said}"
