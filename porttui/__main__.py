"""The entry: `porttui` and `python -m porttui`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from porttui.cli.arguments import Command, ListCommand, SessionCommand, parse_arguments
from porttui.cli.exit_status import ExitStatus
from porttui.host.contract import Host, HostError
from porttui.host.local import local_host
from porttui.sampling.sampler import Sampler


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status.

    Raises:
        SystemExit: bad usage (2), and --help and --version (0).
    """
    command = parse_arguments(sys.argv[1:] if argv is None else argv)
    try:
        return _run(command, local_host(command.source))
    except HostError as error:
        print(f"porttui: {error}", file=sys.stderr)
        return ExitStatus.FAILED
    except BrokenPipeError:
        # Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.BROKEN_PIPE
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED


def _run(command: Command, host: Host) -> int:
    sampler = Sampler(host)
    if isinstance(command, ListCommand):
        from porttui.cli.listing import run_list

        status = run_list(command, sampler, sys.stdout, sys.stderr)
        sys.stdout.flush()
        return status
    return _run_session(command, host, sampler)


def _run_session(command: SessionCommand, host: Host, sampler: Sampler) -> int:
    obstacle = _no_terminal()
    if obstacle is not None:
        print(
            f"porttui: {obstacle}; for a list without a terminal use: porttui list",
            file=sys.stderr,
        )
        return ExitStatus.USAGE
    # Textual takes a quarter of a second to import: one-shot commands never do.
    from porttui.host.clipboard import SystemClipboard
    from porttui.stopping.stopper import Stopper
    from porttui.ui.session import run_session

    return run_session(
        sampler,
        Stopper(host, sampler),
        SystemClipboard(),
        interval_s=command.interval_s,
        wanted=command.filter,
    )


def _no_terminal() -> str | None:
    """Why the interactive session cannot run here; Textual would hang or paint into a file."""
    for stream, name in ((sys.stdin, "stdin"), (sys.stdout, "stdout"), (sys.stderr, "stderr")):
        if stream is None or not stream.isatty():
            return f"{name} is no terminal"
    if os.environ.get("TERM") == "dumb":
        return "TERM=dumb is a terminal that cannot place text"
    return None


if __name__ == "__main__":
    sys.exit(main())
