"""The names of containers, asked of the tools that run them.

The kernel knows of a container only what its runtime called the control group. A name is what
people call it: it is shown beside that, and nothing is decided by it.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from porttui.host.foreign_text import safe
from porttui.light_typing import TYPE_CHECKING
from porttui.model.origin import Container

if TYPE_CHECKING:
    from typing import IO

REMEMBERED_S = 60.0
"""How long a tool that told no name is not asked again for the same container."""

_TOOLS = {"docker": "docker", "libpod": "podman"}
"""The tool for each runtime, as control groups call it; crictl and ctr know no names."""

_NAME = re.compile(rb"/?([a-zA-Z0-9][a-zA-Z0-9_.-]*)")
"""What both allow as a name (docker: daemon/names, podman: libpod/define); docker inspect puts a
slash before it."""

_MOST_BYTES = 512
_NAME_CHARACTERS = 64
_GRACE_S = 0.2
"""How long a killed tool has to be gone."""


class ContainerNames:
    """Asks once for each container; several threads may ask, one after another."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, remembered_s: float = REMEMBERED_S
    ) -> None:
        self._environ = environ
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
        name = _NAME.fullmatch(_output(inspect, self._environ, until).strip())
        if name is None:
            self._failures[container.id] = time.monotonic()
            return None
        self._names[container.id] = safe(name[1], _NAME_CHARACTERS)
        return self._names[container.id]


def _output(command: Sequence[str], environ: Mapping[str, str], until: float) -> bytes:
    """What a program writes; b"" when it fails, writes too much, or is not done in time."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            # A session of its own can be killed whole, and no key of the terminal is for it.
            start_new_session=True,
        )
    except OSError:
        return b""
    assert process.stdout is not None
    with process.stdout as out:
        try:
            content = _read(out, until)
            status = process.wait(max(0.0, until - time.monotonic()))
            return content if status == 0 else b""
        except (TimeoutError, subprocess.TimeoutExpired):
            return b""
        finally:
            _end(process)


def _read(out: IO[bytes], until: float) -> bytes:
    """All of it.

    Raises:
        TimeoutError: the end has not come in time, or it would never come.
    """
    content = b""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        while len(content) <= _MOST_BYTES:
            if not selector.select(max(0.0, until - time.monotonic())):
                raise TimeoutError
            piece = os.read(out.fileno(), _MOST_BYTES)
            if not piece:
                return content
            content += piece
    raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its children, unless it has ended: then its pid may be another's."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
