"""How processes are written: a few of them by name, the rest by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from porttui.analysis.holders import by_seniority
from porttui.analysis.usage import HolderCount
from porttui.model.forecast import PortShare
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket

HIDDEN = "a hidden process"
"""Stands for a holder that this user may not see."""
_UNSEEN = {
    Ownership.HIDDEN: HIDDEN,
    Ownership.GONE: "a process that has since closed it",
    Ownership.KERNEL: "the kernel",
}
"""What stands for the holder of a socket without one, by why it has none."""


def names(processes: Sequence[Process], most: int = 4) -> str:
    """ "node 10, nginx 31 and 2 more"."""
    return listed([process.label for process in processes], most)


def brief(processes: Sequence[Process]) -> str:
    """ "node 4213 +2", for a cell or a title."""
    first, *others = processes
    return f"{first.label} +{len(others)}" if others else first.label


def holder_names(sockets: Iterable[Socket], most: int = 4) -> str:
    """The names of all holders of some sockets, by seniority; why there are none, otherwise."""
    every = tuple(sockets)
    holders = by_seniority(holder for socket in every for holder in socket.holders)
    unseen = dict.fromkeys(_UNSEEN.get(socket.ownership, HIDDEN) for socket in every)
    return names(holders, most) or " or ".join(unseen) or HIDDEN


def agreeing(sockets: Iterable[Socket], one: str, many: str) -> str:
    """The verb behind the holders' names: `one` for a single process."""
    return many if len({holder for each in sockets for holder in each.holders}) > 1 else one


def with_user(process: Process) -> str:
    """ "node 4213 (ana)"; without the user where that is not known."""
    return f"{process.label} ({process.user})" if process.user else process.label


def shares(holders: Sequence[PortShare] | Sequence[HolderCount], most: int) -> str:
    """ "python3 812 (4,210), node 7 (3) and 2 more", with the ports of each."""
    return listed([f"{each.process.label} ({each.ports:,})" for each in holders], most)


def listed(words: Sequence[str], most: int) -> str:
    """The first words with commas, and how many are left."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
