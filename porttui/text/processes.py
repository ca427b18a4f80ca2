"""Format processes, lists of processes, and where a process comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from porttui.analysis.holders import holders_of
from porttui.model.forecast import PortShare
from porttui.model.process import Process, base_name
from porttui.model.provenance import Origin, Supervisor, SupervisorKind
from porttui.model.socket import Ownership, Socket

HIDDEN = "a hidden process"
"""The text of a holder that this user may not see."""
_UNSEEN = {
    Ownership.HIDDEN: HIDDEN,
    Ownership.GONE: "an unknown process (the socket has closed)",
    Ownership.KERNEL: "the kernel",
}
"""The text of a holder that is not known, by the socket's ownership."""


def names(processes: Sequence[Process], limit: int = 4) -> str:
    """ "node 10, nginx 31 and 2 more"."""
    return join_limited([process.label for process in processes], limit)


def brief(processes: Sequence[Process]) -> str:
    """ "node 4213 +2", for a cell or a title."""
    first, *others = processes
    return f"{first.label} +{len(others)}" if others else first.label


def holder_names(sockets: Sequence[Socket], limit: int = 4) -> str:
    """The names of all holders of some sockets, by seniority; why there are none, otherwise."""
    holders = holders_of(sockets)
    unseen = dict.fromkeys(_UNSEEN.get(socket.ownership, HIDDEN) for socket in sockets)
    return names(holders, limit) or " or ".join(unseen) or HIDDEN


_PLURALS = {"is": "are", "has": "have", "does": "do", "listens": "listen"}


def verb_form(sockets: Iterable[Socket], singular: str) -> str:
    """A verb as it agrees with the number of holders."""
    holders = {holder for socket in sockets for holder in socket.holders}
    return _PLURALS[singular] if len(holders) > 1 else singular


def with_user(process: Process) -> str:
    """ "node 4213 (ana)"; without the user where that is not known."""
    return f"{process.label} ({process.user})" if process.user else process.label


def shares(holders: Sequence[PortShare], limit: int) -> str:
    """ "python3 812 (4,210), node 7 (3) and 2 more", with the ports of each."""
    return join_limited([f"{share.process.label} ({share.ports:,})" for share in holders], limit)


def join_limited(words: Sequence[str], limit: int) -> str:
    """The first words with commas, and how many are left."""
    rest = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {rest} more" if rest > 0 else "")


def hidden_owners(sockets: int, command: str) -> str:
    """`sockets`: the number of sockets whose owners are hidden; `command` shows the owners."""
    owners = "the owner of 1 socket is" if sockets == 1 else f"the owners of {sockets} sockets are"
    return f"{owners} hidden: run {command}"


def hidden_processes(command: str) -> str:
    """`command` shows the processes."""
    return f"some processes are hidden: run {command}"


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
    stopped = _STOPPED.get(supervisor.kind, "it")
    return f"{_who_restarts(supervisor)}. To stop {stopped}: {supervisor.command}"


_STOPPED = {
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
