"""Where a process comes from, in words."""

from __future__ import annotations

from porttui.model.origin import Origin, Supervisor, SupervisorKind
from porttui.model.process import base_name

_SOME = 4


def place_label(origin: Origin) -> str:
    """What `place_words` names: a project, or only a directory."""
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
    """Who may restart it, and what stops that for good.

    "nodemon (node 900). To stop the restarts: kill -TERM 900"
    """
    if not supervisor.command:
        return f"{_who_restarts(supervisor)}. How to stop it for good is not certain"
    return f"{_who_restarts(supervisor)}. To stop {_STOPPED[supervisor.kind]}: {supervisor.command}"


_STOPPED = {
    SupervisorKind.SYSTEMD: "it",
    SupervisorKind.SYSTEMD_USER: "it",
    SupervisorKind.CONTAINER: "it",
    SupervisorKind.PORT_FORWARDER: "the container",
    SupervisorKind.RELOADER: "the restarts",
    SupervisorKind.SHELL_LOOP: "the restarts",
}


def _who_restarts(supervisor: Supervisor) -> str:
    name = supervisor.name
    # Without a command somebody else than the manager may have chosen the name.
    perhaps = "" if supervisor.command else "perhaps "
    match supervisor.kind:
        case SupervisorKind.SYSTEMD | SupervisorKind.SYSTEMD_USER:
            return f"{perhaps}the systemd unit {name}"
        case SupervisorKind.CONTAINER:
            given = supervisor.container.name if supervisor.container else None
            return f"{perhaps}the container {f'{given} ({name})' if given else name}"
        case SupervisorKind.PORT_FORWARDER:
            return "the container whose published port it forwards"
        case SupervisorKind.RELOADER | SupervisorKind.SHELL_LOOP:
            what = "a shell loop" if supervisor.kind is SupervisorKind.SHELL_LOOP else name
            return f"{what} ({supervisor.process.label})" if supervisor.process else what
