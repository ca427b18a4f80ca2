"""What a stop would touch, in lines: the port, its holders, and who else is aimed at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from porttui.model.process import Process
from porttui.stopping.selection import SelectionMode, StopSelection
from porttui.text.numbers import age, pluralized
from porttui.ui.screens.dialog import labelled
from porttui.ui.screens.origin_lines import Toned, origin_lines, restart_lines
from porttui.ui.widgets.columns import Tone

_LISTED = 12
_SEEN_TOGETHER = 3


def aim_lines(aim: StopSelection, now: float, toned: Toned) -> Iterator[RenderableType]:
    """From the port down to each process. `now`: seconds since the epoch, for ages."""
    yield _port_line(aim)
    holder = aim.holder
    if holder is None:
        yield labelled("process", "hidden")
        yield labelled("user", aim.target.hidden_user or "unknown")
    elif aim.mode is SelectionMode.GROUP:
        yield from _group_lines(aim, holder, toned)
    else:
        if aim.mode is SelectionMode.PARENT:
            yield Text("\nThis will stop the parent instead:")
            yield from _aimed_lines(aim, aim.chosen)
        yield from _holders_lines(aim, now, toned)


def _port_line(aim: StopSelection) -> RenderableType:
    clients = aim.target.clients
    held = str(aim.target.endpoint)
    if aim.target.is_listener:
        held += f", {pluralized(clients, 'client')} connected" if clients else ", no client"
    return labelled("port", held)


def _group_lines(aim: StopSelection, holder: Process, toned: Toned) -> Iterator[RenderableType]:
    """Every member is listed, however many there are: no signal goes to what is not named."""
    members = aim.chosen
    number = pluralized(len(members), "process", "processes")
    yield Text(f"\nThe process group of {holder.label}: {number}", "bold")
    yield from _aimed_lines(aim, members)
    origin = aim.origins.get(holder)
    left = [each for each in origin.supervisors if each.process not in members] if origin else []
    yield from restart_lines(left, toned)


def _aimed_lines(aim: StopSelection, processes: Iterable[Process]) -> Iterator[RenderableType]:
    for process in processes:
        yield Text(f"> {process.label}: {process.command}", "bold")
        yield from _also_on(aim, process)


def _holders_lines(aim: StopSelection, now: float, toned: Toned) -> Iterator[RenderableType]:
    # The one aimed at comes first where not all can be seen: no signal goes out of sight.
    everyone = aim.target.holders
    first = aim.holder_index if len(everyone) > _SEEN_TOGETHER else 0
    if first:
        yield toned(f"... {pluralized(first, 'holder')} before", Tone.MUTED)
    for process in everyone[first : first + _LISTED]:
        yield from _holder_lines(aim, process, now, toned)
    rest = len(everyone) - first - _LISTED
    if rest > 0:
        yield toned(f"... {pluralized(rest, 'more holder')}", Tone.MUTED)


def _holder_lines(
    aim: StopSelection, process: Process, now: float, toned: Toned
) -> Iterator[RenderableType]:
    aimed = process in aim.chosen
    sign = ("> " if aimed else "  ") if aim.is_shared else ""
    yield Text()
    yield Text(f"{sign}{process.label}{_seniority(aim, process)}", "bold" if aimed else "dim")
    running = age(max(0.0, now - process.create_time))
    yield labelled("  user", f"{process.user or 'unknown'}, running {running}")
    yield labelled("  command", process.command)
    origin = aim.origins.get(process)
    if origin is not None:
        yield from origin_lines(origin, toned)
    yield from _also_on(aim, process)
    if process.ignores_sigterm:
        yield labelled("  signals", "ignores SIGTERM: only SIGKILL ends it")


def _also_on(aim: StopSelection, process: Process) -> Iterator[RenderableType]:
    others = aim.other_endpoints_of(process.pid)
    if others:
        yield labelled("  also on", ", ".join(others))


def _seniority(aim: StopSelection, process: Process) -> str:
    """The master of a prefork server is told from its workers."""
    started, others = aim.children_among_holders(process), len(aim.target.holders) - 1
    if not started:
        return ""
    return ", started the others" if started == others else f", started {started} of the others"
