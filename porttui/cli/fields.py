"""The printed fields of a socket, for JSON and for the table. The JSON is a stable format."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.model.socket import EXPOSURE_WORDS, OWNERSHIP_WORDS, Socket, exposure
from porttui.record import NamedTuple

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


_VERSION = 1
"""It rises when a field changes its meaning."""


class Field(NamedTuple):
    """One field of a socket."""

    key: str
    """In a JSON object."""
    value: Callable[[Socket], Json]
    heading: str = ""
    """Of the table's column."""
    cell: Callable[[Socket], str] = str


def json_document(**facts: Json) -> str:
    """One object in one line, without a newline; the keywords are its keys."""
    import json  # 2 ms, and not for plain text

    # In ASCII: foreign names go through whatever the encoding of stdout is.
    return json.dumps({"version": _VERSION, **facts})


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


def process_names(processes: Iterable[Process]) -> str:
    """The processes, the most senior first."""
    return ", ".join(process.label for process in by_seniority(processes))


def socket_json(socket: Socket) -> dict[str, Json]:
    """One socket with its holders."""
    return {field.key: field.value(socket) for field in SOCKET_FIELDS}


def _user(socket: Socket) -> str:
    """The socket's user, or else its holder's."""
    return socket.user or next((holder.user for holder in socket.holders if holder.user), "-")


SOCKET_FIELDS = (
    Field(
        "protocol",
        lambda socket: socket.protocol.value,
        "PROTO",
        lambda socket: socket.protocol.value,
    ),
    Field("family", lambda socket: socket.family.value),
    Field(
        "state",
        lambda socket: socket.state.value if socket.state else None,
        "STATE",
        lambda socket: socket.state or "-",
    ),
    Field(
        "local",
        lambda socket: endpoint_json(socket.local),
        "LOCAL",
        lambda socket: str(socket.local),
    ),
    Field(
        "remote",
        lambda socket: endpoint_json(socket.remote) if socket.remote else None,
        "REMOTE",
        lambda socket: str(socket.remote) if socket.remote else "*",
    ),
    Field("uid", lambda socket: socket.uid),
    Field("user", lambda socket: socket.user, "USER", _user),
    Field("ownership", lambda socket: socket.ownership.value),
    Field(
        "exposure",
        lambda socket: exposure(socket.local.address).value,
        "EXPOSURE",
        lambda socket: EXPOSURE_WORDS[exposure(socket.local.address)],
    ),
    Field(
        "holders",
        lambda socket: [process_json(holder) for holder in socket.holders],
        "PROCESS",
        lambda socket: process_names(socket.holders) or OWNERSHIP_WORDS[socket.ownership],
    ),
)
"""In the order of the JSON object."""

TABLE_COLUMNS = ("protocol", "state", "local", "remote", "exposure", "user", "holders")
"""Keys of those fields that the table shows, in its order."""
