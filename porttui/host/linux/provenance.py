"""Reads provenance from /proc: cwd, project, ancestors, cgroups.

proc_pid_cwd(5), proc_pid_cgroup(5). Apart from `processes`, because `list` does not need it.
"""

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
    """Provenance without the parts that this user may not read.

    `read_process` gives the ancestors the start times of the source in use.
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
    """Paths other than the root, those of the unified hierarchy and of systemd first."""
    lines = [line for line in cgroup_lines(pid) if line[2] not in (b"/", b"")]
    lines.sort(key=lambda line: line[1] not in (b"", b"name=systemd"))
    return tuple(dict.fromkeys(_safe_path(path) for _, _, path in lines))


def _safe_path(raw: bytes) -> str:
    """Escaped only if necessary: systemd's own names contain backslashes."""
    text = os.fsdecode(raw)
    is_plain = text.isascii() and text.isprintable() and len(text) <= _PATH_CHARACTERS
    return text if is_plain else safe_text(raw, _PATH_CHARACTERS)


def _read_link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None
