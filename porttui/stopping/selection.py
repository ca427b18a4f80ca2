"""Whom a stop would signal: the person's choice among what belongs to one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from porttui.analysis.holders import by_seniority
from porttui.model.process import Process
from porttui.model.provenance import Origin
from porttui.model.stop import StopTarget


class SelectionMode(Enum):
    """Which processes are selected, seen from one of the holders."""

    HOLDER = auto()
    ALL_HOLDERS = auto()
    PARENT = auto()
    """The ancestor that may start the holder again."""
    GROUP = auto()
    """All processes of the holder's process group, which is as a rule one job of a shell."""


class StopSelection:
    """Begins at the first holder that opened the port, the master of the others as a rule.

    Parents and groups can be selected once they are known: `origins` and `groups` come later.
    """

    def __init__(self, target: StopTarget, openers: Sequence[Process] = ()) -> None:
        """`openers`: the holders that certainly opened the port, by seniority."""
        self.target = target
        self.mode = SelectionMode.HOLDER
        self.holder_index = target.holders.index(openers[0]) if openers else 0
        """Of the holder, by seniority."""
        self.origins: dict[Process, Origin] = {}
        self._groups: Mapping[Process, tuple[Process, ...]] = {}
        self._other_endpoints: Mapping[int, tuple[str, ...]] = {}

    @property
    def holder(self) -> Process | None:
        """The holder from which the others are seen; None where all are hidden."""
        holders = self.target.holders
        return holders[self.holder_index] if holders else None

    @property
    def is_shared(self) -> bool:
        """Whether there is more than one holder to choose from."""
        return len(self.target.holders) > 1

    @property
    def parent(self) -> Process | None:
        """The process that may start the holder again; None where none is known of."""
        origin = self.origins.get(self.holder) if self.holder is not None else None
        supervisors = origin.supervisors if origin else ()
        return next((one.process for one in supervisors if one.process), None)

    @property
    def group(self) -> tuple[Process, ...]:
        """The holder's process group by seniority; nobody where the holder is alone in it."""
        members = self._groups.get(self.holder, ()) if self.holder is not None else ()
        return by_seniority(members) if len(members) > 1 else ()

    @property
    def chosen(self) -> tuple[Process, ...]:
        """Whom a signal would go to; nobody where all holders are hidden."""
        return self._processes(self.mode) or self._processes(SelectionMode.HOLDER)

    def can_select(self, mode: SelectionMode) -> bool:
        """Whether there is something else to signal there than the holder alone."""
        return bool(self._processes(mode))

    def _processes(self, mode: SelectionMode) -> tuple[Process, ...]:
        match mode:
            case SelectionMode.HOLDER:
                return (self.holder,) if self.holder is not None else ()
            case SelectionMode.ALL_HOLDERS:
                return self.target.holders if self.is_shared else ()
            case SelectionMode.PARENT:
                return (self.parent,) if self.parent is not None else ()
            case SelectionMode.GROUP:
                return self.group

    def toggle(self, mode: SelectionMode) -> None:
        """Select these, or the holder alone again; nothing changes where there is nobody."""
        if self.can_select(mode):
            self.mode = SelectionMode.HOLDER if self.mode is mode else mode

    def move_holder(self, step: int) -> None:
        """Select another holder alone."""
        if self.is_shared:
            self.mode = SelectionMode.HOLDER
            self.holder_index = max(0, min(self.holder_index + step, len(self.target.holders) - 1))

    def set_groups(
        self,
        groups: Mapping[Process, tuple[Process, ...]],
        other_endpoints: Mapping[int, tuple[str, ...]],
    ) -> None:
        """The process group of each holder, captured: what joins a group later is not in it.

        `other_endpoints`: what else the members listen on, as text, by their pids.
        """
        self._groups = groups
        self._other_endpoints = other_endpoints

    def other_endpoints_of(self, pid: int) -> tuple[str, ...]:
        """The other endpoints that a holder, or a member of a group, listens on."""
        return self.target.other_endpoints_of(pid) or self._other_endpoints.get(pid, ())

    def children_among_holders(self, process: Process) -> int:
        """How many of the other holders `process` is the parent of."""
        others = (holder for holder in self.target.holders if holder != process)
        return sum(holder.ppid == process.pid for holder in others)
