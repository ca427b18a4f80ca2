"""The socket source of Linux: sockets from the kernel's dump, holders from /proc/PID/fd."""

from __future__ import annotations

from collections.abc import Callable

from porttui.host.accounts import effective_uid
from porttui.host.contract import SocketReading
from porttui.host.linux.netlink import SockDiagError
from porttui.host.linux.owners import HolderCache
from porttui.host.linux.socket_dump import SockDiagReader
from porttui.host.request import HostError, SocketRequest
from porttui.model.address import PORTS
from porttui.model.socket_table import HIDDEN, SocketTable
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.host.linux.socket_dump import SocketDump, SocketDumpReader


class LinuxSource:
    """Lists sockets without privileges, with all holders that this user may read."""

    def __init__(
        self, reader: SocketDumpReader, fallback: Callable[[], SocketDumpReader] | None = None
    ) -> None:
        """Read with `reader`.

        Args:
            reader: Reads the dump.
            fallback: Makes the reader that replaces it for good when it fails.
        """
        self._reader = reader
        self._fallback = fallback
        self._cache = HolderCache()
        self._known_unheld: set[int] = set()
        """Inodes of sockets without a holder after a second read: a third would not find one."""

    @property
    def name(self) -> str:
        """The reader in use."""
        return self._reader.name

    def read(
        self, request: SocketRequest = SocketRequest.ALL, ports: range = PORTS
    ) -> SocketReading:
        dump = self._read(request, ports)
        if request is SocketRequest.WITHOUT_HOLDERS:
            return SocketReading(dump.build(None), dump.problems)
        inodes = dump.inodes() if request is SocketRequest.LISTENING_REFRESH else None
        table = dump.build(self._cache.read(inodes))
        if _unheld_inodes(table) - self._known_unheld:
            # Opened while holders were read, closed before that, or held by a hidden process? A
            # second read of the processes shows the first, another dump the second.
            table = dump.build(self._cache.read(None))
            if missing := _unheld_inodes(table) - self._known_unheld:
                listed = self._read(request, ports).inodes()
                # Threads are many: they are searched for listeners alone, whose holder's
                # connections are found with them.
                listening = {table.inodes[row] for row in table.listening_rows()}
                sought = missing & listed & listening
                if sought and self._cache.search(sought):
                    table = dump.build(self._cache.holders)
                table = table.with_gone(missing - listed)
        if request is SocketRequest.ALL:
            self._known_unheld = _unheld_inodes(table)
        return SocketReading(table, dump.problems)

    def _read(self, request: SocketRequest, ports: range) -> SocketDump:
        try:
            return self._reader.read(request, ports)
        except HostError:
            if self._fallback is None:
                raise
            self._reader, self._fallback = self._fallback(), None
            return self._reader.read(request, ports)


def linux_source(*, netlink: bool = True) -> LinuxSource:
    """Netlink with /proc/net as fallback, or /proc/net alone."""
    if netlink:
        try:
            return LinuxSource(SockDiagReader(), fallback=_proc_net_reader)
        except SockDiagError:
            pass  # an old kernel or a sandbox; the status line names the source in use
    return LinuxSource(_proc_net_reader())


def _proc_net_reader() -> SocketDumpReader:
    # Rarely needed; every module slows the start of a one-shot command.
    from porttui.host.linux.proc_net import ProcNetReader

    return ProcNetReader()


def _unheld_inodes(table: SocketTable) -> set[int]:
    """Inodes of sockets with a hidden holder that this user should see."""
    if HIDDEN not in table.ownerships:
        return set()
    uid = effective_uid()
    hidden = [row for row, code in enumerate(table.ownerships) if code == HIDDEN]
    return {table.inodes[row] for row in hidden if uid in (0, table.uids[row])}
