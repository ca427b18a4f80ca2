"""What comes of trying to connect."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import Endpoint
from porttui.model.socket import Socket
from porttui.record import NamedTuple


class ContactOutcome(StrEnum):
    """How far a connection came."""

    REFUSED = "refused"
    """A reset came at once: nobody listens there."""
    TIMED_OUT = "timed_out"
    """No answer at all: packets are dropped, or the listen queue is full."""
    UNREACHABLE = "unreachable"
    """There is no way to that address."""
    NO_PORT = "no_port"
    """There is one, but every port to connect from is in use."""
    NOT_PERMITTED = "not_permitted"
    """This system forbids it: a firewall's reject, a sandbox."""
    FAILED = "failed"
    """Another error of the system; `detail` says which."""
    RESET = "reset"
    """Connected, then cut off."""
    CLOSED = "closed"
    """Connected, then closed by the other side without a word."""
    SILENT = "silent"
    """Connected, and nothing is said: most servers wait for the client to begin."""
    ANSWERS = "answers"
    """Connected, and something is said."""

    @property
    def is_connected(self) -> bool:
        """Whether the other side took the connection."""
        return self in (
            ContactOutcome.RESET,
            ContactOutcome.CLOSED,
            ContactOutcome.SILENT,
            ContactOutcome.ANSWERS,
        )


class Contact(NamedTuple):
    """One try."""

    remote: Endpoint
    outcome: ContactOutcome
    took_ms: float
    """Until it was connected, or known that it would not be."""
    answer: bytes = b""
    """The first bytes that were said, as they came: hostile."""
    detail: str = ""


class Reach(NamedTuple):
    """Every address that a name stands for, tried in its order, with what is listed there."""

    host: str
    """As it was typed; safe to print."""
    port: int
    contacts: tuple[Contact, ...]
    listeners: tuple[Socket, ...]
    """All TCP listeners on that port of this machine, at whatever address."""

    @property
    def is_reached(self) -> bool:
        """Whether some address took the connection, which is what most clients care for."""
        return any(contact.outcome.is_connected for contact in self.contacts)
