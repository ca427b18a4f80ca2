"""The machine that porttui runs on: the one place that chooses by platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from porttui.host.accounts import effective_uid, is_elevated, person_uid
from porttui.host.asking import HostError, SourceName
from porttui.host.contract import BindAnswer, Host, ProcessControl, ProcessHandle, SocketSource
from porttui.host.services import service_name
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.port_range import PortRange
from porttui.model.process import Process, ProcessDetails, ProcessIdentity
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.host.containers import ContainerNames
    from porttui.model.limits import Limit, Limits
    from porttui.model.origin import Container, Traces
    from porttui.model.tcp_rules import TcpRules


def local_host(source: SourceName = SourceName.AUTO, *, once: bool = False) -> Host:
    """This machine, read in the best way it allows; `once`: it will be looked at a single time.

    Raises:
        HostError: `source` does not exist on this system.
    """
    reader = _source(source, once=once)
    return Host(
        sockets=reader,
        ephemeral_range=_ephemeral_range(),
        service_name=service_name,
        control=_LateControl(reader),
        can_bind=_can_bind,
        try_bind=_try_bind,
        read_traces=partial(_read_traces, is_portable=reader.name == "psutil"),
        process_details=_no_details if reader.name == "psutil" else _process_details,
        read_groups=_read_groups_by_psutil if reader.name == "psutil" else _read_groups,
        container_name=_container_name,
        ancestor_pids=_ancestor_pids,
        pid=os.getpid(),
        pids_match=_pids_match(),
        uid=effective_uid(),
        person_uid=person_uid(),
        has_systemd=os.path.isdir("/run/systemd/system"),  # sd_booted(3)
        is_elevated=is_elevated(),
        tcp_rules=_tcp_rules,
        lists_idle=partial(_lists_idle, reader),
        limits=_limits,
        open_files=_open_files_untold if reader.name == "psutil" else _open_files,
        source_address=_source_address,
    )


def _source(source: SourceName, *, once: bool) -> SocketSource:
    # Each branch imports what it needs: psutil alone would double the start of a one-shot.
    if sys.platform == "linux" and source is not SourceName.PSUTIL:
        from porttui.host.linux.source import linux_source

        linux = linux_source(netlink=source is not SourceName.PROC, one_shot=once)
        if source is SourceName.NETLINK and linux.name != "sock_diag":
            raise HostError("netlink sock_diag is refused here: use --source proc")
        if linux.name == "sock_diag" or os.access("/proc/net/tcp", os.R_OK):
            return linux
    if source in (SourceName.PROC, SourceName.NETLINK):
        raise HostError(f"there is no {source} source here: use --source psutil")
    from porttui.host.portable.source import PsutilSource

    return PsutilSource()


class _LateControl:
    """The control of this machine, imported at the first use: most commands signal nothing."""

    def __init__(self, source: SocketSource) -> None:
        self._source = source
        self._control: ProcessControl | None = None

    @property
    def asks_first(self) -> bool:
        return self._get().asks_first

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        return self._get().open(identity)

    def _get(self) -> ProcessControl:
        if self._control is None:
            self._control = _control(self._source)
        return self._control


def _can_bind(protocol: Protocol, endpoint: Endpoint) -> BindAnswer:
    from porttui.host.bind_probe import can_bind

    return can_bind(protocol, endpoint)


def _try_bind(protocol: Protocol, endpoint: Endpoint, reuse: bool) -> BindAnswer:
    from porttui.host.bind_probe import try_bind

    return try_bind(protocol, endpoint, reuse)


def _read_traces(process: Process, *, is_portable: bool) -> Traces:
    if sys.platform == "linux":
        from porttui.host.linux.traces import read_traces as from_proc

        if is_portable:
            from porttui.host.portable.processes import read_process

            return from_proc(process, read_process)
        return from_proc(process)
    from porttui.host.portable.traces import read_traces

    return read_traces(process)


def _process_details(process: Process) -> ProcessDetails | None:
    from porttui.host.linux.processes import read_details

    return read_details(process)


def _no_details(_: Process) -> ProcessDetails | None:
    """psutil tells neither who opened a socket nor what to compare with."""
    return None


def _pids_match() -> bool:
    if sys.platform != "linux":
        return True
    from porttui.host.linux.processes import shows_own_pids

    return shows_own_pids()


def _read_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    from porttui.host.linux.processes import read_process_groups

    return read_process_groups(processes)


def _read_groups_by_psutil(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    from porttui.host.portable.groups import read_groups

    return read_groups(processes)


def _container_name(container: Container, within_s: float) -> str | None:
    return _container_names().name_of(container, within_s)


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
    return frozenset(each.pid for each in ancestors_of(porttui, read)) if porttui else frozenset()


def _listed_pid() -> int:
    if sys.platform != "linux":
        return os.getpid()
    from porttui.host.linux.processes import own_pid

    return own_pid()


def _control(source: SocketSource) -> ProcessControl:
    """The control must know the start marks that the source gives."""
    is_portable = source.name == "psutil"
    if not is_portable:
        from porttui.host.linux.control import PidfdControl, has_pidfds

        if has_pidfds():
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


def _lists_idle(source: SocketSource) -> bool:
    if source.name != "sock_diag":
        return False
    from porttui.host.linux.sysctl import lists_bound_inactive

    return lists_bound_inactive()


def _limits() -> Limits:
    if sys.platform == "linux":
        from porttui.host.linux.sysctl import read_limits

        return read_limits()
    from porttui.model.limits import Limits

    return Limits(conntrack=None, open_files=None)


def _open_files(process: Process) -> Limit | None:
    from porttui.host.linux.sysctl import read_process_files

    return read_process_files(process)


def _open_files_untold(_: Process) -> Limit | None:
    """psutil counts them, but tells the limit on Linux alone, where it is not needed."""
    return None


def _source_address(remote: Address) -> Address | None:
    from porttui.host.route import source_address

    return source_address(remote)
