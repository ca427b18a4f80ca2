"""Format processes and lists of processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from porttui.analysis.holders import holders_of
from porttui.model.forecast import PortShare
from porttui.model.process import Process
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


def holder_names(sockets: Iterable[Socket], limit: int = 4) -> str:
    """The names of all holders of some sockets, by seniority; why there are none, otherwise."""
    all_sockets = tuple(sockets)
    holders = holders_of(all_sockets)
    unseen = dict.fromkeys(_UNSEEN.get(socket.ownership, HIDDEN) for socket in all_sockets)
    return names(holders, limit) or " or ".join(unseen) or HIDDEN


def verb_form(sockets: Iterable[Socket], one: str, many: str) -> str:
    """The singular or plural verb for the holders."""
    return many if len({holder for socket in sockets for holder in socket.holders}) > 1 else one


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
