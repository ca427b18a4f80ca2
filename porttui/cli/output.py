"""Writing to stdout, which can be full, closed or gone."""

from __future__ import annotations

import os

from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


class OutputError(Exception):
    """stdout cannot be written; the message says why."""


def write(text: str, out: TextIO | None) -> None:
    """Write a line. A closed stdout (`>&-`) takes nothing, and that is no error of ours.

    Raises:
        BrokenPipeError: the reader went away.
        OutputError: the disk is full, say.
    """
    if out is None:
        return
    try:
        print(text, file=out, flush=True)
    except OSError as error:
        # What is still to be written goes nowhere; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        from porttui.text.errors import unwritable_output  # not before it is needed

        raise OutputError(unwritable_output(error)) from error
