"""The entry: `porttui` and `python -m porttui`.

Everything is imported where it is needed: a one-shot command ends before a session has begun.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from typing import NoReturn

    from porttui.cli.arguments import ListCommand, SessionCommand
    from porttui.cli.check_arguments import CheckCommand

_SESSION_BYTES = 768 << 20
"""550 MB were seen. 40 of them are in use; each thread reserves 64 (mallopt(3), M_ARENA_MAX)."""


def run() -> NoReturn:
    """Run the command that the command line asks for, and end the process with its status."""
    # What is made while a program starts stays: looking for garbage among it is a tenth of the
    # start. A session collects again as soon as its first frame is painted.
    gc.disable()
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status.

    Raises:
        SystemExit: bad usage (2), and --help and --version (0).
    """
    from porttui.cli.arguments import ListCommand, SessionCommand, parse_arguments
    from porttui.cli.exit_status import ExitStatus
    from porttui.cli.output import OutputError
    from porttui.host.asking import HostError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whoever names a process must not break the list of a terminal with another encoding.
            stream.reconfigure(errors="backslashreplace")
    unreadable = ExitStatus.FAILED
    try:
        command = parse_arguments(sys.argv[1:] if argv is None else argv)
        if isinstance(command, ListCommand):
            return _list(command)
        if isinstance(command, SessionCommand):
            return _run_session(command)
        from porttui.cli.check_arguments import CheckCommand

        if isinstance(command, CheckCommand):
            return _check(command)
        from porttui.cli.port_arguments import ProbeCommand
        from porttui.cli.port_commands import run_port_command

        if not isinstance(command, ProbeCommand):
            unreadable = ExitStatus.UNREADABLE
        return run_port_command(command, sys.stdout, sys.stderr)
    except HostError as error:
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
        print(f"porttui: {_shortage(error)}", file=sys.stderr)
        return unreadable


def _shortage(error: OSError | MemoryError) -> str:
    """What the system did not give, where nobody expected that it might not."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    where = f"{error.filename}: " if error.filename else ""
    return f"the system refuses: {where}{error.strerror or error}"


def _list(command: ListCommand) -> int:
    from porttui.host.local import local_host
    from porttui.sampling.sampler import Sampler

    sampler = Sampler(local_host(command.source, once=True))
    sampler.begin()
    from porttui.cli.listing import run_list

    return run_list(command, sampler, sys.stdout, sys.stderr)


def _check(command: CheckCommand) -> int:
    """Whatever keeps it from an answer is UNKNOWN: 1 and 2 would be verdicts."""
    from porttui.cli.exit_status import CheckStatus
    from porttui.cli.output import OutputError, write
    from porttui.host.asking import HostError
    from porttui.host.local import local_host
    from porttui.sampling.sampler import Sampler

    try:
        try:
            host = local_host(command.source, once=command.period_s is None)
        except HostError as error:
            from porttui.cli.check import unknown

            write(unknown(str(error), as_json=command.as_json), sys.stdout)
            return CheckStatus.UNKNOWN
        sampler = Sampler(host)
        if command.names_holders:
            sampler.begin()
        from porttui.cli.check import run_check

        return run_check(command, host, sampler, sys.stdout, sys.stderr)
    except OutputError as error:
        print(f"porttui: {error}", file=sys.stderr)
        return CheckStatus.UNKNOWN
    except (OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        print(f"PORTS UNKNOWN - {_shortage(error)}")
        return CheckStatus.UNKNOWN


def _run_session(command: SessionCommand) -> int:
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
    _clear_of_textual(os.environ)
    # Textual takes a tenth of a second to import. Meanwhile the first sample is taken.
    boards = SamplingProcess(command.source)
    from porttui.ui.session import run_session

    status = run_session(
        boards,
        command.source,
        interval_s=command.interval_s,
        wanted=command.filter,
        place=command.place,
    )
    # Python would wait for workers that wait for a filesystem or a name service.
    os._exit(status)


def _clear_of_textual(environ: MutableMapping[str, str]) -> None:
    """Remove what would rule the session from outside: TEXTUAL_PRESS presses keys, others write
    files, and COLUMNS stands for the terminal's own size."""
    for name in list(environ):
        if name in _SIZES or (name.startswith("TEXTUAL_") and name not in _HARMLESS):
            del environ[name]


_SIZES = ("COLUMNS", "LINES")
_HARMLESS = ("TEXTUAL_ANIMATIONS", "TEXTUAL_DISABLE_KITTY_KEY")


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
