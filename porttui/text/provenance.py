"""Text of a process's provenance."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.model.process import base_name
from porttui.model.provenance import Origin, Supervisor, SupervisorKind

SUPERVISOR_LABEL = "may restart it"

_MAX_NAMES = 4


def directory_label(origin: Origin) -> str:
    """What `directory_text` names: a project, or only a directory."""
    return "directory" if origin.provenance.project is None else "project"


def directory_text(origin: Origin) -> str:
    """Its project and working directory; "" where neither is known."""
    cwd, project = origin.provenance.cwd, origin.provenance.project
    if cwd is None:
        return ""
    if project is None:
        return cwd
    name = base_name(project)
    return f"{name} ({cwd})" if cwd == project else f"{name} ({project}), in {cwd}"


def ancestors_text(origin: Origin) -> str:
    """Its ancestors, nearest first: "npm 4200 < zsh 900 < tmux 880"."""
    ancestors = origin.provenance.ancestors
    text = " < ".join(process.label for process in ancestors[:_MAX_NAMES])
    return f"{text} < ..." if len(ancestors) > _MAX_NAMES else text


def supervisor_text(supervisor: Supervisor) -> str:
    """Who may restart it, and what stops that for good.

    "nodemon (node 900). To stop the restarts: kill -TERM 900"
    """
    if not supervisor.command:
        return f"{_who_restarts(supervisor)}. The command to stop it is not known"
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
            return "the container behind this published port"
        case SupervisorKind.RELOADER | SupervisorKind.SHELL_LOOP:
            what = "a shell loop" if supervisor.kind is SupervisorKind.SHELL_LOOP else name
            return f"{what} ({supervisor.process.label})" if supervisor.process else what


def opened_by(users: Iterable[str]) -> str:
    """`users`: those in whose name the sockets were opened; "" for none."""
    text = ", ".join(sorted(users))
    return f"opened by user {text}" if text else ""
