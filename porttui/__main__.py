"""The entry: `porttui` and `python -m porttui`.

Everything is imported where it is needed: a one-shot command ends before a session has begun.
"""

from __future__ import annotations

import gc
import io
import os
import sys

from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from typing import NoReturn

    from porttui.settings import Settings

_SESSION_BYTES = 768 << 20
"""550 MB were seen. 40 of them are in use; each thread reserves 64 (mallopt(3), M_ARENA_MAX)."""


def run() -> NoReturn:
    """Run the command that the command line asks for, and end the process with its status."""
    # What is made while a program starts stays: looking for garbage among it is a tenth of the
    # start. A session collects again as soon as its first frame is painted.
    gc.disable()
    # An orderly end takes 5 of the 40 ms of `who`, and in a session waits for workers that wait for
    # a filesystem. stdout is flushed (`cli.output`), and nothing is open that needs more.
    os._exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status.

    Raises:
        SystemExit: bad usage (2), and --help and --version (0).
    """
    from porttui.cli.arguments import COMMANDS, command_module, read_command
    from porttui.cli.exit_status import ExitStatus
    from porttui.cli.output import OutputError, shortage
    from porttui.host.asking import HostError
    from porttui.sampling.errors import SampleError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whoever names a process must not break the list of a terminal with another encoding.
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else argv
    unreadable = ExitStatus.FAILED
    try:
        if not words or words[0] not in COMMANDS:
            from porttui.cli import session

            return _run_session(read_command(session.GRAMMAR, session.read, words))
        module = command_module(words[0])
        command = read_command(module.GRAMMAR, module.read, words[1:])
        unreadable = module.UNREADABLE
        return module.run(command, sys.stdout, sys.stderr)
    except (HostError, SampleError) as error:
        print(f"porttui: {error}", file=sys.stderr)
        return unreadable
    except BrokenPipeError:
        return ExitStatus.BROKEN_PIPE
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
        return ExitStatus.FAILED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except (OSError, MemoryError) as error:
        print(f"porttui: {shortage(error)}", file=sys.stderr)
        return unreadable


def _run_session(settings: Settings) -> int:
    from porttui.cli.exit_status import ExitStatus
    from porttui.host.memory import address_space_bytes
    from porttui.sampling.remote import SamplingProcess

    obstacle = _no_terminal()
    if obstacle is not None:
        print(
            f"porttui: {obstacle}; for a list without a terminal use: porttui list",
            file=sys.stderr,
        )
        return ExitStatus.USAGE
    limit = address_space_bytes()
    if limit is not None and limit < _SESSION_BYTES:
        print(
            f"porttui: a session takes {_SESSION_BYTES >> 20} MB of address space, and the limit "
            f"is {limit >> 20} MB (ulimit -v); porttui list takes less",
            file=sys.stderr,
        )
        return ExitStatus.FAILED
    _remove_foreign_settings(os.environ)
    # Textual takes a tenth of a second to import. Meanwhile the first sample is taken.
    boards = SamplingProcess(settings.source)
    from porttui.ui.session import run_session

    return run_session(boards, settings)


_SIZES = ("COLUMNS", "LINES")
_HARMLESS = ("TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY")


def _remove_foreign_settings(environ: MutableMapping[str, str]) -> None:
    """Textual presses the keys of TEXTUAL_PRESS, and writes files that other variables name.
    COLUMNS and LINES would stand for the terminal's real size."""
    for name in list(environ):
        if name in _SIZES or (name.startswith("TEXTUAL_") and name not in _HARMLESS):
            del environ[name]


def _no_terminal() -> str | None:
    """Why the interactive session cannot run here; Textual would hang or paint into a file."""
    for stream, name in ((sys.stdin, "stdin"), (sys.stdout, "stdout"), (sys.stderr, "stderr")):
        if stream is None or not stream.isatty():
            return f"{name} is no terminal"
    if os.environ.get("TERM") == "dumb":
        return "TERM=dumb is a terminal that cannot place text"
    return None


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # `python -m` looks into the working directory first: a struct.py there is not for us.
        sys.path.append(sys.path.pop(0))
    run()
