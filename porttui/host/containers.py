"""The names of containers, asked of the tools that run them.

The kernel knows of a container only what its runtime called the control group. A name is what
people call it: it is shown beside that, and nothing is decided by it.
"""

from __future__ import annotations

import re
import threading
import time

from porttui.host.foreign_text import safe
from porttui.host.programs import RunAs, as_self, run_program
from porttui.model.origin import Container

REMEMBERED_S = 60.0
"""How long a tool that told no name is not asked again for the same container."""

_TOOLS = {"docker": "docker", "libpod": "podman"}
"""The tool for each runtime, as control groups call it; crictl and ctr know no names."""

_NAME = re.compile(rb"/?([a-zA-Z0-9][a-zA-Z0-9_.-]*)")
"""What both allow as a name (docker: daemon/names, podman: libpod/define); docker inspect puts a
slash before it."""

_MOST_BYTES = 512
_NAME_CHARACTERS = 64


class ContainerNames:
    """Asks once for each container; several threads may ask, one after another."""

    def __init__(self, whose: RunAs | None = None, remembered_s: float = REMEMBERED_S) -> None:
        """`whose`: as whom the tools are run; by default as the user that porttui runs as."""
        self._whose = whose or as_self()
        self._remembered_s = remembered_s
        self._names: dict[str, str] = {}
        self._failures: dict[str, float] = {}
        """When each of the others was last asked for."""
        self._lock = threading.Lock()

    def name_of(self, container: Container, within_s: float) -> str | None:
        """None where no tool tells it within that many seconds; then the tool is killed."""
        until = time.monotonic() + within_s
        if not self._lock.acquire(timeout=max(0.0, within_s)):
            return None
        try:
            return self._names.get(container.id) or self._look_up(container, until)
        finally:
            self._lock.release()

    def _look_up(self, container: Container, until: float) -> str | None:
        now = time.monotonic()
        tool = _TOOLS.get(container.runtime)
        failed = self._failures.get(container.id)
        is_known_to_fail = failed is not None and now < failed + self._remembered_s
        if tool is None or is_known_to_fail or now >= until:
            return None
        inspect = [tool, "inspect", "--type", "container", "--format", "{{.Name}}", container.id]
        within_s = until - time.monotonic()
        asked = run_program(inspect, self._whose, within_s=within_s, most_bytes=_MOST_BYTES)
        name = _NAME.fullmatch(asked.output.strip()) if asked.status == 0 else None
        if name is None:
            self._failures[container.id] = time.monotonic()
            return None
        self._names[container.id] = safe(name[1], _NAME_CHARACTERS)
        return self._names[container.id]
