"""Where a process comes from, in words."""

from __future__ import annotations

from porttui.model.origin import Origin, Supervisor, SupervisorKind
from porttui.model.process import base_name

_SOME = 4


def place_label(origin: Origin) -> str:
    """What `place_words` tells: a project, or a directory only."""
    return "directory" if origin.traces.project is None else "project"


def place_words(origin: Origin) -> str:
    """Its project and working directory; "" where neither is known."""
    cwd, project = origin.traces.cwd, origin.traces.project
    if cwd is None:
        return ""
    if project is None:
        return cwd
    name = base_name(project)
    return f"{name} ({cwd})" if cwd == project else f"{name} ({project}), in {cwd}"


def chain_words(origin: Origin) -> str:
    """Its ancestors, nearest first: "npm 4200 < zsh 900 < tmux 880"."""
    ancestors = origin.traces.ancestors
    shown = " < ".join(process.label for process in ancestors[:_SOME])
    return f"{shown} < ..." if len(ancestors) > _SOME else shown


def supervisor_words(supervisor: Supervisor) -> str:
    """Who may start it again, and what stops it for good."""
    command = supervisor.command
    ending = f": {command}" if command else "; what stops it for good is not certain"
    return _who_restarts(supervisor) + ending


def _who_restarts(supervisor: Supervisor) -> str:
    name = supervisor.name
    match supervisor.kind:
        case SupervisorKind.SYSTEMD | SupervisorKind.SYSTEMD_USER:
            if supervisor.command:
                return f"systemd runs it as {name} and may start it again"
            return f"its control group is called {name}, which may be a unit that starts it again"
        case SupervisorKind.CONTAINER:
            given = supervisor.container.name if supervisor.container else None
            which = f"{given} ({name})" if given else name
            if supervisor.command:
                return f"it runs in the container {which}, which may be started again"
            return f"its control group is called as a container's, {which}, which may be restarted"
        case SupervisorKind.PORT_FORWARDER:
            stops = "; this stops the container" if supervisor.command else ""
            return f"it forwards a container's published port{stops}"
        case SupervisorKind.RELOADER | SupervisorKind.SHELL_LOOP:
            label = supervisor.process.label if supervisor.process else name
            is_loop = supervisor.kind is SupervisorKind.SHELL_LOOP
            what = "a shell that runs a loop" if is_loop else name
            return f"its parent {label} is {what} and may start it again"
