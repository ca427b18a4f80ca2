"""What /proc tells of where a process comes from (proc_pid_cwd(5), proc_pid_cgroup(5))."""

from __future__ import annotations

import os
from collections.abc import Callable

from porttui.host.accounts import effective_uid, invoking_uid
from porttui.host.linux.processes import cgroup_lines, read_process
from porttui.host.provenance import ancestors_of, project_of
from porttui.host.safe_text import safe_text
from porttui.model.process import Process
from porttui.model.provenance import Provenance

_PATH_CHARACTERS = 1000


def read_provenance(
    process: Process, read_process: Callable[[int], Process | None] = read_process
) -> Provenance:
    """What can be known of it now; what this user may not see is left out.

    `read_process` gives its ancestors the start marks that the source in use goes by.
    """
    cwd = _read_link(f"/proc/{process.pid}/cwd")
    return Provenance(
        process=process,
        cwd=None if cwd is None else safe_text(cwd, _PATH_CHARACTERS),
        project=None if cwd is None else _project(cwd, process),
        ancestors=ancestors_of(process, read_process),
        cgroups=_cgroups(process.pid),
        executable=safe_text(_read_link(f"/proc/{process.pid}/exe") or "", _PATH_CHARACTERS),
    )


def _project(cwd: str, process: Process) -> str | None:
    is_untrusted = effective_uid() == 0 and process.uid not in (0, invoking_uid())
    return project_of(cwd, process.pid, is_untrusted=is_untrusted)


def _cgroups(pid: int) -> tuple[str, ...]:
    """Paths that say something, the unified hierarchy's and systemd's first."""
    lines = [line for line in cgroup_lines(pid) if line[2] not in (b"/", b"")]
    lines.sort(key=lambda line: line[1] not in (b"", b"name=systemd"))
    return tuple(dict.fromkeys(_safe_path(path) for _, _, path in lines))


def _safe_path(raw: bytes) -> str:
    """Safe to print, and as it is where it can be: systemd's own names have backslashes."""
    text = os.fsdecode(raw)
    is_plain = text.isascii() and text.isprintable() and len(text) <= _PATH_CHARACTERS
    return text if is_plain else safe_text(raw, _PATH_CHARACTERS)


def _read_link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None
