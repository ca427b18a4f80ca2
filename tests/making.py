"""Makes processes, sockets and snapshots, so that a test says only what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from porttui.host.contract import BindResult, Host, ProcessHandle, SocketReading
from porttui.host.request import SocketRequest
from porttui.model.address import PORTS, Endpoint, Protocol
from porttui.model.kernel import Limits, PortRange, RangeName
from porttui.model.process import Process, ProcessDetails, ProcessIdentity
from porttui.model.provenance import Provenance
from porttui.model.snapshot import Coverage, Problem, Snapshot
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.socket_table import SocketTable
from porttui.model.stop import SocketCredentials, StopTarget

TAKEN_AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC).timestamp()

EPHEMERAL = PortRange(RangeName.EPHEMERAL, 32768, 60999)
"""Linux' default."""


def process(
    pid: int = 4213,
    name: str = "node",
    *,
    started: int | None = None,
    user: str | None = "ana",
    uid: int | None = 1000,
    cmdline: Sequence[str] = (),
    age_s: float = 60.0,
    ppid: int = 1,
    is_kernel_thread: bool = False,
    ignores_sigterm: bool = False,
) -> Process:
    """A process; unless told otherwise a higher pid started later."""
    return Process(
        pid=pid,
        started=pid if started is None else started,
        name=name,
        user=user,
        uid=uid,
        cmdline=tuple(cmdline),
        create_time=TAKEN_AT - age_s,
        ppid=ppid,
        is_kernel_thread=is_kernel_thread,
        ignores_sigterm=ignores_sigterm,
    )


def at(text: str) -> Endpoint:
    """ "127.0.0.1:3000" and "[::1]:3000" as endpoints."""
    address, _, port = text.rpartition(":")
    return Endpoint.of(address, int(port))


def made(
    protocol: Protocol,
    state: TcpState | None,
    local: str,
    remote: str | None = None,
    *,
    held_by: Sequence[Process] = (),
    ownership: Ownership = Ownership.HIDDEN,
    user: str | None = "ana",
) -> Socket:
    """Any socket. `ownership` is why there are no holders, and means nothing when there are."""
    by_kernel = not held_by and ownership is Ownership.KERNEL
    return Socket(
        protocol=protocol,
        state=state,
        local=at(local),
        remote=None if remote is None else at(remote),
        ownership=Ownership.KNOWN if held_by else ownership,
        holders=tuple(held_by),
        uid=None if by_kernel or user is None else uid_of(user),
        user=None if by_kernel else user,
        inode=0 if by_kernel else 7001,
    )


def uid_of(user: str) -> int:
    """A number of each user's own."""
    return 1000 if user == "ana" else 2000 + sum(user.encode())


def listener(
    address: str, port: int, *, held_by: Sequence[Process] = (), user: str | None = "ana"
) -> Socket:
    """A TCP listener; hidden when nobody holds it."""
    return made(Protocol.TCP, TcpState.LISTEN, _spelled(address, port), held_by=held_by, user=user)


def udp(
    address: str,
    port: int,
    *,
    remote: str | None = None,
    held_by: Sequence[Process] = (),
    user: str | None = "ana",
) -> Socket:
    """A UDP socket, connected when it has a remote end; hidden when nobody holds it."""
    local = _spelled(address, port)
    return made(Protocol.UDP, None, local, remote, held_by=held_by, user=user)


def connection(
    local: str,
    remote: str,
    *,
    state: TcpState = TcpState.ESTABLISHED,
    held_by: Sequence[Process] = (),
    ownership: Ownership = Ownership.KERNEL,
) -> Socket:
    """One end of a TCP connection; the kernel's when nobody holds it."""
    return made(Protocol.TCP, state, local, remote, held_by=held_by, ownership=ownership)


def pair(
    client: str,
    server: str,
    *,
    client_of: Sequence[Process] = (),
    server_of: Sequence[Process] = (),
) -> tuple[Socket, Socket]:
    """Both ends of an established connection."""
    return (
        connection(client, server, held_by=client_of),
        connection(server, client, held_by=server_of),
    )


def _spelled(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def snapshot(
    *sockets: Socket,
    ephemeral: PortRange | None = EPHEMERAL,
    services: Mapping[tuple[Protocol, int], str] | None = None,
    elevated: bool = False,
    hidden: int = 0,
    problems: Sequence[Problem] = (),
    taken_at: float = TAKEN_AT,
) -> Snapshot:
    """One look at a machine that has these sockets."""
    return Snapshot(
        taken_at=taken_at,
        duration_ms=12.3456,
        source="/proc/net",
        sockets=SocketTable.of(sockets),
        ephemeral=ephemeral,
        services=services or {},
        coverage=Coverage(elevated, hidden),
        problems=tuple(problems),
    )


def target(
    endpoint: str = "127.0.0.1:3000",
    *,
    protocol: Protocol = Protocol.TCP,
    is_listener: bool = True,
    holders: Sequence[Process] = (),
    hidden_user: str | None = None,
) -> StopTarget:
    """What a stop aims at."""
    return StopTarget(
        protocol=protocol,
        endpoint=at(endpoint),
        is_listener=is_listener,
        holders=tuple(holders),
        hidden_user=hidden_user,
        other_endpoints=(),
        clients=0,
        credentials=tuple((each.pid, SocketCredentials(each.uid, each.user)) for each in holders),
    )


def _its_own(process: Process) -> ProcessDetails:
    return ProcessDetails(uid=process.uid)


class _Untouched:
    """A part of a machine that a pure test must not ask for anything."""

    name = "nothing"
    supports_sigterm = True

    def read(
        self,
        request: SocketRequest = SocketRequest.ALL,  # noqa: ARG002
        ports: range = PORTS,  # noqa: ARG002
    ) -> SocketReading:
        raise AssertionError("the sockets were read")

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        raise AssertionError(f"{identity} was opened")


def machine(
    *,
    pid: int = 999,
    uid: int | None = 1000,
    is_elevated: bool = False,
    ancestors: Sequence[int] = (),
    invoking_uid: int | None = None,
    pids_match: bool = True,
    details: Mapping[Process, ProcessDetails] | None = None,
) -> Host:
    """A machine that only tells who is looking at it, and that processes open sockets as the user
    that they belong to."""

    def ephemeral_range() -> PortRange:
        raise AssertionError("the range was asked for")

    def service_name(protocol: Protocol, port: int) -> str | None:
        raise AssertionError(f"the service of {protocol} {port} was asked for")

    def can_bind(protocol: Protocol, endpoint: Endpoint) -> BindResult:
        raise AssertionError(f"{protocol} {endpoint} was probed")

    def try_bind(protocol: Protocol, endpoint: Endpoint, _reuse: bool) -> BindResult:
        return can_bind(protocol, endpoint)

    return Host(
        sockets=_Untouched(),
        ephemeral_range=ephemeral_range,
        service_name=service_name,
        control=_Untouched(),
        can_bind=can_bind,
        try_bind=try_bind,
        read_provenance=Provenance,
        process_details=details.get if details is not None else _its_own,
        process_groups=lambda _: {},
        container_name=lambda *_: None,
        ancestor_pids=lambda: frozenset(ancestors),
        pid=pid,
        pids_match=pids_match,
        uid=uid,
        invoking_uid=uid if invoking_uid is None else invoking_uid,
        has_systemd=True,
        is_elevated=is_elevated,
        tcp_rules=lambda: None,
        lists_bound_inactive=lambda: False,
        limits=lambda: Limits(None, None),
        open_files=lambda _: None,
        own_addresses=lambda: (),
        first_bindable_port=lambda: 0,
        source_address=lambda _: None,
    )
