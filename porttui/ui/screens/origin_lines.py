"""Where a process comes from, in lines of a dialog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from porttui.model.origin import Origin, Supervisor
from porttui.text.provenance import chain_words, place_label, place_words, supervisor_words
from porttui.ui.screens.dialog import labelled
from porttui.ui.widgets.columns import Tone

Toned = Callable[[str, Tone], Text]
"""Text in the theme's colour."""


def origin_lines(origin: Origin, toned: Toned) -> Iterator[RenderableType]:
    """Its place, its parents, and who may start it again; what is not known is left out."""
    if place_words(origin):
        yield labelled(f"  {place_label(origin)}", place_words(origin))
    if chain_words(origin):
        yield labelled("  parents", chain_words(origin))
    yield from restart_lines(origin.supervisors, toned)


def restart_lines(supervisors: Iterable[Supervisor], toned: Toned) -> Iterator[RenderableType]:
    """One for each who may start it again."""
    for each in supervisors:
        yield labelled("  may restart it", toned(supervisor_words(each), Tone.WARNING))
