"""Waits until a port can be had, or until somebody serves it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import StrEnum

from porttui.analysis.overlap import stands_in_the_way
from porttui.host.asking import Want
from porttui.host.contract import BindAnswer, Host
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.socket import Socket
from porttui.record import NamedTuple
from porttui.sampling.snapshots import SnapshotSource

LOOK_S = 0.1
"""Between two looks: nothing in the system tells when a port becomes free."""


class Until(StrEnum):
    """What is waited for."""

    FREE = "free"
    LISTENING = "listening"


class PortState(StrEnum):
    """What a port is, as far as waiting is concerned."""

    FREE = "free"
    """A server that sets SO_REUSEADDR can bind every wanted address."""
    LISTENING = "listening"
    HELD = "held"
    """Nobody listens, and yet it cannot be bound."""


class Waited(NamedTuple):
    """How a wait ended."""

    reached: bool
    state: PortState
    """At the last look."""
    waited_ms: float
    listeners: tuple[Socket, ...]


class Waiting:
    """One wait for one port."""

    def __init__(
        self,
        host: Host,
        sampler: SnapshotSource,
        protocol: Protocol,
        port: int,
        addresses: Sequence[Address],
    ) -> None:
        self._host = host
        self._sampler = sampler
        self._protocol = protocol
        self._port = port
        self._addresses = tuple(addresses)

    def wait(
        self,
        until: Until,
        timeout_s: float | None,
        tell: Callable[[Waited], object] = lambda _: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Waited:
        """Look again and again until it is so, the time is over, or `is_over` says to give up.

        `tell` hears of every look. Only SO_REUSEADDR probes: they disturb no server that starts.

        Raises:
            SampleError: the sockets could not be read.
        """
        start = time.monotonic()
        while True:
            seen = self._look(until, start)
            tell(seen)
            late = timeout_s is not None and seen.waited_ms >= timeout_s * 1000
            if seen.reached or late or is_over():
                return seen
            time.sleep(LOOK_S)

    def _look(self, until: Until, start: float) -> Waited:
        sockets = self._sampler.sample(Want.LISTENING_AGAIN).sockets
        on_port = (sockets[row] for row in sockets.on_port(self._protocol, self._port))
        listeners = tuple(each for each in on_port if each.is_listening and self._is_meant(each))
        state = PortState.LISTENING if listeners else self._probed()
        waited_ms = (time.monotonic() - start) * 1000
        return Waited(state.value == until.value, state, waited_ms, listeners)

    def _is_meant(self, each: Socket) -> bool:
        return any(stands_in_the_way(address, each) is not False for address in self._addresses)

    def _probed(self) -> PortState:
        for address in self._addresses:
            answer = self._host.try_bind(self._protocol, Endpoint(address, self._port), True)
            if answer is not BindAnswer.BINDABLE:
                return PortState.HELD
        return PortState.FREE
