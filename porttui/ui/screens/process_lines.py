"""Lines of dialogs about processes: whom a stop is for, and where a process comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from porttui.model.process import Process
from porttui.model.provenance import Origin, Supervisor
from porttui.stopping.selection import SelectionMode, StopSelection
from porttui.text import session as session_text
from porttui.text.numbers import age, pluralized
from porttui.text.processes import (
    SUPERVISOR_LABEL,
    ancestors_text,
    directory_label,
    directory_text,
    supervisor_text,
)
from porttui.text.rows import IGNORES_SIGTERM, running_text
from porttui.ui.screens.dialog import labelled_line
from porttui.ui.widgets.columns import Tone

_MAX_LISTED = 12
_MAX_VISIBLE = 3

StyleText = Callable[[str, Tone], Text]
"""Text in the theme's colour."""


def selection_lines(
    selection: StopSelection, now: float, style_text: StyleText
) -> Iterator[RenderableType]:
    """The port, then the processes. `now`: seconds since the epoch, for ages."""
    yield _port_line(selection)
    holder = selection.holder
    if holder is None:
        yield labelled_line("process", "hidden")
        yield labelled_line("user", selection.target.hidden_user or "unknown")
    elif selection.mode is SelectionMode.GROUP:
        yield from _group_lines(selection, holder, style_text)
    else:
        if selection.mode is SelectionMode.PARENT:
            yield Text(f"\n{session_text.STOPS_PARENT}")
            yield from _target_lines(selection, selection.chosen)
        yield from _holders_lines(selection, now, style_text)


def _port_line(selection: StopSelection) -> RenderableType:
    clients = selection.target.clients
    endpoint_text = str(selection.target.endpoint)
    if selection.target.is_listener:
        endpoint_text += f", {session_text.connected(clients)}"
    return labelled_line("port", endpoint_text)


def _group_lines(
    selection: StopSelection, holder: Process, style_text: StyleText
) -> Iterator[RenderableType]:
    """Lists every member: no signal goes to a process that is not named."""
    members = selection.chosen
    number = pluralized(len(members), "process", "processes")
    yield Text(f"\n{session_text.group_title(holder.label, number)}", "bold")
    yield from _target_lines(selection, members)
    origin = selection.origins.get(holder)
    other_supervisors = (
        [supervisor for supervisor in origin.supervisors if supervisor.process not in members]
        if origin
        else []
    )
    yield from restart_lines(other_supervisors, style_text)


def _target_lines(
    selection: StopSelection, processes: Iterable[Process]
) -> Iterator[RenderableType]:
    for process in processes:
        yield Text(f"> {process.label}: {process.command}", "bold")
        yield from _other_endpoint_lines(selection, process)


def _holders_lines(
    selection: StopSelection, now: float, style_text: StyleText
) -> Iterator[RenderableType]:
    # Of many holders the selected one comes first: it must be visible before a signal is sent.
    holders = selection.target.holders
    first = selection.holder_index if len(holders) > _MAX_VISIBLE else 0
    if first:
        yield style_text(session_text.holders_before(first), Tone.MUTED)
    for process in holders[first : first + _MAX_LISTED]:
        yield from _holder_lines(selection, process, now, style_text)
    rest = len(holders) - first - _MAX_LISTED
    if rest > 0:
        yield style_text(session_text.more_holders(rest), Tone.MUTED)


def _holder_lines(
    selection: StopSelection, process: Process, now: float, style_text: StyleText
) -> Iterator[RenderableType]:
    is_selected = process in selection.chosen
    prefix = ("> " if is_selected else "  ") if selection.is_shared else ""
    yield Text()
    yield Text(
        f"{prefix}{process.label}{_started_text(selection, process)}",
        "bold" if is_selected else "dim",
    )
    run_time = age(max(0.0, now - process.create_time))
    yield labelled_line("  user", running_text(process.user or "unknown", run_time))
    yield labelled_line("  command", process.command)
    origin = selection.origins.get(process)
    if origin is not None:
        yield from provenance_lines(origin, style_text)
    yield from _other_endpoint_lines(selection, process)
    if process.ignores_sigterm:
        yield labelled_line("  signals", IGNORES_SIGTERM)


def _other_endpoint_lines(selection: StopSelection, process: Process) -> Iterator[RenderableType]:
    others = selection.other_endpoints_of(process.pid)
    if others:
        yield labelled_line("  also on", ", ".join(others))


def _started_text(selection: StopSelection, process: Process) -> str:
    """Tells the master of a prefork server from its workers."""
    started, others = selection.children_among_holders(process), len(selection.target.holders) - 1
    return f", {session_text.started_others(started, others)}" if started else ""


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
