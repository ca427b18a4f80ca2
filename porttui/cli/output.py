"""What a command gives back: columns or JSON on stdout, and an exit status."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import IntEnum

from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.model.socket import Socket, exposure
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_JSON_VERSION = 1
"""The JSON is a stable format: this rises when a field changes its meaning."""


class ExitStatus(IntEnum):
    """What a porttui process ends with."""

    OK = 0
    """Done. A list that is empty is done, too."""
    FAILED = 1
    """`list`: the machine could not be read. The session: it ended by a fault. stderr says why."""
    NEGATIVE = 1
    """Commands about a port: the answer is no."""
    USAGE = 2
    """Bad usage, or no terminal for the interactive session. Nothing was done."""
    DENIED = 3
    """`free`: the system did not permit the signal."""
    REFUSED = 4
    """`free`: porttui does not do that, or was not told to. Nothing was sent."""
    UNREADABLE = 5
    """Commands about a port: the machine could not be read, so there is no answer."""
    INTERRUPTED = 130
    """Ctrl+C (128 + SIGINT)."""
    BROKEN_PIPE = 141
    """The reader of stdout went away (128 + SIGPIPE)."""


class CheckStatus(IntEnum):
    """What `check` ends with: the return codes of Nagios plugins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    """Nothing left counts as critical."""
    UNKNOWN = 3
    """There is no answer, also for bad usage."""


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


def columns(
    rows: Sequence[Sequence[str]],
    heading: Sequence[str] = (),
    right_aligned: Sequence[int] = (),
    optional: Sequence[int] = (),
) -> str:
    """Aligned lines, under a heading if there is one; "" without a row.

    Args:
        rows: As many cells each.
        heading: A word for each column.
        right_aligned: Columns to align to the right.
        optional: Columns to leave out where no row has anything in them.
    """
    if not rows:
        return ""
    lines = [heading, *rows] if heading else rows
    widths = {
        index: max(_cell_width(line[index]) for line in lines)
        for index in range(len(rows[0]))
        if index not in optional or any(row[index] for row in rows)
    }
    return "\n".join(
        "  ".join(
            _pad(line[index], width, is_right=index in right_aligned)
            for index, width in widths.items()
        ).rstrip()
        for line in lines
    )


def _pad(text: str, width: int, *, is_right: bool) -> str:
    blanks = " " * (width - _cell_width(text))
    return blanks + text if is_right else text + blanks


def _cell_width(text: str) -> int:
    """How many cells of a terminal it takes (Unicode UAX #11)."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    widths = {"W": 2, "F": 2}
    return sum(
        0
        if category(character) in ("Mn", "Me", "Cf")
        else widths.get(east_asian_width(character), 1)
        for character in text
    )


def json_document(**facts: Json) -> str:
    """One object in one line, without a newline; the keywords are its keys."""
    import json  # 2 ms, and not for plain text

    # In ASCII: foreign names go through whatever the encoding of stdout is.
    return json.dumps({"version": _JSON_VERSION, **facts})


def endpoint_json(endpoint: Endpoint) -> dict[str, Json]:
    """An address and a port."""
    return {"address": endpoint.address.text, "port": endpoint.port}


def process_json(process: Process) -> dict[str, Json]:
    """One process; `create_time` is seconds since the epoch."""
    return {
        "pid": process.pid,
        "name": process.name,
        "user": process.user,
        "cmdline": list(process.cmdline),
        "create_time": process.create_time,
    }


def socket_json(socket: Socket) -> dict[str, Json]:
    """One socket with its holders."""
    return {
        "protocol": socket.protocol.value,
        "family": socket.family.value,
        "state": socket.state.value if socket.state else None,
        "local": endpoint_json(socket.local),
        "remote": endpoint_json(socket.remote) if socket.remote else None,
        "uid": socket.uid,
        "user": socket.user,
        "ownership": socket.ownership.value,
        "exposure": exposure(socket.local.address).value,
        "holders": [process_json(holder) for holder in socket.holders],
    }
