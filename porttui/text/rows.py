"""Text about rows of the panes: exposure, connections, processes, ranges."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.analysis.loopback_rows import EndStatus, RoleCertainty
from porttui.analysis.usage import RangeUsage
from porttui.model.kernel import PortRange
from porttui.model.socket import Exposure
from porttui.text.numbers import count, percent, pluralized

EXPOSURE_DETAILS = {
    Exposure.LOOPBACK: "only this machine can reach it",
    Exposure.ONE_INTERFACE: "bound to one address or device; a firewall may still block it",
    Exposure.ALL_INTERFACES: "bound to every address; a firewall may still block it",
}

ROLE_CERTAINTY = {
    RoleCertainty.KNOWN: "the server listens on that address",
    RoleCertainty.LIKELY: (
        "nothing listens there any more; only the client's port is in the ephemeral range"
    ),
    RoleCertainty.UNKNOWN: "which end is the server is unknown",
}

END_STATUS = {
    EndStatus.HIDDEN: "hidden",
    EndStatus.GONE: "gone",
    EndStatus.NOT_ACCEPTED: "(unaccepted)",
    EndStatus.CLOSING: "(closing)",
    EndStatus.MISSING: "(not seen)",
    EndStatus.ITSELF: "(itself)",
}
"""What stands for the process of a connection's end."""

END_STATUS_DETAILS = {
    EndStatus.GONE: "the socket was closed before its process was looked up",
    EndStatus.NOT_ACCEPTED: "it waits in the listener's queue; the server has not accepted it yet",
    EndStatus.CLOSING: "its process closed it; the kernel is finishing",
    EndStatus.MISSING: "not found: in another network namespace, or just closed",
    EndStatus.ITSELF: "one socket that is connected to itself",
}

LEGEND = (
    ("+", "new within the last seconds"),
    ("-", "just gone"),
    ("~", "another process has the address now"),
    ("!", "exposed: bound beyond loopback; a firewall may still block it"),
    ("✗", "exhausted; running low is !, and ≤ is at most"),
    ("½", "half closed: one side has finished sending"),
    ("->", "from client to server: the server listens on that address"),
    ("~>", "likely server, judged by its port"),
    ("--", "which end is the server is unknown"),
)
"""The glyphs before and between the cells of a row."""

HOLDER_GONE = "gone: the socket closed before its process was read"
HELD_BY_KERNEL = "none: the kernel itself has it"
IGNORES_SIGTERM = "ignores SIGTERM: only SIGKILL ends it"
NO_SERVICE = "none registered for this port"
BOUND_INACTIVE = "bound, idle"

NO_LISTENER = "nothing listens on this machine"
NO_CONNECTION = "no connection over loopback"
DISTINCT_PORTS = "distinct ports"
ESTIMATE = "an estimate"
FILTER_NOT_APPLIED = "filter not applied"
RANGES_KEEP_ORDER = "ranges cannot be sorted: what runs out comes first"


def running_text(fact: str, age: str) -> str:
    """A fact about a process, and for how long it has run."""
    return f"{fact}, running {age}"


def no_holder(reason: str) -> str:
    """Why no process has an end of a connection."""
    return f"none: {reason}"


def order_text(label: str, *, descending: bool) -> str:
    """The column that rows are sorted by."""
    return f"by {label.lower()} {'▼' if descending else '▲'}"


def ports_used(usage: RangeUsage) -> str:
    """How many ports of a range TCP uses."""
    return f"{count(usage.tcp)} of {count(usage.range.capacity)}, {percent(usage.share)}"


def most_by_text(holders: str) -> str:
    """Who uses the most ports of a range."""
    return f"most by {holders}"


def server_text(processes: str) -> str:
    """Who listens at a destination."""
    return f"server: {processes}"


def left_text(left: int, capacity: int, *, is_estimate: bool) -> str:
    """How much of a resource is left."""
    return f"{'about ' * is_estimate}{count(left)} of {count(capacity)} left"


def no_socket_left(back_key: str) -> str:
    """`back_key` leaves the range or destination."""
    return f"no socket here now ({back_key} goes back)"


def no_match(filter_text: str, clear_key: str) -> str:
    """No row matches the filter; `clear_key` clears it."""
    return f"no row matches the filter {filter_text} ({clear_key} clears it)"


def match_count(matches: int, rows: int, filter_text: str) -> str:
    """How many rows match a filter."""
    return f"{count(matches)} of {count(rows)} match {filter_text}"


def not_sortable(label: str) -> str:
    """A column that has no order."""
    return f"cannot sort by {label.lower()}"


def hidden_because(elevation: str, *, elevated: bool) -> str:
    """Why no process of a socket is visible; `elevation`: the command that shows more."""
    if elevated:
        return (
            "no process in sight holds it: the kernel may, or one in another PID namespace "
            "(a container)"
        )
    return f"only root can see its process: {elevation}"


def socket_user(user: str | None) -> str:
    """The user of a socket whose process is hidden."""
    return f"{user} (of the socket)" if user else "unknown"


def sharers(sockets: int) -> str:
    """Several sockets are bound to one address."""
    return f"{sockets} share the address (SO_REUSEPORT)"


def clients(number: int) -> str:
    """The established connections of a listener."""
    return f"{pluralized(number, 'connection')} established"


def opened_by(users: Iterable[str]) -> str:
    """Other users than the holder's opened the socket."""
    return f"opened by user {', '.join(users)}"


def inside_ephemeral(ephemeral: PortRange) -> str:
    """The listener's port is one that the kernel also gives to clients."""
    return (
        f"inside the ephemeral range {ephemeral}: while no server holds it, "
        "any outgoing connection may take this port"
    )


def expires(expires_ms: float) -> str:
    """How long TIME_WAIT lasts."""
    return f"in {expires_ms / 1000:.0f} s, as of this sample"


def extent(usage: RangeUsage) -> str:
    """A range, the ranges that it overlaps, and its reserved ports."""
    if not usage.shared_with:
        return f"{usage.range}, by IANA (RFC 6335)"
    shared = ", ".join(f"{name} {count(ports)}" for name, ports in usage.shared_with)
    reserved = sum(last - first + 1 for first, last in usage.range.reserved)
    rest = f"; {count(reserved)} reserved" if reserved else ""
    return f"{usage.range} overlaps {shared}{rest}"


def states(usage: RangeUsage) -> str:
    """The sockets of a range by state."""
    parts = [f"{state} {count(ports)}" for state, ports in usage.by_state]
    if usage.udp:
        parts.append(f"UDP {count(usage.udp)}")
    return "by state: " + (", ".join(parts) or "none in use")
