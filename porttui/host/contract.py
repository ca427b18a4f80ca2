"""What the rest of porttui may ask of a machine, and how the machine says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from porttui.host.request import HostError, SocketRequest
from porttui.model.address import PORTS, Address, Endpoint, Protocol
from porttui.model.kernel import PortRange
from porttui.model.process import ProcessIdentity
from porttui.model.snapshot import Problem
from porttui.model.socket_table import SocketTable
from porttui.record import TYPE_CHECKING, NamedTuple
from porttui.record import Protocol as Interface

if TYPE_CHECKING:
    from porttui.model.kernel import Limit, Limits, TcpRules
    from porttui.model.process import Process, ProcessDetails
    from porttui.model.provenance import Container, Provenance
    from porttui.model.stop import StopSignal


class ProcessGoneError(HostError):
    """The process has exited (a zombie counts: it holds no sockets any more)."""


class ProcessChangedError(HostError):
    """The pid belongs to another process by now."""


class SignalDeniedError(HostError):
    """The system does not permit this user to signal that process."""


class SocketReading(NamedTuple):
    """What a source read, and what it could not."""

    sockets: SocketTable
    problems: tuple[Problem, ...] = ()


class SocketSource(Interface):
    """Lists the sockets of this network namespace with all their holders."""

    @property
    def name(self) -> str:
        """Where it reads, for the status line."""

    def prefetch(self) -> None:
        """A whole look is soon to come: what can be done for it beside something else, begins.

        Raises:
            HostError: nothing could be read at all.
        """

    def read(
        self, request: SocketRequest = SocketRequest.ALL, ports: range = PORTS
    ) -> SocketReading:
        """All TCP and UDP sockets, IPv4 and IPv6; or what is wanted of them.

        Args:
            request: Less than everything costs less.
            ports: At least the sockets with one of these local ports.

        Raises:
            HostError: nothing could be read at all.
        """


class ProcessHandle(Interface):
    """A hold on one process that a later process with its pid cannot take over."""

    def send(self, signal: StopSignal) -> None:
        """Deliver a signal.

        Raises:
            ProcessGoneError: it has exited.
            SignalDeniedError: this user may not.
        """

    def resume(self) -> bool:
        """Let it run on if it is stopped (SIGSTOP, Ctrl+Z, a debugger); whether it was.

        Raises:
            ProcessGoneError: it has exited.
            SignalDeniedError: this user may not.
        """

    def has_exited(self, timeout_s: float = 0.0) -> bool:
        """Wait up to `timeout_s` seconds for its end; True once it has ended, reaped or not."""

    def close(self) -> None:
        """Let go of it."""


class ProcessControl(Interface):
    """Ends processes."""

    @property
    def supports_sigterm(self) -> bool:
        """False where SIGTERM cannot be handled by the process (Windows: always forced)."""

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        """Take hold of exactly this process.

        Raises:
            ProcessGoneError: nothing has this pid, or only a zombie.
            ProcessChangedError: something else has it.
        """


class BindResult(StrEnum):
    """What happened when the address was bound for a moment, without listening."""

    BINDABLE = "bindable"
    IN_USE = "in_use"
    NOT_PERMITTED = "not_permitted"
    NOT_LOCAL = "not_here"
    """The address is none of this machine."""
    UNKNOWN = "unknown"


class Host(NamedTuple):
    """One machine, as this process may see it."""

    sockets: SocketSource
    ephemeral_range: Callable[[], PortRange]
    service_name: Callable[[Protocol, int], str | None]
    control: ProcessControl
    can_bind: Callable[[Protocol, Endpoint], BindResult]
    """For a server that sets SO_REUSEADDR; of [::] the IPv6 side is enough."""
    try_bind: Callable[[Protocol, Endpoint, bool], BindResult]
    """With SO_REUSEADDR or without, [::] being dual-stack."""
    read_provenance: Callable[[Process], Provenance]
    """Where a process comes from."""
    process_details: Callable[[Process], ProcessDetails | None]
    """What the kernel tells of a process beside a sample; None where it is gone, or not told."""
    process_groups: Callable[[Sequence[Process]], Mapping[Process, tuple[Process, ...]]]
    """For each process that is there all that are in its process group now, itself too; nothing
    where there are no groups (Windows). May raise HostError."""
    container_name: Callable[[Container, float], str | None]
    """What people call a container; None where nobody tells within that many seconds. It is asked
    of another program, so it may be late, and nothing may rest on it."""
    ancestor_pids: Callable[[], frozenset[int]]
    """Of porttui itself: the shell, the terminal, sshd ..."""
    pid: int
    """porttui's own."""
    pids_match: bool
    """Whether the pids that are read mean the same processes in system calls: not in a PID
    namespace that sees another one's /proc. Then nothing must be signalled."""
    uid: int | None
    """Effective user id; None where there is none (Windows)."""
    invoking_uid: int | None
    """Of who sits here: behind sudo the user who called it; None where there is none."""
    has_systemd: bool
    """Whether systemd runs this machine."""
    is_elevated: bool
    """Root on POSIX, an administrator on Windows."""
    tcp_rules: Callable[[], TcpRules | None]
    """None where the kernel does not tell them, and on other systems than Linux."""
    lists_bound_inactive: Callable[[], bool]
    """Whether the source, as it reads now, lists TCP sockets that are bound and idle."""
    limits: Callable[[], Limits]
    """What else than ports can run out; of no process."""
    open_files: Callable[[Process], Limit | None]
    """Of one process; None where it is not told."""
    source_address: Callable[[Address], Address | None]
    """What the kernel would choose for a connection to an address; None without a route."""
