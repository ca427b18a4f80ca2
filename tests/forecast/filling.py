"""As many clients as the kernel lets in, in processes, since one may not open so many files."""

from __future__ import annotations

import os
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from porttui.forecast.forecast import forecast
from porttui.host.local import local_host
from porttui.model.address import Address, Endpoint
from porttui.model.forecast import ConnectPath, Forecast
from porttui.sampling.sampler import Sampler
from tests.forecast.sockets import LINGER_RESET
from tests.servers import until

CROWDED, OTHER = ("127.0.0.1", 8001), ("127.0.0.1", 8002)

_CLIENTS_PER_PROCESS = 5000
"""Clients of one process."""


class FillingResult(NamedTuple):
    """A destination that fills and empties."""

    before: Forecast
    connected: int
    """Clients that got a port."""
    full: Forecast
    refused: tuple[int | None, int | None, int | None]
    """What came of a connect(2) to the crowded destination, of one to another, and of a bind(2)
    to port 0."""
    after: Forecast


def fill_destination() -> FillingResult:
    """Connect to one destination until the kernel refuses. The servers close at once, so that
    they need no files: CLOSE_WAIT takes a port as well as any other state."""
    with ExitStack() as stack:
        for end in (CROWDED, OTHER):
            server = stack.enter_context(socket.create_server(end, backlog=4096))
            stack.callback(_end, _fork_closer(server))
        before = _forecast()
        clients = [_fork_clients()]
        while clients[-1].came == _CLIENTS_PER_PROCESS:
            clients.append(_fork_clients())
        full = _forecast()
        refused = (_connect(CROWDED), _connect(OTHER), _bind())
        for each in clients:
            os.write(each.end, b".")
            os.close(each.end)
            os.waitpid(each.pid, 0)
        until(lambda: not _forecast().tcp_used, "the end of the clients")
        after = _forecast()
    return FillingResult(before, sum(each.came for each in clients), full, refused, after)


class _Clients(NamedTuple):
    pid: int
    came: int
    end: int
    """What is written to it ends them."""


def _forecast() -> Forecast:
    here = Address.parse("127.0.0.1")
    wanted = [ConnectPath(here, Endpoint.of(*end)) for end in (CROWDED, OTHER)]
    found = forecast(Sampler(local_host()).sample(), wanted, top=0)
    assert found is not None
    return found


def _fork_closer(server: socket.socket) -> int:
    pid = os.fork()
    if pid == 0:
        while True:
            server.accept()[0].close()
    return pid


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _fork_clients() -> _Clients:
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go[1])
        kept = _connect_many()
        os.write(ready[1], struct.pack("=I", len(kept)))
        os.read(go[0], 1)
        os._exit(0)
    os.close(ready[1])
    os.close(go[0])
    [came] = struct.unpack("=I", os.read(ready[0], 4))
    os.close(ready[0])
    return _Clients(pid, came, go[1])


def _connect_many() -> Sequence[socket.socket]:
    kept: list[socket.socket] = []
    while len(kept) < _CLIENTS_PER_PROCESS:
        client = socket.socket()
        try:
            client.connect(CROWDED)
        except OSError:
            return kept
        kept.append(client)
    return kept


def _connect(to: tuple[str, int]) -> int | None:
    with socket.socket() as client:
        # Without TIME_WAIT.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        return client.connect_ex(to) or None


def _bind() -> int | None:
    with socket.socket() as server:
        try:
            server.bind(("127.0.0.1", 0))
        except OSError as error:
            return error.errno
    return None
