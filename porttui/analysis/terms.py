"""The conditions that a filter is made of; `filter_columns` evaluates them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from porttui.model.address import PORTS, Address, Endpoint
from porttui.model.port_range import port_bitmap
from porttui.record import NamedTuple, Protocol

NO_PORT = port_bitmap(())
EVERY_PORT = port_bitmap((PORTS,))

_DIGITS = len(str(PORTS[-1]))


@lru_cache(maxsize=8)
def _bitmap(spans: tuple[range, ...]) -> bytes:
    """For each port 1 if it is in one of the spans; one object for thousands of addresses."""
    return port_bitmap(spans) if spans else NO_PORT


class Term(Protocol):
    """One condition."""

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        """For each address a bitmap: for each port 1 if the endpoint of both meets it.

        `NO_PORT` where none does, and where there is no address.
        """


class PortTerm(NamedTuple):
    """Ports first..last, at either end."""

    first: int
    last: int

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        ports = _bitmap((range(self.first, self.last + 1),))
        return [NO_PORT if address is None else ports for address in addresses]


class PrefixTerm(NamedTuple):
    """Ports whose decimal digits begin so, at either end."""

    digits: str

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        ports = _bitmap(self.spans)
        return [NO_PORT if address is None else ports for address in addresses]

    @property
    def spans(self) -> tuple[range, ...]:
        """The ports: for 300 itself, 3000 to 3009, 30000 to 30099."""
        if len(self.digits) > _DIGITS:
            return ()
        number = int(self.digits)
        if str(number) != self.digits:
            return ()  # no port is written with a 0 before it
        powers = [10**more for more in range(_DIGITS if number else 1)]
        return tuple(
            range(number * power, min((number + 1) * power, len(PORTS)))
            for power in powers
            if number * power in PORTS
        )


class EndpointTerm(NamedTuple):
    """One end: an address (None for any loopback address) and a port."""

    address: Address | None
    port: int

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        ports = _bitmap((range(self.port, self.port + 1),))
        return [ports if self._is_at(address) else NO_PORT for address in addresses]

    def _is_at(self, address: Address | None) -> bool:
        if address is None:
            return False
        if self.address is None:
            return address.is_loopback
        return address.unmapped == self.address.unmapped


class WordTerm(NamedTuple):
    """Text anywhere in the row, whatever the case."""

    word: str

    def ports_at(self, addresses: Sequence[Address | None]) -> Sequence[bytes]:
        return [NO_PORT if address is None else self._ports_at(address) for address in addresses]

    def _ports_at(self, address: Address) -> bytes:
        """Where the word is in the endpoint as it is written: "127.0.0.1:3000", "[::1]:3000"."""
        stem = str(Endpoint(address, 0))[:-1].lower()
        return EVERY_PORT if self.word in stem else _bitmap(self._spans_behind(stem))

    def _spans_behind(self, stem: str) -> tuple[range, ...]:
        """The ports with which the word begins in the stem and ends in the port.

        (Of digits alone it would be a port, and no word.)
        """
        spans: list[range] = []
        for at in range(len(self.word) - 1, 0, -1):
            if not "0" <= self.word[at] <= "9":
                break
            if stem.endswith(self.word[:at]):
                spans += PrefixTerm(self.word[at:]).spans
        return tuple(spans)
