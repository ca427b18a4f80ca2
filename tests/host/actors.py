"""Processes that change their descriptors on request, and sleep in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ROOT, until


class Actor:
    """A process that runs `tests/actor.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def act(self, verb: str, *arguments: str) -> int:
        """Request one action, and wait until the process sleeps again."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self._process.stdin.flush()
        answer: int = json.loads(self._process.stdout.readline())
        until(lambda: self.state == "S", "the actor sleeps")
        return answer

    @property
    def state(self) -> str:
        content = Path(f"/proc/{self.pid}/stat").read_text(errors="replace")
        return content.rpartition(")")[2].split()[0]


@contextmanager
def actors_asleep(number: int) -> Iterator[list[Actor]]:
    """Several actors; they and their forks end with the context."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", str(ROOT / "tests" / "actor.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(number)
    ]
    try:
        made = [Actor(process) for process in processes]
        for actor in made:
            actor.act("receive_at", f"\0{actor.pid}")
            actor.act("close", f"\0{actor.pid}")
        yield made
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
