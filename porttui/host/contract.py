"""The Host: what porttui can ask of a machine, and its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from porttui.host.request import HostError, SocketRequest
from porttui.model.address import PORTS, Address, Endpoint, OwnAddress, Protocol
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
    """The process has exited. A zombie counts as exited: it holds no sockets."""


class ProcessChangedError(HostError):
    """The pid now belongs to another process."""


class SignalDeniedError(HostError):
    """The system does not permit this user to signal that process."""


class SocketReading(NamedTuple):
    """What a source could read, and problems with the rest."""

    sockets: SocketTable
    problems: tuple[Problem, ...] = ()


class SocketSource(Interface):
    """Lists the sockets of this network namespace with all their holders."""

    @property
    def name(self) -> str:
        """What it reads from, for the status line."""

    def read(
        self, request: SocketRequest = SocketRequest.ALL, ports: range = PORTS
    ) -> SocketReading:
        """The TCP and UDP sockets, IPv4 and IPv6.

        Args:
            request: Less than everything costs less.
            ports: Sockets with other local ports may be missing.

        Raises:
            HostError: nothing could be read at all.
        """


class ProcessHandle(Interface):
    """One process; a later process with its pid is never meant."""

    def send(self, signal: StopSignal) -> None:
        """Deliver a signal.

        Raises:
            ProcessGoneError: it has exited.
            SignalDeniedError: this user may not signal it.
        """

    def resume(self) -> bool:
        """Continue it if it is stopped (SIGSTOP, Ctrl+Z, a debugger); True if it was.

        Raises:
            ProcessGoneError: it has exited.
            SignalDeniedError: this user may not signal it.
        """

    def has_exited(self, timeout_s: float = 0.0) -> bool:
        """Wait up to `timeout_s` seconds for its end; True if it has ended, reaped or not."""

    def close(self) -> None:
        """Release the handle."""


class ProcessControl(Interface):
    """Opens processes to signal them."""

    @property
    def supports_sigterm(self) -> bool:
        """False where a process cannot handle SIGTERM (Windows: every end is forced)."""

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        """A handle on exactly this process.

        Raises:
            ProcessGoneError: no process has this pid, or a zombie has it.
            ProcessChangedError: another process has it.
        """


class BindResult(StrEnum):
    """Result of a short bind, without listening."""

    BINDABLE = "bindable"
    IN_USE = "in_use"
    """EADDRINUSE."""
    PRIVILEGED = "privileged"
    """EACCES for a port below ip_unprivileged_port_start, without CAP_NET_BIND_SERVICE."""
    FORBIDDEN = "forbidden"
    """EACCES or EPERM for any other reason: a policy (Landlock, SELinux, AppArmor, BPF)."""
    NOT_LOCAL = "not_here"
    """EADDRNOTAVAIL: the address is not an address of this machine."""
    TENTATIVE = "tentative"
    """EADDRNOTAVAIL: duplicate address detection has not ended, or has failed (RFC 4862)."""
    IPV6_OFF = "ipv6_off"
    """This machine has no IPv6, or it is disabled."""
    INVALID = "invalid"
    """EINVAL: a link-local address without its interface."""
    UNKNOWN = "unknown"

    @property
    def ends_a_wait(self) -> bool:
        """Whether waiting for others does not make the address bindable."""
        return self not in (BindResult.BINDABLE, BindResult.IN_USE, BindResult.TENTATIVE)


class Host(NamedTuple):
    """One machine, with the rights of this process."""

    sockets: SocketSource
    ephemeral_range: Callable[[], PortRange]
    service_name: Callable[[Protocol, int], str | None]
    control: ProcessControl
    can_bind: Callable[[Protocol, Endpoint], BindResult]
    """For a server that sets SO_REUSEADDR; for [::] the IPv6 side is enough."""
    try_bind: Callable[[Protocol, Endpoint, bool], BindResult]
    """With SO_REUSEADDR or without; [::] is dual-stack."""
    read_provenance: Callable[[Process], Provenance]
    process_details: Callable[[Process], ProcessDetails | None]
    """What a sample does not contain; None if the process has exited or cannot be read."""
    process_groups: Callable[[Sequence[Process]], Mapping[Process, tuple[Process, ...]]]
    """By process the members of its process group, with itself; processes that have exited are left
    out. Empty without process groups (Windows). May raise HostError."""
    container_name: Callable[[Container, float], str | None]
    """A container's name; None if it is unknown within that many seconds. Another program answers,
    perhaps late, so no decision may depend on it."""
    ancestor_pids: Callable[[], frozenset[int]]
    """Ancestors of porttui: the shell, the terminal, sshd ..."""
    pid: int
    """Of porttui."""
    pids_match: bool
    """Whether the pids that are read mean the same processes in system calls. False in a PID
    namespace that sees another one's /proc: then nothing may be signalled."""
    uid: int | None
    """Effective user id; None without user ids (Windows)."""
    invoking_uid: int | None
    """Uid of the user who called sudo, else the effective one; None without user ids."""
    has_systemd: bool
    """Whether systemd is the init of this machine."""
    is_elevated: bool
    """Root on POSIX, an administrator on Windows."""
    tcp_rules: Callable[[], TcpRules | None]
    """None if the kernel does not report them, and on systems other than Linux."""
    lists_bound_inactive: Callable[[], bool]
    """Whether the source, as it reads now, lists bound-inactive TCP sockets."""
    limits: Callable[[], Limits]
    """System-wide limits other than ports."""
    open_files: Callable[[Process], Limit | None]
    """Of one process; None if unknown."""
    first_bindable_port: Callable[[], int]
    """The lowest port that this user may bind, but for policies."""
    own_addresses: Callable[[], Sequence[OwnAddress]]
    """Of all interfaces. May raise HostError."""
    source_address: Callable[[Address], Address | None]
    """The address that the kernel would choose for a connection; None without a route."""
