"""Text of errors that end a command or keep a session from its start."""

from __future__ import annotations

DUMB_TERMINAL = "TERM=dumb cannot position the cursor"


def system_error(error: OSError | MemoryError) -> str:
    """An error of the system that no code expected."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def unwritable_output(error: OSError) -> str:
    """A line could not be written to stdout."""
    return f"cannot write to stdout: {error.strerror}"


def no_terminal(stream: str) -> str:
    """`stream`: "stdin", "stdout" or "stderr"."""
    return f"{stream} is not a terminal"


def no_session(problem: str) -> str:
    """The terminal is unfit for a session."""
    return f"{problem}; without a terminal use: porttui list"


def little_address_space(needed_mb: int, limit_mb: int) -> str:
    """The limit of the address space is too low for a session."""
    return (
        f"the session needs {needed_mb} MB of address space, but ulimit -v allows {limit_mb} MB; "
        "porttui list needs less"
    )
