"""Reads container names from docker and podman.

The kernel knows only the name of a container's control group, which its runtime chose. The name
that people use is shown beside it; no decision depends on it.
"""

from __future__ import annotations

import re
import threading
import time

from porttui.host.programs import RunAs, run_as_self, run_program
from porttui.host.safe_text import safe_text
from porttui.model.provenance import Container

RETRY_AFTER_S = 60.0
"""After a failure a tool is not asked again for the same container for so long."""

_TOOLS = {"docker": "docker", "libpod": "podman"}
"""The tool of each runtime, by its name in control groups; crictl and ctr know no names."""

_NAME = re.compile(rb"/?([a-zA-Z0-9][a-zA-Z0-9_.-]*)")
"""What both allow as a name (docker: daemon/names, podman: libpod/define), after the slash that
docker inspect writes."""

_MAX_BYTES = 512
_MAX_NAME_CHARACTERS = 64


class ContainerNames:
    """Looks up each name once; safe for several threads."""

    def __init__(self, run_as: RunAs | None = None, retry_after_s: float = RETRY_AFTER_S) -> None:
        """`run_as`: the user that runs the tools; by default the user of porttui."""
        self._run_as = run_as or run_as_self()
        self._retry_after_s = retry_after_s
        self._names: dict[str, str] = {}
        self._failed_at: dict[str, float] = {}
        """By container id the time of the last failure."""
        self._lock = threading.Lock()

    def name_of(self, container: Container, timeout_s: float) -> str | None:
        """None if no tool reports it within `timeout_s` seconds; then the tool is killed."""
        deadline = time.monotonic() + timeout_s
        if not self._lock.acquire(timeout=max(0.0, timeout_s)):
            return None
        try:
            return self._names.get(container.id) or self._look_up(container, deadline)
        finally:
            self._lock.release()

    def _look_up(self, container: Container, deadline: float) -> str | None:
        now = time.monotonic()
        tool = _TOOLS.get(container.runtime)
        failed_at = self._failed_at.get(container.id)
        failed_recently = failed_at is not None and now < failed_at + self._retry_after_s
        if tool is None or failed_recently or now >= deadline:
            return None
        command = [tool, "inspect", "--type", "container", "--format", "{{.Name}}", container.id]
        timeout_s = deadline - time.monotonic()
        result = run_program(command, self._run_as, timeout_s=timeout_s, max_bytes=_MAX_BYTES)
        name = _NAME.fullmatch(result.output.strip()) if result.status == 0 else None
        if name is None:
            self._failed_at[container.id] = time.monotonic()
            return None
        self._names[container.id] = safe_text(name[1], _MAX_NAME_CHARACTERS)
        return self._names[container.id]
