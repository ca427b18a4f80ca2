"""Builds the Host of this machine; the only platform switch.

What a one-shot command seldom needs is imported when it is first called. psutil alone would double
its start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from porttui.host.accounts import effective_uid, invoking_uid, is_elevated
from porttui.host.bind_probe import can_bind, try_bind
from porttui.host.contract import Host, ProcessControl, ProcessHandle, SocketSource
from porttui.host.privileges import first_bindable_port
from porttui.host.request import HostError, SourceName
from porttui.host.services import service_name
from porttui.model.address import Address, OwnAddress
from porttui.model.kernel import PortRange
from porttui.model.process import Process, ProcessIdentity
from porttui.model.snapshot import SOCK_DIAG
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.host.containers import ContainerNames
    from porttui.model.kernel import Limits
    from porttui.model.provenance import Container, Provenance


def local_host(source: SourceName = SourceName.AUTO) -> Host:
    """This machine, read in the best way it allows.

    Raises:
        HostError: `source` does not exist on this system.
    """
    sockets = _source(source)
    host = Host(
        sockets=sockets,
        ephemeral_range=_ephemeral_range(),
        service_name=service_name,
        control=_LateControl(is_portable=sockets.name == "psutil"),
        can_bind=can_bind,
        try_bind=try_bind,
        read_provenance=_read_provenance,
        # psutil knows neither who opened a socket nor what to compare with.
        process_details=lambda _: None,
        process_groups=_process_groups,
        container_name=_container_name,
        ancestor_pids=_ancestor_pids,
        pid=os.getpid(),
        pids_match=True,
        uid=effective_uid(),
        invoking_uid=invoking_uid(),
        has_systemd=os.path.isdir("/run/systemd/system"),  # sd_booted(3)
        is_elevated=is_elevated(),
        tcp_rules=lambda: None,
        lists_bound_inactive=lambda: False,
        limits=_no_limits,
        # psutil counts them, but gives the limit on Linux alone, where it is not needed.
        open_files=lambda _: None,
        first_bindable_port=first_bindable_port,
        own_addresses=_own_addresses,
        source_address=_source_address,
    )
    return _with_proc(host) if sys.platform == "linux" else host


def _source(source: SourceName) -> SocketSource:
    if sys.platform == "linux" and source is not SourceName.PSUTIL:
        from porttui.host.linux.source import linux_source

        source_of_linux = linux_source(netlink=source is not SourceName.PROC)
        if source is SourceName.NETLINK and source_of_linux.name != SOCK_DIAG:
            raise HostError("netlink sock_diag is refused here: use --source proc")
        if source_of_linux.name == SOCK_DIAG or os.access("/proc/net/tcp", os.R_OK):
            return source_of_linux
    if source in (SourceName.PROC, SourceName.NETLINK):
        raise HostError(f"there is no {source} source here: use --source psutil")
    from porttui.host.portable.source import PsutilSource

    return PsutilSource()


def _with_proc(host: Host) -> Host:
    """The host with what Linux alone can read. Its source has imported these modules already."""
    from porttui.host.linux import processes, sysctl

    is_portable = host.sockets.name == "psutil"
    host = host._replace(
        pids_match=processes.shows_own_pids(),
        read_provenance=partial(_read_proc_provenance, is_portable=is_portable),
        tcp_rules=sysctl.read_tcp_rules,
        limits=sysctl.read_limits,
    )
    if is_portable:
        return host
    return host._replace(
        process_details=processes.read_process_details,
        process_groups=processes.read_process_groups,
        lists_bound_inactive=partial(_lists_bound_inactive, host.sockets),
        open_files=sysctl.read_process_files,
    )


def _ephemeral_range() -> Callable[[], PortRange]:
    if sys.platform == "darwin":
        from porttui.host.portable.ephemeral_range import read_macos_range

        return read_macos_range
    if sys.platform == "win32":
        from porttui.host.portable.ephemeral_range import read_windows_range

        return read_windows_range
    from porttui.host.linux.sysctl import read_ephemeral_range

    return read_ephemeral_range


def _lists_bound_inactive(source: SocketSource) -> bool:
    from porttui.host.linux.sysctl import lists_bound_inactive

    return source.name == SOCK_DIAG and lists_bound_inactive()


def _no_limits() -> Limits:
    from porttui.model.kernel import Limits

    return Limits()


class _LateControl:
    """The control of this machine, imported at the first use: most commands signal nothing."""

    def __init__(self, *, is_portable: bool) -> None:
        self._is_portable = is_portable
        self._control: ProcessControl | None = None

    @property
    def supports_sigterm(self) -> bool:
        return self._get().supports_sigterm

    def open(self, identity: ProcessIdentity) -> ProcessHandle:
        return self._get().open(identity)

    def _get(self) -> ProcessControl:
        if self._control is None:
            self._control = _control(is_portable=self._is_portable)
        return self._control


def _control(*, is_portable: bool) -> ProcessControl:
    """The control must know the start times that the source gives."""
    if not is_portable:
        from porttui.host.linux.control import PidfdControl, supports_pidfds

        if supports_pidfds():
            return PidfdControl()
    from porttui.host.portable.control import PsutilControl

    if not is_portable:
        from porttui.host.linux.processes import start_time_of

        return PsutilControl(start_time_of)
    return PsutilControl()


def _read_proc_provenance(process: Process, *, is_portable: bool) -> Provenance:
    from porttui.host.linux.processes import read_provenance

    if not is_portable:
        return read_provenance(process)
    from porttui.host.portable.processes import read_process

    return read_provenance(process, read_process)


def _read_provenance(process: Process) -> Provenance:
    from porttui.host.portable.processes import read_provenance

    return read_provenance(process)


def _process_groups(processes: Sequence[Process]) -> Mapping[Process, tuple[Process, ...]]:
    from porttui.host.portable.processes import read_process_groups

    return read_process_groups(processes)


def _container_name(container: Container, timeout_s: float) -> str | None:
    return _container_names().name_of(container, timeout_s)


@cache
def _container_names() -> ContainerNames:
    """All hosts share them: they are this machine's."""
    from porttui.host.containers import ContainerNames

    return ContainerNames()


@cache
def _ancestor_pids() -> frozenset[int]:
    """Read once: the shell that porttui was started from does not become another."""
    if sys.platform == "linux":
        from porttui.host.linux.processes import own_pid
        from porttui.host.linux.processes import read_process as read
    else:
        from os import getpid as own_pid

        from porttui.host.portable.processes import read_process as read
    from porttui.host.provenance import ancestors_of

    porttui = read(own_pid())
    ancestors = ancestors_of(porttui, read) if porttui else ()
    return frozenset(ancestor.pid for ancestor in ancestors)


def _own_addresses() -> Sequence[OwnAddress]:
    if sys.platform == "linux":
        from porttui.host.linux.own_addresses import read_own_addresses as read
    else:
        from porttui.host.portable.own_addresses import read_own_addresses as read

    return read()


def _source_address(remote: Address) -> Address | None:
    from porttui.host.connect_probe import source_address

    return source_address(remote)
