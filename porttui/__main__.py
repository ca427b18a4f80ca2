"""Run `porttui`: parse argv, run the command, exit with its status.

Everything is imported where it is needed, so that a one-shot command loads nothing of the session.
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

_MIN_ADDRESS_SPACE_BYTES = 768 << 20
"""550 MB were seen. 40 of them are in use; each thread reserves 64 (mallopt(3), M_ARENA_MAX)."""


def run() -> NoReturn:
    """Run the command that the command line asks for, and end the process with its status."""
    # Collecting garbage takes a tenth of the start and finds none. A session collects again as
    # soon as its first frame is painted.
    gc.disable()
    # An orderly end takes 5 of the 40 ms of `who`, and in a session waits for workers that wait for
    # a filesystem. stdout is flushed (`cli.output`), and nothing is open that needs more.
    os._exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status.

    Raises:
        SystemExit: bad usage (2), and --help and --version (0).
    """
    from porttui.cli.arguments import COMMANDS, command_module, parse_command
    from porttui.cli.output import ExitStatus, OutputError
    from porttui.host.request import HostError
    from porttui.sampling.sources import SampleError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A foreign process name must not break the output in another encoding.
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if argv is None else argv
    host_error_status = ExitStatus.FAILED
    try:
        if not arguments or arguments[0] not in COMMANDS:
            from porttui.cli import session

            return _start_session(parse_command(session.GRAMMAR, session.build_command, arguments))
        module = command_module(arguments[0])
        command = parse_command(module.GRAMMAR, module.build_command, arguments[1:])
        host_error_status = module.GRAMMAR.host_error_status
        return module.run(command, sys.stdout, sys.stderr)
    except (HostError, SampleError) as error:
        print(f"porttui: {error}", file=sys.stderr)
        return host_error_status
    except BrokenPipeError:
        return ExitStatus.BROKEN_PIPE
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
        return ExitStatus.FAILED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except (OSError, MemoryError) as error:
        from porttui.text.errors import system_error

        print(f"porttui: {system_error(error)}", file=sys.stderr)
        return host_error_status


def _start_session(settings: Settings) -> int:
    from porttui.cli.output import ExitStatus
    from porttui.sampling.process import SamplingProcess
    from porttui.text import errors

    problem = _terminal_problem()
    if problem is not None:
        print(f"porttui: {errors.no_session(problem)}", file=sys.stderr)
        return ExitStatus.USAGE
    limit = _address_space_bytes()
    if limit is not None and limit < _MIN_ADDRESS_SPACE_BYTES:
        message = errors.little_address_space(_MIN_ADDRESS_SPACE_BYTES >> 20, limit >> 20)
        print(f"porttui: {message}", file=sys.stderr)
        return ExitStatus.FAILED
    _remove_textual_variables(os.environ)
    # Textual takes a tenth of a second to import. Meanwhile the first sample is taken.
    dashboards = SamplingProcess(settings.source)
    from porttui.ui.session import run_session

    return run_session(dashboards, settings)


def _address_space_bytes() -> int | None:
    """The limit of this process (RLIMIT_AS of getrlimit(2)); None without one."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


_SIZE_VARIABLES = ("COLUMNS", "LINES")
_KEPT_VARIABLES = ("TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY")


def _remove_textual_variables(environ: MutableMapping[str, str]) -> None:
    """Textual presses the keys of TEXTUAL_PRESS, and writes files that other variables name.
    COLUMNS and LINES would stand for the terminal's real size."""
    for name in list(environ):
        if name in _SIZE_VARIABLES or (name.startswith("TEXTUAL_") and name not in _KEPT_VARIABLES):
            del environ[name]


def _terminal_problem() -> str | None:
    """Why the session cannot use this terminal: Textual would hang or paint into a file."""
    from porttui.text.errors import DUMB_TERMINAL, no_terminal

    for stream, name in ((sys.stdin, "stdin"), (sys.stdout, "stdout"), (sys.stderr, "stderr")):
        if stream is None or not stream.isatty():
            return no_terminal(name)
    if os.environ.get("TERM") == "dumb":
        return DUMB_TERMINAL
    return None


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # `python -m` looks into the working directory first: a struct.py there is not for us.
        sys.path.append(sys.path.pop(0))
    run()
