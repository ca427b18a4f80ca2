"""Wait until a port is free or has a listener."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from porttui.analysis.address_rules import may_block_any
from porttui.diagnosis.devices import is_reached, read_devices
from porttui.diagnosis.diagnoser import default_addresses
from porttui.diagnosis.judgement import refusal_kind
from porttui.host.contract import BindResult, Host
from porttui.host.request import SocketRequest
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.diagnosis import ReasonKind
from porttui.model.socket import Socket
from porttui.record import NamedTuple
from porttui.sampling.sources import SnapshotSource

POLL_INTERVAL_S = 0.1
"""Between polls: the system sends no event when a port becomes free."""


class PortState(StrEnum):
    """The state of a port on the requested addresses."""

    FREE = "free"
    """A server that sets SO_REUSEADDR can bind every requested address."""
    LISTENING = "listening"
    HELD = "held"
    """It has no listener, but cannot be bound."""


class WaitResult(NamedTuple):
    """How a wait ended."""

    reached: bool
    state: PortState
    """At the last poll."""
    waited_ms: float
    listeners: tuple[Socket, ...]
    refusal: tuple[Address, ReasonKind] | None = None
    """Why waiting cannot make the port free, at one of the addresses."""


class PortWaiter:
    """One wait for one port, on these addresses or without any on the usual ones."""

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
        self._devices: Mapping[bytes, str] | None = None

    def wait(
        self,
        until: PortState,
        timeout_s: float | None,
        on_poll: Callable[[WaitResult], object] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> WaitResult:
        """Poll until the state is reached, the time is over, or `cancelled` returns True.

        A wait for FREE ends at once where waiting cannot help.

        `until` is FREE or LISTENING. `on_poll` is called after each poll. It probes with
        SO_REUSEADDR only, which disturbs no server that starts.

        Raises:
            SampleError: the sockets could not be read.
        """
        start = time.monotonic()
        # Only here: it binds each of them, and a dialog makes the waiter in its event loop.
        self._addresses = self._addresses or default_addresses(self._host, self._protocol)
        while True:
            result = self._poll(until, start)
            on_poll(result)
            timed_out = timeout_s is not None and result.waited_ms >= timeout_s * 1000
            is_hopeless = until is PortState.FREE and result.refusal is not None
            if result.reached or is_hopeless or timed_out or cancelled():
                return result
            time.sleep(POLL_INTERVAL_S)

    def _poll(self, until: PortState, start: float) -> WaitResult:
        sockets = self._sampler.sample(SocketRequest.LISTENING_REFRESH).sockets
        on_port = (sockets[row] for row in sockets.rows_on_port(self._protocol, self._port))
        listeners = tuple(
            socket for socket in on_port if socket.is_listening and self._matters(socket, until)
        )
        answers = self._answers()
        if listeners:
            state = PortState.LISTENING
        else:
            is_free = all(answer is BindResult.BINDABLE for answer in answers.values())
            state = PortState.FREE if is_free else PortState.HELD
        refusal = next(
            (
                (address, refusal_kind(answer))
                for address, answer in answers.items()
                if answer.ends_a_wait
            ),
            None,
        )
        waited_ms = (time.monotonic() - start) * 1000
        return WaitResult(state is until, state, waited_ms, listeners, refusal)

    def _matters(self, listener: Socket, until: PortState) -> bool:
        """Whether a listener is in the way, or for LISTENING whether a client gets to it."""
        if until is not PortState.LISTENING:
            return may_block_any(self._addresses, listener)
        if self._devices is None:
            self._devices = read_devices(self._host)
        devices = self._devices
        return any(is_reached(address, listener, devices) for address in self._addresses)

    def _answers(self) -> Mapping[Address, BindResult]:
        """What bind() says of each address."""
        return {
            address: self._host.try_bind(self._protocol, Endpoint(address, self._port), True)
            for address in self._addresses
        }
