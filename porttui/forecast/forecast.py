"""Forecasts connect(2), bind(2) and UDP from one snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.forecast import bind
from porttui.forecast.connect import ConnectForecast, TimeWaitReuse
from porttui.forecast.occupancy import measure_occupancy
from porttui.model.address import Address
from porttui.model.forecast import (
    BindHeadroom,
    Caveat,
    ConnectPath,
    Destination,
    Forecast,
)
from porttui.model.snapshot import Snapshot
from porttui.model.socket_table import TIME_WAIT, UNKNOWN_NUMBER

USUAL_BINDS = tuple(Address.parse(text) for text in ("127.0.0.1", "0.0.0.0", "::1"))


def forecast(
    snapshot: Snapshot,
    paths: Sequence[ConnectPath] = (),
    binds: Sequence[Address] = USUAL_BINDS,
    *,
    top: int = 10,
) -> Forecast | None:
    """What the ephemeral range still gives; None where the range is unknown.

    Without rules it is an estimate: the way of Linux is not applied to other systems.

    Args:
        snapshot: A sample of at least the sockets with a local port of the ephemeral range.
        paths: Destinations to include even without connections.
        binds: Addresses to bind port 0 of.
        top: How many more destinations, those with most connections.
    """
    ephemeral = snapshot.ephemeral
    if ephemeral is None:
        return None
    sockets, rules = snapshot.sockets, snapshot.tcp_rules
    occupancy = measure_occupancy(
        sockets, ephemeral, lists_bound_inactive=snapshot.lists_bound_inactive
    )
    connect = ConnectForecast(occupancy, None if rules is None else TimeWaitReuse(rules))
    is_linux = rules is not None
    return Forecast(
        ephemeral=ephemeral,
        tcp_used=len(occupancy.used),
        time_wait=occupancy.time_wait,
        reusable=connect.reusable,
        binds=tuple(
            BindHeadroom(address, bind.bind_headroom(occupancy, address))
            for address in binds
            if is_linux
        ),
        destinations=_destinations(connect, paths, top),
        udp_used=bind.udp_used(sockets, ephemeral),
        udp_headroom=bind.udp_headroom(sockets, ephemeral) if is_linux else None,
        caveats=_caveats(snapshot),
    )


def _destinations(
    connect: ConnectForecast, paths: Sequence[ConnectPath], top: int
) -> tuple[Destination, ...]:
    requested = {path.key: path for path in paths}
    most_used = {path.key: path for path in connect.most_used(top)}
    destinations = map(connect.destination, (most_used | requested).values())
    return tuple(sorted(destinations, key=_sort_key))


def _sort_key(destination: Destination) -> tuple[int, int]:
    headroom = destination.headroom
    return 0 if headroom is None else headroom.expected, -destination.in_use


def _caveats(snapshot: Snapshot) -> tuple[Caveat, ...]:
    rules, sockets = snapshot.tcp_rules, snapshot.sockets
    first_time_wait = sockets.states.find(TIME_WAIT)
    holds = {
        Caveat.RULES_UNKNOWN: rules is None,
        Caveat.BOUND_INACTIVE_UNLISTED: not snapshot.lists_bound_inactive,
        Caveat.AGES_UNKNOWN: rules is not None
        and first_time_wait >= 0
        and sockets.expires_ms[first_time_wait] == UNKNOWN_NUMBER,
        Caveat.PORTS_SHARED: rules is not None and rules.autobind_reuse,
    }
    return tuple(caveat for caveat, is_so in holds.items() if is_so)
