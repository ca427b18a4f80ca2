"""Stop targets, signals and outcomes."""

from __future__ import annotations

from enum import StrEnum

from porttui.model.address import Endpoint, Protocol
from porttui.model.process import Process, ProcessIdentity
from porttui.model.socket import Socket
from porttui.record import NamedTuple


class StopSignal(StrEnum):
    """The two ways to end a process, and what a stopped one needs beside the first."""

    TERM = "SIGTERM"
    """Asks it to exit; it may clean up, or refuse."""
    KILL = "SIGKILL"
    """Ends it at once; it cannot clean up."""
    CONT = "SIGCONT"
    """Lets a stopped process run on: only then it acts on SIGTERM (signal(7))."""


class StopOutcome(StrEnum):
    """How a stop ended. Exactly one is true."""

    FREED = "freed"
    """The processes are gone and the port can be bound."""
    FREED_LINGERING = "freed_lingering"
    """Gone; no process holds the port, but closing connections (TIME_WAIT ...) are still on it."""
    RESPAWNED = "respawned"
    """Gone, but started anew: a process of the same command has the port."""
    STILL_HELD_BY_OTHERS = "still_held_by_others"
    """Gone, but other processes hold the port."""
    TAKEN_BY_OTHER = "taken_by_other"
    """Gone, but a process that was not there before has taken the port."""
    IGNORED_TERM = "ignored_term"
    """Still running when the grace after SIGTERM was over."""
    UNKILLABLE = "unkillable"
    """Still there after SIGKILL: in an uninterruptible system call."""
    DENIED = "denied"
    """The system did not permit the signal."""
    ALREADY_GONE = "already_gone"
    """It had exited before anything was sent."""
    CHANGED = "changed"
    """The pid is another process by now, or the process lets go of the port: nothing was sent."""
    EXITED_BUT_UNVERIFIED = "exited_but_unverified"
    """Gone, but whether the port is free could not be established."""
    REFUSED = "refused"
    """porttui does not do that. Nothing was sent."""


class SocketCredentials(NamedTuple):
    """The uid and control group a socket was opened with."""

    uid: int | None
    user: str | None
    cgroup_id: int = 0
    """See `Socket.cgroup_id`."""
    inode: int = 0
    """Which socket it is; 0 where the source does not report it."""


class StopTarget(NamedTuple):
    """The target, captured when the dialog opens; later samples do not change it."""

    protocol: Protocol
    endpoint: Endpoint
    is_listener: bool
    """False for an end of a connection: then the port is let go when the connection closes."""
    holders: tuple[Process, ...]
    hidden_user: str | None
    """Who made the socket when no holder can be seen."""
    other_endpoints: tuple[tuple[int, tuple[str, ...]], ...]
    """For each holder's pid the other endpoints it listens on, as text."""
    clients: int
    """Connections established to the endpoint; 0 for an end of a connection."""
    port_holders: frozenset[ProcessIdentity] = frozenset()
    """All processes that had a socket on the port: who is not among them came later, unless the
    source names only one holder of each socket (psutil)."""
    inodes: frozenset[int] = frozenset()
    """Of all sockets on the port; none where the source does not report them."""
    credentials: tuple[tuple[int, SocketCredentials], ...] = ()
    """For each holder's pid the credentials of the sockets that it holds here."""

    def credentials_of(self, pid: int) -> tuple[SocketCredentials, ...]:
        """Of the sockets that the holder `pid` has here."""
        return tuple(credential for holder, credential in self.credentials if holder == pid)

    def had_socket(self, socket: Socket) -> bool:
        """Whether this very socket was on the port; False where that is unknown."""
        return socket.inode in self.inodes

    def other_endpoints_of(self, pid: int) -> tuple[str, ...]:
        """The other endpoints that the holder `pid` listens on."""
        return next((held for holder, held in self.other_endpoints if holder == pid), ())


class SentSignal(NamedTuple):
    """A signal that the system accepted for a process."""

    pid: int
    signal: StopSignal


class StopResult(NamedTuple):
    """What a stop did and what was true afterwards."""

    target: StopTarget
    chosen: tuple[Process, ...]
    signal: StopSignal
    outcome: StopOutcome
    sent: tuple[SentSignal, ...] = ()
    waited_ms: float = 0.0
    taken_after_ms: float | None = None
    """From the exit to the moment when a newcomer was seen to have the port."""
    survivors: tuple[Process, ...] = ()
    """Those of `chosen` that still run."""
    held_by: tuple[Socket, ...] = ()
    """Sockets that hold the port now, or linger on it."""
    can_bind: bool | None = None
    """Whether a server that sets SO_REUSEADDR can bind the address; None when not known."""
    elsewhere: tuple[Socket, ...] = ()
    """Other servers' listeners on the same port that do not stand in the way."""
    reason: str = ""
    """Why it was refused, denied or could not be verified."""
