"""The conditions that a filter is made of.

Each can be asked two ways with one answer: of a row by itself, and of tens of thousands at once,
by columns (`column_filter`).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from porttui.model.address import PORTS, Address, Endpoint
from porttui.model.port_range import port_marks

NO_PORT = port_marks(())
EVERY_PORT = port_marks((PORTS,))

_DIGITS = len(str(PORTS[-1]))


class Facets(NamedTuple):
    """Those sides of a row that a filter can look at."""

    endpoints: tuple[Endpoint, ...]
    text: str
    """Lower case."""


class Term(Protocol):
    """One condition."""

    def meets(self, facets: Facets) -> bool:
        """Whether a row with these facets is looked for."""

    @property
    def ports(self) -> bytes | None:
        """For each port 1 if an end with it meets, at whatever address; None if that matters."""

    def ports_at(self, address: Address) -> bytes:
        """For each port 1 if the end of this address and that port meets it."""


class PortTerm(NamedTuple):
    """Ports first..last, at either end."""

    first: int
    last: int

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return any(self.first <= end.port <= self.last for end in facets.endpoints)

    @property
    def ports(self) -> bytes:
        """See `Term.ports`."""
        return port_marks((range(self.first, self.last + 1),))

    def ports_at(self, address: Address) -> bytes:  # noqa: ARG002  at any
        """See `Term.ports_at`."""
        return self.ports


class PrefixTerm(NamedTuple):
    """Ports whose decimal digits begin so, at either end."""

    digits: str

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return any(str(end.port).startswith(self.digits) for end in facets.endpoints)

    @property
    def ports(self) -> bytes:
        """See `Term.ports`."""
        return port_marks(self.spans)

    def ports_at(self, address: Address) -> bytes:  # noqa: ARG002  at any
        """See `Term.ports_at`."""
        return self.ports

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

    @property
    def ports(self) -> None:
        """See `Term.ports`."""

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return any(end.port == self.port and self._is_at(end.address) for end in facets.endpoints)

    def ports_at(self, address: Address) -> bytes:
        """See `Term.ports_at`."""
        return port_marks((range(self.port, self.port + 1),)) if self._is_at(address) else NO_PORT

    def _is_at(self, address: Address) -> bool:
        if self.address is None:
            return address.is_loopback
        return address.unmapped == self.address.unmapped


class WordTerm(NamedTuple):
    """Text anywhere in the row, whatever the case."""

    word: str

    @property
    def ports(self) -> None:
        """See `Term.ports`."""

    def meets(self, facets: Facets) -> bool:
        """See `Term.meets`."""
        return self.word in facets.text

    def ports_at(self, address: Address) -> bytes:
        """Where the word is in the end as it is written: "127.0.0.1:3000", "[::1]:3000"."""
        stem = str(Endpoint(address, 0))[:-1].lower()
        return EVERY_PORT if self.word in stem else port_marks(self._spans_behind(stem))

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
