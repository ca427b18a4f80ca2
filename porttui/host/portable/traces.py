"""Where a process comes from, through psutil."""

from __future__ import annotations

import psutil

from porttui.host.ancestry import ancestors_of
from porttui.host.foreign_text import safe
from porttui.host.portable.processes import read_process
from porttui.host.project import project_of
from porttui.model.origin import Traces
from porttui.model.process import Process

_PATH_CHARACTERS = 1000


def read_traces(process: Process) -> Traces:
    """What can be known of it now; what this user may not see is left out."""
    cwd = _cwd(process.pid)
    return Traces(
        process=process,
        cwd=None if cwd is None else safe(cwd, _PATH_CHARACTERS),
        project=None if cwd is None else project_of(cwd),
        ancestors=ancestors_of(process, read_process),
    )


def _cwd(pid: int) -> str | None:
    try:
        return psutil.Process(pid).cwd() or None
    except (psutil.Error, OSError):
        return None
