"""The header: how the machine is, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich.text import Text
from textual.widget import Widget

from porttui.analysis.board import Summary
from porttui.ui.wording import count, percent


class _Part(NamedTuple):
    text: str
    style: str
    rank: int
    """The highest falls away first when the line is too short."""


class SummaryLine(Widget):
    """Counts, each with its word; those that matter least give way on narrow screens."""

    DEFAULT_CSS = """
    SummaryLine { height: 1; background: $panel; color: $foreground; }
    """

    GAP = 3

    def __init__(self, elevation: str) -> None:
        """`elevation`: the command that would show hidden owners."""
        super().__init__()
        self._elevation = elevation
        self._summary: Summary | None = None
        self._liveness = ""

    def show(self, summary: Summary) -> None:
        """Show these counts."""
        self._summary = summary
        self.refresh()

    def show_liveness(self, liveness: str) -> None:
        """ "live 1 s", "paused" ..., at the right end."""
        self._liveness = liveness
        self.refresh()

    def render(self) -> Text:
        """The line, exactly as wide as there is room."""
        width = self.size.width
        parts = list(self._parts())
        while _width(parts) > width - len(self._liveness) - 3 and len(parts) > 1:
            parts.remove(max(parts, key=lambda part: part.rank))
        line = Text(" ", no_wrap=True, overflow="crop", end="")
        for part in parts:
            line.append(part.text, style=part.style)
            line.append(" " * self.GAP)
        line.truncate(max(0, width - len(self._liveness) - 2), pad=True)
        line.append(f"{self._liveness} ", style="bold" if "live" not in self._liveness else "")
        return line

    def _parts(self) -> Iterator[_Part]:
        yield _Part("porttui", "bold", 9)
        summary = self._summary
        if summary is None:
            yield _Part("scanning ...", "", 0)
            return
        exposed = f" ({summary.exposed} exposed)" if summary.exposed else ""
        yield _Part(f"LISTEN {count(summary.listeners)}{exposed}", "", 1)
        yield _Part(f"LOOPBACK {count(summary.pairs)}", "", 4)
        if summary.ephemeral is not None:
            usage = summary.ephemeral
            used, capacity = count(usage.tcp), count(usage.range.capacity)
            yield _Part(f"EPHEMERAL {used} of {capacity} ({percent(usage.share)})", "", 2)
        else:
            yield _Part("EPHEMERAL unknown", "", 6)
        yield _Part(f"TIME_WAIT {count(summary.time_wait)}", "", 5)
        if summary.hidden and not summary.elevated:
            yield _Part(f"HIDDEN {count(summary.hidden)}: {self._elevation}", "bold yellow", 3)
        elif summary.hidden:
            yield _Part(f"HIDDEN {count(summary.hidden)}", "", 7)
        else:
            yield _Part("HIDDEN 0", "", 8)


def _width(parts: list[_Part]) -> int:
    return sum(len(part.text) + SummaryLine.GAP for part in parts)
