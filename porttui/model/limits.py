"""What else can run out, and looks like having no port left."""

from __future__ import annotations

from porttui.light_typing import NamedTuple


class Limit(NamedTuple):
    """A number of things, and how many there can be at most."""

    used: int
    most: int


class Limits(NamedTuple):
    """Limits that a new connection can meet though ports are left. None where it is not told."""

    conntrack: Limit | None
    """Connections that netfilter tracks (nf_conntrack_count and nf_conntrack_max): beyond the
    limit packets are dropped, so that connect(2) times out."""
    open_files: Limit | None
    """Open files of the whole system (fs.file-nr, proc_sys_fs(5)): beyond the limit socket(2)
    fails with ENFILE."""
