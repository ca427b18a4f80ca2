"""A fake of a program that is not on every machine: docker, podman."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


class FakeTool:
    """Writes down how it was called, then does what a test says, as a line of a shell."""

    def __init__(self, directory: Path, name: str, does: str) -> None:
        """`directory / name` is the program."""
        self._log = directory / f"{name}.log"
        self._log.touch()
        program = directory / name
        program.write_text(f'#!/bin/sh\necho "$$ $*" >> {self._log}\n{does}\n', encoding="latin-1")
        program.chmod(0o755)
        self.environ: Mapping[str, str] = {"PATH": f"{directory}:{os.environ['PATH']}"}
        """In which it is found first."""

    @property
    def calls(self) -> list[str]:
        """The arguments of each call."""
        return [line.partition(" ")[2] for line in self._log.read_text().splitlines()]

    @property
    def pids(self) -> list[int]:
        """Of each call."""
        return [int(line.split()[0]) for line in self._log.read_text().splitlines()]
