"""The process groups that /proc tells of (proc_pid_stat(5), field 5; setpgid(2))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from porttui.host.linux.holders import list_pids
from porttui.host.linux.processes import read_process, read_stat
from porttui.model.process import Process

_ENDED = (b"Z", b"X")


def read_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    """For each process all that are in its group now, itself too; a zombie is in none.

    A process that is gone is left out, as is one whose group is of another PID namespace.

    Raises:
        HostError: /proc cannot be listed.
    """
    stats = {pid: stat for pid in list_pids("/proc") if (stat := read_stat(pid)) is not None}
    # The group of a leader in another PID namespace reads 0 here, as that of many others does.
    groups = {
        process: stat.group
        for process in processes
        if (stat := stats.get(process.pid)) is not None
        and stat.started == process.started
        and stat.group > 0
    }
    members: dict[int, list[Process]] = {group: [] for group in groups.values()}
    for pid, stat in stats.items():
        if stat.group in members and stat.state not in _ENDED:
            member = read_process(pid)
            # Another process may have the pid since its group was read.
            if member is not None and member.started == stat.started:
                members[stat.group].append(member)
    return {process: tuple(members[group]) for process, group in groups.items()}
