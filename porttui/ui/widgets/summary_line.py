"""The header line: counts of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from porttui.analysis.dashboard import Summary
from porttui.model.forecast import Level
from porttui.text import session as session_text
from porttui.text.forecast import short_title
from porttui.text.numbers import count, percent
from porttui.ui.keymap import key_text

_STRONG = "summary-line--strong"
_ALERT = "summary-line--alert"
_PAUSED = session_text.paused(key_text("pause"))


class _Part(NamedTuple):
    text: str
    short: str
    drop_rank: int
    """On a narrow screen the highest is shortened first, then dropped first."""
    style: str = ""
    """A component class, "" for none."""


class SummaryLine(Widget):
    """Labelled counts; the least important are dropped on narrow screens."""

    DEFAULT_CSS = """
    SummaryLine { height: 1; background: $panel; color: $foreground; }
    SummaryLine > .summary-line--strong { text-style: bold; }
    SummaryLine > .summary-line--alert { text-style: bold reverse; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_STRONG, _ALERT}

    GAP = 2

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        super().__init__()
        self._elevation = elevation
        self._summary: Summary | None = None
        self._is_paused = False

    def show(self, summary: Summary) -> None:
        """Show these counts."""
        if summary != self._summary:
            self._summary = summary
            self.refresh()

    def show_paused(self, paused: bool) -> None:
        """Show or hide PAUSED."""
        self._is_paused = paused
        self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002  there is one
        """The line, exactly as wide as there is room."""
        width, plain = self.size.width, self.rich_style
        paused = _PAUSED if self._is_paused else ""
        room = width - 2 - (len(paused) + self.GAP if paused else 0)
        segments = [Segment(" ", plain)]
        for part in _fit_parts(list(self._parts()), room, self.GAP):
            style = self.get_component_rich_style(part.style) if part.style else plain
            segments.append(Segment(part.text, style))
            segments.append(Segment(" " * self.GAP, plain))
        if not paused:
            return Strip(segments).adjust_cell_length(width, plain)
        line = Strip(segments).adjust_cell_length(max(0, width - len(paused) - 1), plain)
        end = Strip([Segment(paused, self.get_component_rich_style(_ALERT))])
        return Strip.join([line, end]).adjust_cell_length(width, plain)

    def _parts(self) -> Iterator[_Part]:
        yield _Part("porttui", "porttui", 9, _STRONG)
        summary = self._summary
        if summary is None:
            yield _Part(session_text.SCANNING, session_text.SCANNING, 1)
            return
        listeners = f"LISTEN {count(summary.listeners)}"
        exposed = f" ({count(summary.exposed)} exposed)" if summary.exposed else ""
        yield _Part(listeners + exposed, listeners, 1)
        pairs = f"LOOPBACK {count(summary.pairs)}"
        yield _Part(pairs, pairs, 5)
        yield self._ephemeral(summary)
        time_wait = f"TIME_WAIT {count(summary.time_wait)}"
        yield _Part(time_wait, time_wait, 4)
        hidden = f"HIDDEN {count(summary.hidden)}"
        if summary.hidden and not summary.elevated:
            yield _Part(f"{hidden}: {self._elevation}", f"{hidden}: sudo porttui", 2, _STRONG)
        else:
            yield _Part(hidden, hidden, 6)

    def _ephemeral(self, summary: Summary) -> _Part:
        usage = summary.ephemeral
        if usage is None:
            return _Part("EPHEMERAL unknown", "EPHEMERAL ?", 3)
        worst = summary.worst
        if worst is not None and worst.level in _STYLES:
            prefix = "about " if worst.is_estimate else ""
            short = f"{worst.level.value.upper()}: {prefix}{count(worst.left)} left"
            text = f"{short} {short_title(worst)}"
            return _Part(text, short, 0, _STYLES[worst.level])
        share = percent(usage.share)
        used, capacity = count(usage.tcp), count(usage.range.capacity)
        return _Part(f"EPHEMERAL {used} of {capacity} ({share})", f"EPHEMERAL {share}", 3)


_STYLES = {
    Level.WARNING: _STRONG,
    Level.CRITICAL: _ALERT,
    Level.EXHAUSTED: _ALERT,
}


def _fit_parts(parts: list[_Part], room: int, gap: int) -> list[_Part]:
    """Shorten parts, then drop them, by `drop_rank`, until the rest fits; one part always stays."""

    def is_too_wide() -> bool:
        return sum(len(part.text) for part in parts) + gap * (len(parts) - 1) > room

    for index in sorted(range(len(parts)), key=lambda index: -parts[index].drop_rank):
        if is_too_wide():
            parts[index] = parts[index]._replace(text=parts[index].short)
    while is_too_wide() and len(parts) > 1:
        parts.remove(max(parts, key=lambda part: part.drop_rank))
    return parts
