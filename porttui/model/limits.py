"""Limits whose exhaustion looks like a lack of ports: conntrack and open files."""

from __future__ import annotations

from porttui.model.process import Process
from porttui.record import NamedTuple


class Limit(NamedTuple):
    """Usage and maximum."""

    used: int
    maximum: int


class ProcessFiles(NamedTuple):
    """The open files of one process, sockets among them."""

    process: Process
    files: Limit
    """Of at most its soft RLIMIT_NOFILE (getrlimit(2)): beyond it socket(2) and accept(2) fail
    with EMFILE."""


class Limits(NamedTuple):
    """Limits that a new connection can meet though ports are left. None where it is not told."""

    conntrack: Limit | None
    """Connections that netfilter tracks (nf_conntrack_count and nf_conntrack_max): beyond the
    limit packets are dropped, so that connect(2) times out."""
    open_files: Limit | None
    """Open files of the whole system (fs.file-nr, proc_sys_fs(5)): beyond the limit socket(2)
    fails with ENFILE."""
    processes: tuple[ProcessFiles, ...] = ()
    """Of the processes with most sockets, as far as it is told."""
