"""Dialog lines about the provenance of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from porttui.model.provenance import Origin, Supervisor
from porttui.text.processes import (
    SUPERVISOR_LABEL,
    ancestors_text,
    directory_label,
    directory_text,
    supervisor_text,
)
from porttui.ui.screens.dialog import labelled_line
from porttui.ui.widgets.columns import Tone

StyleText = Callable[[str, Tone], Text]
"""Text in the theme's colour."""


def provenance_lines(origin: Origin, style_text: StyleText) -> Iterator[RenderableType]:
    """Directory or container, ancestors and supervisors, as far as known."""
    if directory_text(origin):
        yield labelled_line(f"  {directory_label(origin)}", directory_text(origin))
    if ancestors_text(origin):
        yield labelled_line("  parents", ancestors_text(origin))
    yield from restart_lines(origin.supervisors, style_text)


def restart_lines(
    supervisors: Iterable[Supervisor], style_text: StyleText
) -> Iterator[RenderableType]:
    """A line for every supervisor."""
    for supervisor in supervisors:
        text = style_text(supervisor_text(supervisor), Tone.WARNING)
        yield labelled_line(f"  {SUPERVISOR_LABEL}", text)
