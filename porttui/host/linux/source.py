"""Sockets from the kernel's tables, their holders from /proc/PID/fd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from porttui.host.accounts import effective_uid
from porttui.host.asking import HostError, Want
from porttui.host.contract import SocketReading
from porttui.host.linux.netlink import SockDiagError
from porttui.host.linux.owners import HolderCache
from porttui.host.linux.socket_dump import SockDiagReader
from porttui.model.address import PORTS
from porttui.model.socket import Ownership
from porttui.model.socket_table import OWNERSHIP_CODES, SocketTable

if TYPE_CHECKING:
    from porttui.host.linux.socket_dump import TableReader, Tables

_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]


class LinuxSource:
    """The source for Linux: needs no privilege to list, and names every holder it may see."""

    def __init__(
        self,
        reader: TableReader,
        spare: Callable[[], TableReader] | None = None,
        *,
        once: bool = False,
    ) -> None:
        """Read through `reader`.

        Args:
            reader: Reads the tables.
            spare: Makes the reader that takes over for good when that one fails.
            once: It is to be read a single time.
        """
        self._reader = reader
        self._spare = spare
        self._cache = HolderCache(once=once)
        self._hidden: set[int] = set()
        """Inodes of sockets without a holder even at a second look: a third would tell the same."""

    @property
    def name(self) -> str:
        """The reader in use."""
        return self._reader.name

    def begin(self) -> None:
        """See `SocketSource.begin`."""
        self._cache.begin()

    def read(self, want: Want = Want.ALL, ports: range = PORTS) -> SocketReading:
        """See `SocketSource.read`."""
        if want is Want.PORTS:
            tables = self._read(want, ports)
            return SocketReading(tables.build(None), tables.problems)
        self._cache.begin()
        tables = self._read(want, ports)
        asked = tables.inodes() if want is Want.LISTENING_AGAIN else None
        table = tables.build(self._cache.look(asked))
        if _unheld(table) - self._hidden:
            # Opened while holders were looked up, closed before that, or held out of sight? A
            # second look at the processes tells the first, one more list of sockets the others.
            table = tables.build(self._cache.look(None))
            if unheld := _unheld(table) - self._hidden:
                table = table.with_gone(unheld - self._read(want, ports).inodes())
        if want is Want.ALL:
            self._hidden = _unheld(table)
            self._cache.put_in_order(table.inodes)
        return SocketReading(table, tables.problems)

    def _read(self, want: Want, ports: range) -> Tables:
        try:
            return self._reader.read(want, ports)
        except HostError:
            if self._spare is None:
                raise
            self._reader, self._spare = self._spare(), None
            return self._reader.read(want, ports)


def linux_source(*, netlink: bool = True, once: bool = False) -> LinuxSource:
    """Netlink with /proc/net in reserve, or /proc/net alone; `once`: to be read a single time."""
    if netlink:
        try:
            return LinuxSource(SockDiagReader(), spare=_proc_net_reader, once=once)
        except SockDiagError:
            pass  # an old kernel, or a sandbox: the status line names the source in use
    return LinuxSource(_proc_net_reader(), once=once)


def _proc_net_reader() -> TableReader:
    # Rarely needed, and every module counts in the start of a one-shot command.
    from porttui.host.linux.proc_net import ProcNetReader

    return ProcNetReader()


def _unheld(table: SocketTable) -> set[int]:
    """Inodes of the sockets whose holder this user should see, and does not."""
    if _HIDDEN not in table.ownerships:
        return set()
    uid = effective_uid()
    hidden = [row for row, code in enumerate(table.ownerships) if code == _HIDDEN]
    return {table.inodes[row] for row in hidden if uid in (0, table.uids[row])}
