"""Holders that /proc/PID/fd does not show."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from porttui.host.linux.source import linux_source
from porttui.host.request import SocketRequest
from porttui.model.socket import Ownership, Socket
from tests.host.namespaces import require_root
from tests.servers import PATIENCE_S

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Linux's /proc"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="system calls by number"),
]

COMMON = """
import ctypes, socket, sys, threading, time
libc = ctypes.CDLL(None)
def serve(own_table=False):
    if own_table:
        libc.unshare(0x400)  # CLONE_FILES
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        server.accept()[0].close()
"""
FIRST_THREAD_ENDS = """
threading.Thread(target=serve).start()
time.sleep(0.3)
libc.syscall(60, 0)  # exit(2), of this thread alone
"""
OWN_TABLE = """
threading.Thread(target=serve, args=(True,)).start()
time.sleep(600)
"""
IO_URING = """
ring = libc.syscall(425, 8, ctypes.create_string_buffer(120))
server = socket.create_server(("127.0.0.1", 0))
if ring < 0 or libc.syscall(427, ring, 2, (ctypes.c_int * 1)(server.fileno()), 1):
    print(0, flush=True)
print(server.getsockname()[1], flush=True)
server.close()
time.sleep(600)
"""


@contextmanager
def running(script: str) -> Iterator[tuple[int, int]]:
    """The pid and the port of a server."""
    process = subprocess.Popen([sys.executable, "-c", COMMON + script], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(
    "script", [FIRST_THREAD_ENDS, OWN_TABLE, IO_URING], ids=["first thread", "own table", "ring"]
)
def test_the_holder_is_found(script: str) -> None:
    require_root()
    with running(script) as (pid, port):
        if not port:
            pytest.skip("io_uring is not permitted here")
        source = linux_source()

        def listener(request: SocketRequest) -> Socket:
            [found] = [
                socket
                for socket in source.read(request).sockets
                if socket.is_listening and socket.local.port == port
            ]
            return found

        for request in (SocketRequest.ALL, SocketRequest.LISTENING_REFRESH, SocketRequest.ALL):
            found = listener(request)
            assert found.ownership is Ownership.KNOWN
            assert [holder.pid for holder in found.holders] == [pid]
