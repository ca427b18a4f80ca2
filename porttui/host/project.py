"""The project that a directory belongs to."""

from __future__ import annotations

import os

from porttui.host.foreign_text import safe

MARKERS = (
    "package.json",
    "pyproject.toml",
    "Cargo.toml",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "deno.json",
    "setup.py",
    ".git",
)
"""A directory with one of these is where a project begins."""

_MOST_LEVELS = 12
_PATH_CHARACTERS = 1000


def project_of(directory: str) -> str | None:
    """The nearest directory from here upwards with a marker; None without one.

    A home directory or the root is no project, even where somebody keeps a .git there.
    """
    homes = {os.path.expanduser("~"), "/", "/root", "/home"}
    for _ in range(_MOST_LEVELS):
        if directory in homes or not os.path.isabs(directory):
            return None
        if any(os.path.lexists(os.path.join(directory, marker)) for marker in MARKERS):
            return safe(directory, _PATH_CHARACTERS)
        directory = os.path.dirname(directory)
    return None
