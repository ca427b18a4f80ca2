"""Where a process comes from, in lines of a dialog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from porttui.model.provenance import Origin, Supervisor
from porttui.text.provenance import (
    SUPERVISOR_LABEL,
    ancestors_text,
    directory_label,
    directory_text,
    supervisor_text,
)
from porttui.ui.screens.dialog import labelled
from porttui.ui.widgets.columns import Tone

Toned = Callable[[str, Tone], Text]
"""Text in the theme's colour."""


def origin_lines(origin: Origin, toned: Toned) -> Iterator[RenderableType]:
    """Its place, its parents, and who may start it again; what is not known is left out."""
    if directory_text(origin):
        yield labelled(f"  {directory_label(origin)}", directory_text(origin))
    if ancestors_text(origin):
        yield labelled("  parents", ancestors_text(origin))
    yield from restart_lines(origin.supervisors, toned)


def restart_lines(supervisors: Iterable[Supervisor], toned: Toned) -> Iterator[RenderableType]:
    """One for each who may start it again."""
    for each in supervisors:
        yield labelled(f"  {SUPERVISOR_LABEL}", toned(supervisor_text(each), Tone.WARNING))
