"""Calls functions as another user, in another namespace, with other limits.

`python -m tests.host.process_context` becomes that, then either calls a pickled function or is
porttui. A program started as the other user would be simpler, but the interpreter may lie where
that user cannot read (in root's home): so this one starts as it is, imports everything, and
only then gives up its rights, for good.
"""

from __future__ import annotations

import importlib
import io
import pickle
import pkgutil
import subprocess
import sys
import unicodedata  # noqa: F401  where names are made safe it is imported late
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple, ParamSpec, TypeVar, cast

import porttui
from porttui.__main__ import main
from tests.children import become
from tests.servers import PATIENCE_S, ROOT

if sys.platform != "win32":
    import resource

NOBODY = 65534

P = ParamSpec("P")
T = TypeVar("T")


class ProcessContext(NamedTuple):
    """User, namespace and limits of a process. A process can change to it once, for good."""

    command_prefix: tuple[str, ...] = ()
    """A command that runs another, such as `nsenter --net=...`."""
    uid: int | None = None
    descriptors: int | None = None
    """Most open files (RLIMIT_NOFILE)."""

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of a module there; its exceptions are raised here."""
        request = pickle.dumps((function, args, kwargs))
        process = self._run(["call"], request)
        assert not process.returncode, process.stderr.decode()
        result, error = pickle.loads(process.stdout)
        if error is not None:
            raise error
        return cast("T", result)

    def porttui(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run `porttui ARGV` there."""
        process = self._run(["porttui", *argv])
        return subprocess.CompletedProcess(
            argv, process.returncode, process.stdout.decode(), process.stderr.decode()
        )

    def _run(self, task: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        arguments = [str(-1 if value is None else value) for value in (self.uid, self.descriptors)]
        return subprocess.run(
            [
                *self.command_prefix,
                sys.executable,
                "-m",
                "tests.host.process_context",
                *arguments,
                *task,
            ],
            input=given,
            capture_output=True,
            cwd=ROOT,
            timeout=4 * PATIENCE_S,
            check=False,
        )


def _import_all() -> None:
    """Import all of porttui except `ui`."""
    for module in pkgutil.walk_packages(porttui.__path__, "porttui."):
        if not module.name.startswith("porttui.ui"):
            importlib.import_module(module.name)
    # What is imported late, in the standard library too, is imported by a run.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for source in ("proc", "psutil"):
            main(["list", "--json", "--source", source])


def _become(uid: int, descriptors: int) -> None:
    if uid >= 0:
        become(uid)
    if descriptors >= 0:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


def _call(uid: int, descriptors: int) -> None:
    function, args, kwargs = pickle.load(sys.stdin.buffer)
    if uid >= 0:
        _import_all()
    _become(uid, descriptors)
    result, error = None, None
    try:
        result = function(*args, **kwargs)
    except Exception as raised:  # noqa: BLE001  whatever it is, the caller raises it
        error = raised
    sys.stdout.buffer.write(pickle.dumps((result, error)))


def _porttui(uid: int, descriptors: int, argv: Sequence[str]) -> int:
    _import_all()
    _become(uid, descriptors)
    return main(argv)


if __name__ == "__main__":
    limits = int(sys.argv[1]), int(sys.argv[2])
    if sys.argv[3] == "porttui":
        sys.exit(_porttui(*limits, sys.argv[4:]))
    _call(*limits)
