"""What `porttui` prints of a socket: each field once, as JSON and as a column of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from porttui.analysis.holders import by_seniority
from porttui.model.address import Endpoint
from porttui.model.process import Process
from porttui.model.socket import EXPOSURE_WORDS, OWNER_UNSEEN, Socket, exposure
from porttui.record import NamedTuple

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Field(NamedTuple):
    """One field of a socket."""

    key: str
    """In a JSON object."""
    value: Callable[[Socket], Json]
    heading: str = ""
    """Of the table's column."""
    cell: Callable[[Socket], str] = str


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


def socket_json(each: Socket) -> dict[str, Json]:
    """One socket with its holders."""
    return {field.key: field.value(each) for field in SOCKET_FIELDS}


def _user(each: Socket) -> str:
    """The socket's user, or else its holder's."""
    return each.user or next((holder.user for holder in each.holders if holder.user), "-")


SOCKET_FIELDS = (
    Field(
        "protocol",
        lambda each: each.protocol.value,
        "PROTO",
        lambda each: each.protocol.value,
    ),
    Field("family", lambda each: each.family.value),
    Field(
        "state",
        lambda each: each.state.value if each.state else None,
        "STATE",
        lambda each: each.state or "-",
    ),
    Field(
        "local",
        lambda each: endpoint_json(each.local),
        "LOCAL",
        lambda each: str(each.local),
    ),
    Field(
        "remote",
        lambda each: endpoint_json(each.remote) if each.remote else None,
        "REMOTE",
        lambda each: str(each.remote) if each.remote else "*",
    ),
    Field("uid", lambda each: each.uid),
    Field("user", lambda each: each.user, "USER", _user),
    Field("ownership", lambda each: each.ownership.value),
    Field(
        "exposure",
        lambda each: exposure(each.local.address).value,
        "EXPOSURE",
        lambda each: EXPOSURE_WORDS[exposure(each.local.address)],
    ),
    Field(
        "holders",
        lambda each: [process_json(holder) for holder in each.holders],
        "PROCESS",
        lambda each: process_names(each.holders) or OWNER_UNSEEN[each.ownership],
    ),
)
"""In the order of the JSON object."""

TABLE_COLUMNS = ("protocol", "state", "local", "remote", "exposure", "user", "holders")
"""Keys of those fields that the table shows, in its order."""
