"""Text of gauges: title, amount left, cause, cure."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.analysis.gauge_history import Trend
from porttui.forecast.gauges import Gauge, Resource
from porttui.model.forecast import Caveat, Destination, Forecast, Level
from porttui.record import NamedTuple
from porttui.text.numbers import age, pluralized
from porttui.text.processes import names

_MAX_HOLDERS = 2


class ResourceWords(NamedTuple):
    """What a limited resource is called, and what helps. Formatted with its `gauge`."""

    title: str
    short_title: str
    """Stands behind "95 left"."""
    name: str
    """In a table; empty where the table draws it itself."""
    cure: str


RESOURCES = {
    Resource.CONNECT: ResourceWords(
        title="connect() to {gauge.destination.remote} from {gauge.destination.local}",
        short_title="to {gauge.destination.remote}",
        name="",
        cure="reuse connections (keep-alive, a pool), add an address on either end, "
        "or widen net.ipv4.ip_local_port_range",
    ),
    Resource.BIND: ResourceWords(
        title="bind() to port 0 on {gauge.address}",
        short_title="to bind {gauge.address}",
        name="bind {gauge.address}",
        cure="bind to another address, let clients connect without bind() "
        "(or with IP_BIND_ADDRESS_NO_PORT), or widen net.ipv4.ip_local_port_range",
    ),
    Resource.UDP: ResourceWords(
        title="UDP sockets with an automatic port",
        short_title="for UDP",
        name="UDP, no bind",
        cure="reuse sockets, close idle ones, or widen net.ipv4.ip_local_port_range",
    ),
    Resource.TCP_RANGE: ResourceWords(
        title="TCP ports of the ephemeral range",
        short_title="of the TCP ports",
        name="TCP ports",
        cure="reuse connections (keep-alive, a pool), or widen the ephemeral range",
    ),
    Resource.UDP_RANGE: ResourceWords(
        title="UDP ports of the ephemeral range",
        short_title="of the UDP ports",
        name="UDP ports",
        cure="reuse sockets, close idle ones, or widen the ephemeral range",
    ),
    Resource.CONNTRACK: ResourceWords(
        title="connections tracked by netfilter",
        short_title="in conntrack",
        name="conntrack",
        cure="not a lack of ports: raise net.netfilter.nf_conntrack_max",
    ),
    Resource.OPEN_FILES: ResourceWords(
        title="open files of the whole system",
        short_title="of open files",
        name="open files",
        cure="not a lack of ports (ENFILE): raise fs.file-max, "
        "or find the process that leaks descriptors",
    ),
    Resource.PROCESS_FILES: ResourceWords(
        title="open files of {gauge.process.label}",
        short_title="for files of {gauge.process.label}",
        name="",
        cure="not a lack of ports (EMFILE): raise the process's limit (ulimit -n, LimitNOFILE=), "
        "or find what it leaves open",
    ),
}


def title(gauge: Gauge) -> str:
    """What it is about: "connect() to 127.0.0.1:5432 from 127.0.0.1"."""
    return RESOURCES[gauge.resource].title.format(gauge=gauge)


def short_title(gauge: Gauge) -> str:
    """The same behind "95 left": "to 127.0.0.1:5432"."""
    return RESOURCES[gauge.resource].short_title.format(gauge=gauge)


def resource_name(gauge: Gauge) -> str:
    """The same in a table: "conntrack"; empty for a destination and a process."""
    return RESOURCES[gauge.resource].name.format(gauge=gauge)


def left_text(gauge: Gauge) -> str:
    """ "321 of 28,232 left", "at most" where that is not certain."""
    if gauge.is_estimate:
        return f"about {gauge.left:,} of {gauge.capacity:,} left (estimate)"
    about = "at most " if gauge.headroom.at_least < gauge.left else ""
    return f"{about}{gauge.left:,} of {gauge.capacity:,} left"


def bounds_text(gauge: Gauge) -> str:
    """Least and most, where clients may have bound before connecting. Empty where it is exact."""
    if gauge.is_estimate:
        return _CAVEATS[Caveat.RULES_UNKNOWN]
    least, most = gauge.headroom.at_least, gauge.headroom.at_most
    if least == most:
        return ""
    bounds = f"at least {least:,}" if most == gauge.left else f"from {least:,} to {most:,}"
    return f"{bounds}: clients that bind first cannot be recognised"


def cause(gauge: Gauge) -> str:
    """Who uses the ports; empty where nobody can be named."""
    if gauge.time_wait is not None:
        return f"{gauge.used:,} in use; {pluralized(gauge.time_wait, 'socket')} in TIME_WAIT"
    destination = gauge.destination
    if destination is None:
        return ""
    parts = []
    if destination.in_use:
        parts.append(f"{destination.in_use:,} in use{_holders_text(destination)}")
    if destination.time_wait:
        parts.append(f"{destination.time_wait:,} of them in TIME_WAIT")
    elsewhere = gauge.used - destination.in_use
    if elsewhere > 0:
        words = "more are" if destination.in_use else "are"
        parts.append(f"{elsewhere:,} {words} bound or listening")
    return ", ".join(parts)


def recovery(gauge: Gauge) -> str:
    """When ports become free again by themselves; empty where that is unknown."""
    destination = gauge.destination
    if (
        destination is None
        or destination.recovers_in_s is None
        or destination.recovered_in_s is None
    ):
        return ""
    first, last = destination.recovers_in_s, destination.recovered_in_s
    if last <= 1:
        return "recovers within 1 s"
    if first < 0.95 * last:
        return f"starts to recover in {_seconds(first)}, done in {_seconds(last)}"
    return f"recovers in {_seconds(last)}"


def trend_text(trend: Trend | None) -> str:
    """ "falling by 12 per second; gone in 7 h"; empty while it does not shrink."""
    if trend is None or trend.rate is None or trend.exhausted_in_s is None or trend.rate < 0.1:
        return ""
    rate = f"{trend.rate:,.0f}" if trend.rate >= 10 else f"{trend.rate:.1f}"
    end = "within 1 s" if trend.exhausted_in_s < 1 else f"in {age(trend.exhausted_in_s)}"
    return f"falling by {rate.removesuffix('.0')} per second; gone {end}"


def cure(gauge: Gauge) -> str:
    """What a person can do about it."""
    return RESOURCES[gauge.resource].cure


def verdict(gauge: Gauge) -> str:
    """One sentence: what, how much is left, why, until when."""
    state = "exhausted, " if gauge.level is Level.EXHAUSTED else ""
    parts = [f"{title(gauge)}: {state}{left_text(gauge)}"]
    if gauge.level not in (Level.OK, Level.UNKNOWN):
        parts += [cause(gauge), recovery(gauge)]
    return "; ".join(part for part in parts if part)


def range_text(forecast: Forecast) -> str:
    """The size and use of the ephemeral range, in one line."""
    ephemeral = forecast.ephemeral
    reserved = ephemeral.last - ephemeral.first + 1 - ephemeral.capacity
    reserved_text = f", {reserved:,} reserved" if reserved else ""
    reusable = "" if forecast.reusable is None else f" ({forecast.reusable:,} reusable)"
    return (
        f"ephemeral range {ephemeral}: {ephemeral.capacity:,} ports{reserved_text}. "
        f"TCP: {forecast.tcp_used:,} in use, "
        f"{pluralized(forecast.time_wait, 'socket')} in TIME_WAIT{reusable}. "
        f"UDP: {forecast.udp_used:,} in use"
    )


def unknown_line(reason: str) -> str:
    """The status line where nothing could be measured."""
    return f"PORTS UNKNOWN - {reason}"


def cure_line(gauge: Gauge) -> str:
    """The line of `check` that names the cure."""
    return f"what helps: {cure(gauge)}"


def no_route(host: str) -> str:
    """No address of the host can be reached."""
    return f"no route to {host}"


def caveats_text(caveats: Sequence[Caveat]) -> tuple[str, ...]:
    """Why the numbers may be off, a sentence each."""
    return tuple(_CAVEATS[caveat] for caveat in caveats)


def _holders_text(destination: Destination) -> str:
    if destination.holders:
        return f" by {names([share.process for share in destination.holders], _MAX_HOLDERS)}"
    if destination.hidden:
        return " by hidden processes"
    return ", closed before their process was read" if destination.gone else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


_CAVEATS = {
    Caveat.RULES_UNKNOWN: "estimate: this system does not document how it assigns ports",
    Caveat.BOUND_INACTIVE_UNLISTED: (
        "at most: bound sockets that do not listen are not listed (netlink lists them "
        "since Linux 6.8)"
    ),
    Caveat.AGES_UNKNOWN: "at least: this source does not report TIME_WAIT timers",
    Caveat.PORTS_SHARED: (
        "net.ipv4.ip_autobind_reuse is set: bind() with SO_REUSEADDR finds more ports"
    ),
}
