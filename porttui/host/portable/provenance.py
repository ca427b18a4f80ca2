"""Where a process comes from, through psutil."""

from __future__ import annotations

import psutil

from porttui.host.ancestry import ancestors_of
from porttui.host.portable.processes import read_process
from porttui.host.project import project_of
from porttui.host.safe_text import safe_text
from porttui.model.process import Process
from porttui.model.provenance import Provenance

_PATH_CHARACTERS = 1000


def read_provenance(process: Process) -> Provenance:
    """What can be known of it now; what this user may not see is left out."""
    cwd = _cwd(process.pid)
    return Provenance(
        process=process,
        cwd=None if cwd is None else safe_text(cwd, _PATH_CHARACTERS),
        project=None if cwd is None else project_of(cwd),
        ancestors=ancestors_of(process, read_process),
    )


def _cwd(pid: int) -> str | None:
    try:
        return psutil.Process(pid).cwd() or None
    except (psutil.Error, OSError):
        return None
