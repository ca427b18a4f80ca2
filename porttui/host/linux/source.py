"""Sockets from the kernel's tables, their holders from /proc/PID/fd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from porttui.host.accounts import effective_uid
from porttui.host.contract import HostError, SocketReading, Want
from porttui.host.linux.diag_reader import SockDiagReader
from porttui.host.linux.holder_cache import HolderCache
from porttui.host.linux.sock_diag import SockDiagError
from porttui.model.socket import Ownership
from porttui.model.socket_table import OWNERSHIP_CODES, SocketTable

if TYPE_CHECKING:
    from porttui.host.linux.tables import TableReader, Tables

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

    @property
    def name(self) -> str:
        """The reader in use."""
        return self._reader.name

    def read(self, want: Want = Want.ALL) -> SocketReading:
        """See `SocketSource.read`."""
        tables = self._read(want)
        holders = self._cache.look()
        table = tables.build(holders)
        doubtful = _doubtful(table)
        if doubtful:
            # Closed before its descriptor was looked for, or held out of sight? A second look
            # tells; without it every short connection would flicker as hidden.
            vanished = doubtful - self._read(want).inodes()
            if vanished:
                table = tables.without(vanished).build(holders)
        return SocketReading(table, tables.problems)

    def _read(self, want: Want) -> Tables:
        try:
            return self._reader.read(want)
        except HostError:
            if self._spare is None:
                raise
            self._reader, self._spare = self._spare(), None
            return self._reader.read(want)


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
    from porttui.host.linux.proc_net_reader import ProcNetReader

    return ProcNetReader()


def _doubtful(table: SocketTable) -> set[int]:
    """Sockets whose holder this user should see, and does not."""
    if _HIDDEN not in table.ownerships:
        return set()
    uid = effective_uid()
    hidden = [row for row, code in enumerate(table.ownerships) if code == _HIDDEN]
    return {table.inodes[row] for row in hidden if uid in (0, table.uids[row])}
