"""The forecast: how many ports are left, of one snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from porttui.forecast import binding
from porttui.forecast.flows import Flows
from porttui.forecast.occupancy import Occupancy, occupancy
from porttui.forecast.time_wait import Takeover
from porttui.model.address import Address
from porttui.model.forecast import (
    BindHeadroom,
    Caveat,
    Destination,
    Flow,
    Forecast,
    Headroom,
)
from porttui.model.port_range import PortRange
from porttui.model.snapshot import Snapshot
from porttui.model.socket_table import TIME_WAIT, UNTOLD

USUAL_BINDS = tuple(Address.parse(text) for text in ("127.0.0.1", "0.0.0.0", "::1"))


def forecast(
    snapshot: Snapshot,
    wanted: Sequence[Flow] = (),
    binds: Sequence[Address] = USUAL_BINDS,
    *,
    top: int = 10,
) -> Forecast | None:
    """What the ephemeral range still gives; None where the kernel does not tell its range.

    Where there are no rules it is an estimate: Linux' way is not applied to other systems.

    Args:
        snapshot: A sample of at least the sockets with a local port of the ephemeral range.
        wanted: Destinations to be there whether anything is connected to them or not.
        binds: Addresses to bind port 0 of.
        top: How many destinations besides, of those with connections.
    """
    ephemeral = snapshot.ephemeral
    if ephemeral is None:
        return None
    sockets = snapshot.sockets
    taken, flows = _look(snapshot, ephemeral)
    is_linux = snapshot.tcp_rules is not None
    return Forecast(
        ephemeral=ephemeral,
        tcp_used=len(taken.used),
        time_wait=taken.time_wait,
        reusable=flows.reusable,
        binds=tuple(
            BindHeadroom(each, binding.bind_headroom(taken, each)) for each in binds if is_linux
        ),
        destinations=_destinations(flows, wanted, top),
        udp_used=binding.udp_used(sockets, ephemeral),
        udp_headroom=binding.udp_headroom(sockets, ephemeral) if is_linux else None,
        caveats=_caveats(snapshot),
    )


def connect_headroom(snapshot: Snapshot, flow: Flow) -> Headroom | None:
    """How many connections of a flow are left; None where the kernel does not tell its range, or
    its rules."""
    if snapshot.ephemeral is None:
        return None
    return _look(snapshot, snapshot.ephemeral)[1].headroom(flow)


def bind_headroom(snapshot: Snapshot, address: Address) -> Headroom | None:
    """How many sockets can bind port 0; None as above."""
    if snapshot.ephemeral is None or snapshot.tcp_rules is None:
        return None
    taken, _ = _look(snapshot, snapshot.ephemeral)
    return binding.bind_headroom(taken, address)


def udp_headroom(snapshot: Snapshot, address: Address = binding.WILDCARD_4) -> Headroom | None:
    """How many UDP sockets can do without a port of their own; None as above."""
    if snapshot.ephemeral is None or snapshot.tcp_rules is None:
        return None
    return binding.udp_headroom(snapshot.sockets, snapshot.ephemeral, address)


def _look(snapshot: Snapshot, ephemeral: PortRange) -> tuple[Occupancy, Flows]:
    taken = occupancy(snapshot.sockets, ephemeral, is_whole=snapshot.lists_idle)
    rules = snapshot.tcp_rules
    return taken, Flows(taken, None if rules is None else Takeover(rules))


def _destinations(flows: Flows, wanted: Sequence[Flow], top: int) -> tuple[Destination, ...]:
    asked = {flow.key: flow for flow in wanted}
    pressing = {flow.key: flow for flow in flows.pressing(top)}
    found = [flows.destination(flow) for flow in (pressing | asked).values()]
    return tuple(sorted(found, key=_place))


def _place(destination: Destination) -> tuple[int, int]:
    headroom = destination.headroom
    return 0 if headroom is None else headroom.expected, -destination.in_use


def _caveats(snapshot: Snapshot) -> tuple[Caveat, ...]:
    rules, sockets = snapshot.tcp_rules, snapshot.sockets
    waiting = sockets.states.find(TIME_WAIT)
    holds = {
        Caveat.RULES_UNTOLD: rules is None,
        Caveat.IDLE_UNSEEN: not snapshot.lists_idle,
        Caveat.AGES_UNTOLD: rules is not None
        and waiting >= 0
        and sockets.expires_ms[waiting] == UNTOLD,
        Caveat.PORTS_SHARED: rules is not None and rules.autobind_reuse,
    }
    return tuple(caveat for caveat, is_so in holds.items() if is_so)
