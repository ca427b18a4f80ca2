"""A fake of programs that are not on every machine: docker, podman."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


class FakeTool:
    """Records its calls, then runs a line of shell that the test gives."""

    def __init__(self, directory: Path, name: str, does: str) -> None:
        """Install the program as `directory / name`."""
        self._log = directory / f"{name}.log"
        self._log.touch()
        program = directory / name
        program.write_text(f'#!/bin/sh\necho "$$ $*" >> {self._log}\n{does}\n', encoding="latin-1")
        program.chmod(0o755)
        self.environ: Mapping[str, str] = {"PATH": f"{directory}:{os.environ['PATH']}"}
        """Environment whose PATH finds the fake first."""

    @property
    def calls(self) -> list[str]:
        """Arguments of each call."""
        return [line.partition(" ")[2] for line in self._log.read_text().splitlines()]

    @property
    def pids(self) -> list[int]:
        """Of each call."""
        return [int(line.split()[0]) for line in self._log.read_text().splitlines()]
