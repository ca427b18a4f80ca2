"""The machine that porttui runs on: the one place that chooses by platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from porttui.host.accounts import effective_uid, invoking_uid, is_elevated
from porttui.host.contract import BindResult, Host, ProcessControl, ProcessHandle, SocketSource
from porttui.host.request import HostError, SourceName
from porttui.host.services import service_name
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.kernel import PortRange
from porttui.model.process import Process, ProcessDetails, ProcessIdentity
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.host.containers import ContainerNames
    from porttui.model.kernel import Limit, Limits, TcpRules
    from porttui.model.provenance import Container, Provenance


def local_host(source: SourceName = SourceName.AUTO, *, one_shot: bool = False) -> Host:
    """This machine, read in the best way it allows; `one_shot`: it will be looked at a single time.

    Raises:
        HostError: `source` does not exist on this system.
    """
    reader = _source(source, one_shot=one_shot)
    return Host(
        sockets=reader,
        ephemeral_range=_ephemeral_range(),
        service_name=service_name,
        control=_LazyControl(reader),
        can_bind=_can_bind,
        try_bind=_try_bind,
        read_provenance=partial(_read_traces, is_portable=reader.name == "psutil"),
        process_details=_no_process_details if reader.name == "psutil" else _process_details,
        process_groups=_process_groups_with_psutil if reader.name == "psutil" else _process_groups,
        container_name=_container_name,
        ancestor_pids=_ancestor_pids,
        pid=os.getpid(),
        pids_match=_pids_match(),
        uid=effective_uid(),
        invoking_uid=invoking_uid(),
        has_systemd=os.path.isdir("/run/systemd/system"),  # sd_booted(3)
        is_elevated=is_elevated(),
        tcp_rules=_tcp_rules,
        lists_bound_inactive=partial(_lists_bound_inactive, reader),
        limits=_limits,
        open_files=_no_open_files if reader.name == "psutil" else _open_files,
        source_address=_source_address,
    )


def _source(source: SourceName, *, one_shot: bool) -> SocketSource:
    # Each branch imports what it needs: psutil alone would double the start of a one-shot.
    if sys.platform == "linux" and source is not SourceName.PSUTIL:
        from porttui.host.linux.source import linux_source

        source_of_linux = linux_source(netlink=source is not SourceName.PROC, one_shot=one_shot)
        if source is SourceName.NETLINK and source_of_linux.name != "sock_diag":
            raise HostError("netlink sock_diag is refused here: use --source proc")
        if source_of_linux.name == "sock_diag" or os.access("/proc/net/tcp", os.R_OK):
            return source_of_linux
    if source in (SourceName.PROC, SourceName.NETLINK):
        raise HostError(f"there is no {source} source here: use --source psutil")
    from porttui.host.portable.source import PsutilSource

    return PsutilSource()


class _LazyControl:
    """The control of this machine, imported at the first use: most commands signal nothing."""

    def __init__(self, source: SocketSource) -> None:
        self._source = source
        self._control: ProcessControl | None = None

    @property
    def supports_sigterm(self) -> bool:
        return self._get().supports_sigterm

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        return self._get().open(identity)

    def _get(self) -> ProcessControl:
        if self._control is None:
            self._control = _control(self._source)
        return self._control


def _can_bind(protocol: Protocol, endpoint: Endpoint) -> BindResult:
    from porttui.host.bind_probe import can_bind

    return can_bind(protocol, endpoint)


def _try_bind(protocol: Protocol, endpoint: Endpoint, reuse: bool) -> BindResult:
    from porttui.host.bind_probe import try_bind

    return try_bind(protocol, endpoint, reuse)


def _read_traces(process: Process, *, is_portable: bool) -> Provenance:
    if sys.platform == "linux":
        from porttui.host.linux.provenance import read_provenance as from_proc

        if is_portable:
            from porttui.host.portable.processes import read_process

            return from_proc(process, read_process)
        return from_proc(process)
    from porttui.host.portable.provenance import read_provenance

    return read_provenance(process)


def _process_details(process: Process) -> ProcessDetails | None:
    from porttui.host.linux.processes import read_process_details

    return read_process_details(process)


def _no_process_details(_: Process) -> ProcessDetails | None:
    """psutil tells neither who opened a socket nor what to compare with."""
    return None


def _pids_match() -> bool:
    if sys.platform != "linux":
        return True
    from porttui.host.linux.processes import shows_own_pids

    return shows_own_pids()


def _process_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    from porttui.host.linux.processes import read_process_groups

    return read_process_groups(processes)


def _process_groups_with_psutil(
    processes: Sequence[Process],
) -> Mapping[Process, tuple[Process, ...]]:
    from porttui.host.portable.groups import process_groups

    return process_groups(processes)


def _container_name(container: Container, timeout_s: float) -> str | None:
    return _container_names().name_of(container, timeout_s)


@cache
def _container_names() -> ContainerNames:
    """Those of all hosts are the same: this machine's."""
    from porttui.host.containers import ContainerNames

    return ContainerNames()


@cache
def _ancestor_pids() -> frozenset[int]:
    """Looked up once: a shell that porttui was started from does not become another."""
    if sys.platform == "linux":
        from porttui.host.linux.processes import read_process as read
    else:
        from porttui.host.portable.processes import read_process as read
    from porttui.host.ancestry import ancestors_of

    porttui = read(_listed_pid())
    return (
        frozenset(ancestor.pid for ancestor in ancestors_of(porttui, read))
        if porttui
        else frozenset()
    )


def _listed_pid() -> int:
    if sys.platform != "linux":
        return os.getpid()
    from porttui.host.linux.processes import own_pid

    return own_pid()


def _control(source: SocketSource) -> ProcessControl:
    """The control must know the start marks that the source gives."""
    is_portable = source.name == "psutil"
    if not is_portable:
        from porttui.host.linux.control import PidfdControl, supports_pidfds

        if supports_pidfds():
            return PidfdControl()
    from porttui.host.portable.control import PsutilControl

    if not is_portable:
        from porttui.host.linux.processes import start_time_of

        return PsutilControl(start_time_of)
    return PsutilControl()


def _ephemeral_range() -> Callable[[], PortRange]:
    if sys.platform == "darwin":
        from porttui.host.macos.ranges import read_ephemeral_range as on_macos

        return on_macos
    if sys.platform == "win32":
        from porttui.host.windows.ranges import read_ephemeral_range as on_windows

        return on_windows
    from porttui.host.linux.sysctl import read_ephemeral_range

    return read_ephemeral_range


def _tcp_rules() -> TcpRules | None:
    if sys.platform != "linux":
        return None
    from porttui.host.linux.sysctl import read_tcp_rules

    return read_tcp_rules()


def _lists_bound_inactive(source: SocketSource) -> bool:
    if source.name != "sock_diag":
        return False
    from porttui.host.linux.sysctl import lists_bound_inactive

    return lists_bound_inactive()


def _limits() -> Limits:
    if sys.platform == "linux":
        from porttui.host.linux.sysctl import read_limits

        return read_limits()
    from porttui.model.kernel import Limits

    return Limits(conntrack=None, open_files=None)


def _open_files(process: Process) -> Limit | None:
    from porttui.host.linux.sysctl import read_process_files

    return read_process_files(process)


def _no_open_files(_: Process) -> Limit | None:
    """psutil counts them, but tells the limit on Linux alone, where it is not needed."""
    return None


def _source_address(remote: Address) -> Address | None:
    from porttui.host.route import source_address

    return source_address(remote)
