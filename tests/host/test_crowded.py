"""Second reads of holders."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter

import pytest

from porttui.host.linux.socket_dump import SockDiagReader, SocketDump
from porttui.host.linux.source import LinuxSource
from porttui.host.request import SocketRequest
from porttui.model.socket import Ownership, TcpState

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux'")


def test_who_holds_them_is_not_told_where_only_ports_are_wanted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        with client:
            found = LinuxSource(SockDiagReader()).read(SocketRequest.WITHOUT_HOLDERS).sockets
            on_port = [listed for listed in found if listed.local.port == port]
            assert Counter((listed.state, listed.ownership) for listed in on_port) == {
                (TcpState.LISTEN, Ownership.NOT_LOOKED_UP): 1,
                # It waits to be accepted: no process can hold it yet.
                (TcpState.ESTABLISHED, Ownership.KERNEL): 1,
            }
            assert not any(listed.holders for listed in found)


class CountingReader:
    """A reader that counts its reads."""

    name = "counting"

    def __init__(self) -> None:
        self._reader = SockDiagReader()
        self.reads = 0

    def read(self, request: SocketRequest, ports: range) -> SocketDump:
        self.reads += 1
        return self._reader.read(request, ports)


def test_what_nobody_can_be_found_for_is_looked_at_twice_and_then_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fake: sockets of another PID namespace have no visible process here."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        monkeypatch.setattr(
            "porttui.host.linux.owners.read_socket_fds", lambda *_: dict[int, str]()
        )
        reader = CountingReader()
        source = LinuxSource(reader)
        for expected in (2, 3, 4):
            [found] = [listed for listed in source.read().sockets if listed.inode == inode]
            assert found.ownership is Ownership.HIDDEN
            assert reader.reads == expected
        assert source.read(SocketRequest.LISTENING).sockets
        assert reader.reads == 5
